"""Playing episodes: for learning (stochastic) and for evaluation (deterministic)."""

from collections.abc import Callable, Iterable
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


def play_episodes(context: Context, policies: Iterable[Callable], generator: torch.Generator) -> list[Episode]:
    """Play one stochastic episode per acting function; seeds and action noise come from `generator` alone."""
    shape = (context.task.max_episode_steps, context.task.action_dim)
    played = []
    for policy in policies:
        noise = torch.randn(*shape, generator=generator).numpy()
        played.append(play_episode(context.env, policy, episode_seed(generator), noise))
    return played


def episode_seed(generator: torch.Generator) -> int:
    """A fresh seed for an episode, below 2**31."""
    return int(torch.randint(2**31 - 1, (1,), generator=generator))


def evaluate(context: Context, hp: Hyperparameters, policy: Callable, index: int) -> dict[str, float]:
    """Undiscounted return and cost of the deterministic policy over distinct episodes of their own stream.

    Args:
        context: Task and seed.
        hp: `eval_episodes`; `repeat_eval_episode` plays one episode that often, as the official code does (Q27).
        policy: `policy(observation, None)` -> action.
        index: Which evaluation this is; picks the episodes.

    Returns:
        eval_return, eval_cost, their standard deviations over episodes and the number of episodes.
    """
    generator = context.generator("evaluation", index)
    seeds = [episode_seed(generator) for _ in range(hp.eval_episodes)]
    if hp.repeat_eval_episode:
        seeds = seeds[:1] * len(seeds)
    episodes = [play_episode(context.env, policy, seed) for seed in seeds]
    returns = np.array([episode.rewards.sum(dtype=np.float64) for episode in episodes])
    costs = np.array([episode.costs.sum(dtype=np.float64) for episode in episodes])
    return {
        "eval_return": float(returns.mean()),
        "eval_cost": float(costs.mean()),
        "eval_return_std": float(returns.std()),
        "eval_cost_std": float(costs.std()),
        "eval_episodes": len(episodes),
    }
