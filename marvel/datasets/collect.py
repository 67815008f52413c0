"""DSRL-style offline data from the real simulator, for whoever cannot get DSRL's files. DSRL-style, not DSRL.

DSRL's authors trained safe-RL experts under changing cost limits, logged every episode and thinned the cloud of (cost,
return) points (Liu et al. 2023). The same here, with one expert for all limits (`marvel.datasets.expert`): its
multiplier is one more number in the observation, drawn anew for every transition of a minibatch, so each update teaches
all multipliers at once. A cost limit is then a way of playing, not a training run of its own: play under a small
multiplier until the limit is spent and under a large one from there on, or the other way round. Limits are swept over
DSRL's cost range while the expert learns, and once more, with other action noise, when it has learned.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import numpy as np
import torch

from marvel.buffer import ReplayBuffer
from marvel.datasets.expert import Expert
from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters
from marvel.rollout import Episode
from marvel.run.context import Context
from marvel.tasks import Task

ROUND_STEPS = 500  # environment steps a round, at least; updates follow each round
ROW_EVERY = 10  # rounds
COST_BINS, RETURN_BINS = 60, 50  # DSRL's grid


class Log:
    """Length, end, return and cost of every episode in the buffer, in order."""

    def __init__(self):
        self.lengths, self.terminated, self.returns, self.costs = [], [], [], []

    def add(self, episode: Episode) -> None:
        """Append an episode."""
        self.lengths.append(len(episode.actions))
        self.terminated.append(episode.terminated)
        self.returns.append(float(episode.rewards.sum(dtype=np.float64)))
        self.costs.append(float(episode.costs.sum(dtype=np.float64)))

    @property
    def steps(self) -> int:
        """Environment steps played."""
        return sum(self.lengths)

    def state_dict(self) -> dict:
        """Everything, for a snapshot."""
        return {name: list(values) for name, values in vars(self).items()}

    def load_state_dict(self, state: dict) -> None:
        """Go back to a snapshot."""
        vars(self).update({name: list(values) for name, values in state.items()})

    def inside(self, task: Task) -> np.ndarray:
        """Indices of the episodes within DSRL's ranges of return and cost."""
        returns, costs = np.array(self.returns), np.array(self.costs)
        return np.flatnonzero((returns >= task.min_return) & (returns <= task.max_return) & (costs <= task.max_cost))


def thin(log: Log, task: Task, generator: torch.Generator) -> np.ndarray:
    """Choose episodes within DSRL's ranges: at most n in each cell of the (cost, return) grid.

    n is the largest number that keeps no more episodes than DSRL's file has (1 at least), so crowds go first and the
    sparse parts stay whole.

    Returns:
        Indices of the kept episodes, ascending.
    """
    inside = log.inside(task)
    inside = inside[torch.randperm(len(inside), generator=generator).numpy()]
    costs, returns = np.array(log.costs)[inside], np.array(log.returns)[inside]
    column = np.minimum(COST_BINS * costs / max(task.max_cost, 1e-9), COST_BINS - 1).astype(int)
    row = np.minimum(RETURN_BINS * (returns - task.min_return) / (task.max_return - task.min_return), RETURN_BINS - 1)
    cell = column * RETURN_BINS + row.astype(int)
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], cell[order])
    place = np.empty(len(cell), int)
    place[order] = np.arange(len(cell)) - starts  # how many of its cell come before it
    kept = inside[place == 0]
    for n in range(2, len(cell) + 1):
        more = inside[place < n]
        if len(more) == len(kept) or len(more) > (task.dataset_episodes or len(cell)):
            break
        kept = more
    return np.sort(kept)


def to_arrays(buffer: ReplayBuffer, log: Log, kept: np.ndarray) -> dict[str, np.ndarray]:
    """The kept episodes in DSRL's schema (`marvel.datasets`)."""
    stops = np.cumsum(log.lengths)
    rows = np.concatenate([np.arange(stops[i] - log.lengths[i], stops[i]) for i in kept])
    last = np.cumsum(np.array(log.lengths)[kept]) - 1
    terminated = np.array(log.terminated)[kept]
    batch = buffer.at(torch.from_numpy(rows))
    arrays = {name: getattr(batch, name).numpy().copy() for name in batch._fields if name != "terminals"}
    for name, chosen in (("terminals", terminated), ("timeouts", ~terminated)):
        arrays[name] = np.zeros(len(rows), bool)
        arrays[name][last[chosen]] = True
    return arrays


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    steps: int = 60_000,
    rollout_steps: int = 20_000,
    update_ratio: float = 0.25,
    hidden_units: int = 64,
    batch_size: int = 256,
    lr: float = 1e-3,
    discount: float = 0.98,
    tau: float = 0.01,
    temperature: float = 0.05,
    multipliers: Annotated[tuple[float, float], "> 0 and rising"] = (0.03, 2.0),
) -> Iterator[dict]:
    """Collect a dataset; yields a row every `ROW_EVERY` rounds and returns the arrays of DSRL's schema.

    Args:
        context: Task and seed; resumes the loop.
        hp: Not read: the expert's settings are the options below, so that tuning a method never changes the data.
        steps: Environment steps with learning, played in whole episodes.
        rollout_steps: The same without learning: every episode switches the multiplier, at 0 to 1.5 times the expert's
            own action noise.
        update_ratio: Minibatches per environment step while learning.
        hidden_units, batch_size, lr, discount, tau, temperature: Of the expert's SAC-Lagrangian; rewards are scaled so
            that DSRL's largest return means 1 a step.
        multipliers: Range from which the multipliers are drawn.

    Raises:
        InputError: No episode came to lie within DSRL's ranges.
    """
    task = context.task
    expert = Expert(
        context,
        replace(
            hp,
            **{"hidden_layers": 2, "hidden_units": hidden_units, "batch_size": batch_size, "temperature": temperature},
            **{"actor_lr": lr, "critic_lr": lr, "cost_critic_lr": lr, "discount": discount, "tau": tau},
            reward_scale=task.max_episode_steps / task.max_return,
        ),
        multipliers,
    )
    round_steps = max(1, ROUND_STEPS // task.max_episode_steps) * task.max_episode_steps
    learning = -(-steps // round_steps)
    rounds = learning + -(-rollout_steps // round_steps)
    total = rounds * round_steps
    buffer, log = context.mapped_buffer(total + task.max_episode_steps), Log()
    for index in context.rounds(rounds, state=(expert.agent, buffer, log)):
        metrics, before = {}, len(log.lengths)
        generator, policy = context.generator("episodes", index), expert.agent.policy()
        while log.steps < index * round_steps:
            episode = expert.play(context, policy, generator, learning=index <= learning)
            buffer.add_episode(*episode)
            log.add(episode)
        if 0 < index <= learning:
            generator = context.generator("minibatches", index)
            for _ in range(int(update_ratio * round_steps)):
                metrics = expert.update(buffer, generator)
        row = summary(log, task, len(log.lengths) - before, metrics)
        context.report(row["env_steps"], total, "env_steps", **row)
        if index % ROW_EVERY == 0 or index in (learning, rounds):
            yield {"round": index} | row
    return chosen_arrays(context, buffer, log, f"raise steps above {steps}")


def chosen_arrays(context: Context, buffer: ReplayBuffer, log: Log, remedy: str) -> dict[str, np.ndarray]:
    """The thinned episodes within DSRL's ranges, in DSRL's schema.

    Args:
        context: Task and seed.
        buffer, log: All episodes.
        remedy: What to do if none lies within the ranges, for the sentence that says so.

    Raises:
        InputError: None does.
    """
    task = context.task
    if not len(log.inside(task)):
        raise InputError(
            f"{context.method} {task.name}: none of {len(log.costs)} episodes lies within DSRL's ranges (return "
            f"{task.min_return:.0f} to {task.max_return:.0f}, cost up to {task.max_cost:.0f}); {remedy}."
        )
    return to_arrays(buffer, log, thin(log, task, context.generator("thinning")))


def summary(log: Log, task: Task, latest: int, metrics: dict) -> dict:
    """A row of progress: counts, the latest episodes' means, and what lies within DSRL's ranges so far."""
    inside = log.inside(task)
    returns, costs = np.array(log.returns)[inside], np.array(log.costs)[inside]
    eighths = np.unique(np.minimum(8 * costs / max(task.max_cost, 1e-9), 7).astype(int))
    return {
        "episodes": len(log.costs),
        "env_steps": log.steps,
        "train_return": float(np.mean(log.returns[-latest:])) if latest else None,
        "train_cost": float(np.mean(log.costs[-latest:])) if latest else None,
        "inside": len(inside),
        "best_return_inside": float(returns.max()) if len(inside) else None,
        "eighths_occupied": len(eighths),
    } | {name: float(value) for name, value in metrics.items()}
