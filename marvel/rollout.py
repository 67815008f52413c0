"""Playing episodes: for learning (stochastic) and for evaluation (deterministic)."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from marvel.hyperparameters import Hyperparameters
from marvel.run.context import Context


class Episode(NamedTuple):
    """One episode of T steps."""

    observations: np.ndarray  # (T + 1, observation_dim) float32
    actions: np.ndarray  # (T, action_dim) float32
    rewards: np.ndarray  # (T,) float32, unscaled
    costs: np.ndarray  # (T,) float32
    terminated: bool  # ended by the task, not by the time limit


def play_episode(env, policy: Callable, seed: int, noise: np.ndarray | None = None) -> Episode:
    """Play until the task or the time limit ends it.

    Args:
        env: From `marvel.simulators.make_env`.
        policy: `policy(observation, noise)` -> action (action_dim,).
        seed: Episode seed.
        noise: (max_episode_steps, action_dim) standard-normal draws, one row a step; None plays deterministically.

    Raises:
        Diverged: The policy's action is not finite.
        SimulatorError: The simulator's answer is not finite.
    """
    observation, _ = env.reset(seed=seed)
    observations, actions, rewards, costs = [observation], [], [], []
    ended = False
    while not ended:
        action = policy(observation, None if noise is None else noise[len(actions)])
        observation, reward, terminated, truncated, info = env.step(action)
        observations.append(observation)
        actions.append(action)
        rewards.append(reward)
        costs.append(info["cost"])
        ended = terminated or truncated
    floats = [np.asarray(values, np.float32) for values in (observations, actions, rewards, costs)]
    return Episode(*floats, terminated)


def play_round(context: Context, hp: Hyperparameters, index: int, acting: Callable[[int], Callable]) -> list[Episode]:
    """Play the stochastic episodes of round `index` (from 1 on).

    With round_unit "steps" these are whole episodes until the run has played index * episodes_per_round * time limit
    steps, so that budgets are equal in environment steps wherever episodes end; with "episodes" they are
    episodes_per_round, the official unit (Q33).

    Args:
        context: Task, seed and the rows so far.
        hp: `round_unit`, `episodes_per_round`.
        index: The round.
        acting: `acting(number)` makes the acting function of the round's episode `number` (from 0 on).
    """
    longest = context.task.max_episode_steps
    steps, target = context.rows[-1]["env_steps"], index * hp.episodes_per_round * longest
    played: list[Episode] = []
    while len(played) < hp.episodes_per_round if hp.round_unit == "episodes" else steps < target:
        generator = context.generator("episode", index, len(played))
        noise = torch.randn(longest, context.task.action_dim, generator=generator).numpy()
        played.append(play_episode(context.env, acting(len(played)), episode_seed(generator), noise))
        context.log_episode("train", played[-1])
        steps += len(played[-1].actions)
    return played


def episode_seed(generator: torch.Generator) -> int:
    """A fresh seed for an episode, below 2**31."""
    return int(torch.randint(2**31 - 1, (1,), generator=generator))


def evaluate(
    context: Context,
    hp: Hyperparameters,
    policy: Callable,
    index: int,
    acting: Callable[[int], Callable] | None = None,
) -> dict[str, float]:
    """Undiscounted return and cost of the deterministic policy over distinct episodes of their own stream.

    Args:
        context: Task and seed.
        hp: `eval_episodes`; `repeat_eval_episode` plays one episode that often, as the official code does (Q27).
        policy: `policy(observation, None)` -> action.
        index: Which evaluation this is; picks the episodes.
        acting: `acting(number)` makes the acting function of episode `number`, where it is not `policy` throughout.

    Returns:
        eval_return, eval_cost, their standard deviations over episodes and the number of episodes.
    """
    generator = context.generator("evaluation", index)
    seeds = [episode_seed(generator) for _ in range(hp.eval_episodes)]
    if hp.repeat_eval_episode:
        seeds = seeds[:1] * len(seeds)
    sums = []
    for number, seed in enumerate(seeds):
        episode = play_episode(context.env, acting(number) if acting else policy, seed)
        context.log_episode("eval", episode)
        sums.append(context.episodes[-1][-2:])
    returns, costs = np.array(sums).T
    return {
        "eval_return": float(returns.mean()),
        "eval_cost": float(costs.mean()),
        "eval_return_std": float(returns.std()),
        "eval_cost_std": float(costs.std()),
        "eval_episodes": len(seeds),
    }
