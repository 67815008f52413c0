"""The online loop that the methods share: play episodes, move the multiplier, update, report a row."""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch

from marvel.buffer import Batch, ReplayBuffer
from marvel.errors import Diverged
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import Fixed
from marvel.networks import gaussian
from marvel.rollout import Episode, evaluate, play_round
from marvel.run.context import Context
from marvel.run.progress import COLUMNS
from marvel.sac import SACLagrangian


def finetune(
    context: Context,
    hp: Hyperparameters,
    agent: SACLagrangian,
    multiplier: Fixed,
    *,
    policy: Callable[[int, int], Callable] | None = None,
    update: Callable | None = None,
    sample: Callable[[ReplayBuffer, torch.Generator], Batch] | None = None,
    accounting: Callable[[list[Episode]], tuple[list[Episode], float]] | None = None,
    evaluated: Callable[[int, int], Callable] | None = None,
    update_ratio: float | None = None,
    warmup_steps: int = 0,
) -> Iterator[dict]:
    """Run the online budget; yields one row per round, the first one being the start policy.

    Args:
        context: Task, limit, seed.
        hp: Budget and rhythm.
        agent: Learner.
        multiplier: Controller of the multiplier, moved before each minibatch with one episode cost per round (the
            official rhythm, Q19); with an `update_ratio` just as often, spread over the round's minibatches.
        policy: `policy(round, episode)` makes the acting function of one episode, which is asked once per step as
            `act(observation, noise)`; by default the learner's own policy.
        update: One minibatch, `update(batch, multiplier, draw)`; by default `agent.update`.
        sample: Draws a minibatch, `sample(buffer, generator)`; by default hp.batch_size transitions of the buffer.
        accounting: `accounting(episodes)` -> (those of the round that enter the buffer, the episode cost that moves the
            multiplier); by default all of them and their mean cost.
        evaluated: As `policy`, for the episodes of an evaluation, with noise None; by default the learner's own
            deterministic policy.
        update_ratio: Minibatches per environment step, over the whole run; by default hp.updates_per_round a round.
        warmup_steps: Environment steps at the start, in whole rounds, that only fill the buffer; they count as all
            others do, and no minibatches are owed for them.

    Raises:
        Diverged: The episode cost for the multiplier is not finite, or see `Context.rounds` and `play_episode`.
    """
    buffer = context.replay_buffer(hp)
    moves = hp.updates_per_round if hp.multiplier_moves == "minibatch" else 1  # a round, of the multiplier
    total = hp.online_episodes * context.task.max_episode_steps
    context.actor = agent.actor
    for index in context.rounds(hp.rounds, state=(agent, multiplier, buffer)):
        if index == 0:
            row = first_row()
        else:

            def acting(number: int, index: int = index) -> Callable:
                return agent.policy() if policy is None else policy(index, number)

            episodes = play_round(context, hp, index, acting)
            row = next_row(context, index, episodes)
            stored, cost = (episodes, row["train_cost"]) if accounting is None else accounting(episodes)
            if not math.isfinite(cost):
                raise Diverged(f"the episode cost that moves the multiplier is {cost}")
            for episode in stored:
                buffer.add_episode(*episode)
            generator = context.generator("minibatches", index)
            draw = gaussian(generator)
            due = minibatches_due(hp, context.rows, row, update_ratio, warmup_steps)
            for number in range(due):
                if number * moves // due > (number - 1) * moves // due:
                    multiplier.update(cost)
                batch = sample(buffer, generator) if sample else buffer.sample(hp.batch_size, generator)
                metrics = (update or agent.update)(batch, multiplier.value, draw)
            row["updates"] += due
            row["multiplier"] = multiplier.value
            if due:
                row |= {name: float(value) for name, value in metrics.items()}
        if index % hp.eval_every == 0 or index == hp.rounds:
            own = None if evaluated is None else partial(evaluated, index)
            row |= evaluate(context, hp, agent.policy(), index, own)
        context.report(row["env_steps"], total, "env_steps", **row)
        yield row


def minibatches_due(
    hp: Hyperparameters, rows: list[dict], row: dict, update_ratio: float | None, warmup_steps: int
) -> int:
    """Minibatches that follow the round whose row is `row`; `rows` are those before it.

    With an update ratio, what rounding cuts off in one round is made up in the next.
    """
    if rows[-1]["env_steps"] < warmup_steps:
        return 0
    if update_ratio is None:
        return hp.updates_per_round
    begun = next(earlier["env_steps"] for earlier in rows if earlier["env_steps"] >= warmup_steps)
    return int(update_ratio * (row["env_steps"] - begun)) - row["updates"]


def first_row() -> dict:
    """Row 0: nothing played yet."""
    counts = ("round", "episodes", "env_steps", "updates", "train_violations", "cumulative_cost")
    return dict.fromkeys(COLUMNS) | dict.fromkeys(counts, 0)


def next_row(context: Context, index: int, episodes: list[Episode]) -> dict:
    """The row of round `index`, counting on from the last one; updates and metrics are still to be filled in."""
    last = context.rows[-1]
    returns = [float(episode.rewards.sum(dtype=np.float64)) for episode in episodes]
    costs = episode_costs(episodes)
    return dict.fromkeys(COLUMNS) | {
        "round": index,
        "episodes": last["episodes"] + len(episodes),
        "env_steps": last["env_steps"] + sum(len(episode.actions) for episode in episodes),
        "updates": last["updates"],
        "train_return": float(np.mean(returns)),
        "train_cost": float(np.mean(costs)),
        "train_violations": last["train_violations"] + sum(cost > context.cost_limit for cost in costs),
        "cumulative_cost": last["cumulative_cost"] + sum(costs),
    }


def episode_costs(episodes: list[Episode]) -> list[float]:
    """Undiscounted cost of each episode."""
    return [float(episode.costs.sum(dtype=np.float64)) for episode in episodes]


def load_agent(context: Context, hp: Hyperparameters, fresh_critics: bool = False) -> SACLagrangian:
    """The learner that goes on from the run's checkpoint (see `SACLagrangian.load`), or from its actor alone."""
    sizes = (context.task.observation_dim, context.task.action_dim)
    checkpoint = context.read_start()
    if fresh_critics:
        checkpoint = {name: part for name, part in checkpoint.items() if "critic" not in name}
    return SACLagrangian.load(checkpoint, hp, *sizes, context.generator("initial weights"))


def new_agent(context: Context, hp: Hyperparameters) -> SACLagrangian:
    """A learner with random weights."""
    sizes = (context.task.observation_dim, context.task.action_dim)
    return SACLagrangian(*sizes, hp, context.generator("initial weights"))
