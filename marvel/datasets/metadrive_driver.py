"""DSRL-style data for the nine driving tasks: MetaDrive's own driver at drawn speeds, logged and thinned.

The learner of `marvel.datasets.collect` does not get a car along the road within a budget of its kind
(docs/datasets.md), so these tasks have a driver that knows the map: MetaDrive's lane-following IDM policy, told how
fast to go. Speed is what costs here, so the speeds span DSRL's cost range. The fork of MetaDrive that DSRL's data was
made with holds a driver of settable speed, too; how DSRL used it is not known. DSRL-style, not DSRL.
"""

from collections.abc import Iterator
from typing import Annotated, NamedTuple

import numpy as np
import torch

from marvel.datasets.collect import Log, chosen_arrays, summary
from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters
from marvel.rollout import Episode, episode_seed, play_episode
from marvel.run.context import Context

ROW_EVERY = 10  # rounds of one time limit's steps


class Plan(NamedTuple):
    """How one episode is driven: at the speed `first`, and at `then` from step `switch` on (km/h)."""

    first: float
    then: float
    switch: int
    noise: float  # standard deviation of the noise on steering and throttle


def plan(horizon: int, speeds: tuple[float, float], noise: float, generator: torch.Generator) -> Plan:
    """Draw an episode's plan: half of the episodes change speed on the way, in their first half."""
    first, then, switch, both, level = torch.rand(5, generator=generator).tolist()
    low, high = speeds
    begin, end = (low + (high - low) * share for share in (first, then if both < 0.5 else first))
    return Plan(begin, end, int(switch * horizon / 2), noise * level)


def play(context: Context, drawn: Plan, generator: torch.Generator) -> Episode:
    """One episode; its seed, the driver's and the noise come from `generator` alone."""
    task, env = context.task, context.env
    noise = drawn.noise * torch.randn(task.max_episode_steps, task.action_dim, generator=generator).numpy()
    seed, driver_seed = episode_seed(generator), episode_seed(generator)
    driver, steps = None, 0

    def policy(observation: np.ndarray, noise: np.ndarray) -> np.ndarray:
        nonlocal driver, steps
        driver = driver or env.simulator.driver(driver_seed)  # there is a car only after the reset
        driver.NORMAL_SPEED = drawn.first if steps < drawn.switch else drawn.then
        steps += 1
        return np.clip(np.float32(driver.act()) + noise, -1, 1)

    return play_episode(env, policy, seed, noise)


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    steps: int = 100_000,
    rollout_steps: int = 20_000,
    speeds: Annotated[tuple[float, float], ">= 0 and rising"] = (5.0, 40.0),
    noise: float = 0.2,
) -> Iterator[dict]:
    """Collect a dataset; yields a row every `ROW_EVERY` episodes and returns the arrays of DSRL's schema.

    Args:
        context: A driving task and a seed; resumes the loop.
        hp: Not read; nothing is learned.
        steps: Environment steps with the driver's own actions, played in whole episodes.
        rollout_steps: The same with noise on the actions.
        speeds: Range from which the driver's speeds are drawn, in km/h.
        noise: Largest standard deviation of that noise; an episode's own is drawn below it.

    Raises:
        InputError: The task is none of the driving ones, or no episode came to lie within DSRL's ranges.
    """
    task = context.task
    if task.suite != "metadrive":
        raise InputError(
            f"marvel.datasets.metadrive_driver drives cars of MetaDrive, and {task.name} has none; "
            "use marvel.datasets.collect."
        )
    alone = -(-steps // task.max_episode_steps)
    rounds = alone + -(-rollout_steps // task.max_episode_steps)
    total = rounds * task.max_episode_steps
    buffer, log = context.mapped_buffer(total + task.max_episode_steps), Log()
    for index in context.rounds(rounds, state=(buffer, log)):
        before, generator = len(log.lengths), context.generator("episodes", index)
        while log.steps < index * task.max_episode_steps:
            drawn = plan(task.max_episode_steps, speeds, 0.0 if index <= alone else noise, generator)
            episode = play(context, drawn, generator)
            context.log_episode("train", episode)
            buffer.add_episode(*episode)
            log.add(episode)
        row = summary(log, task, len(log.lengths) - before, {})
        context.report(row["env_steps"], total, "env_steps", **row)
        if index % ROW_EVERY == 0 or index in (alone, rounds):
            yield {"round": index} | row
    return chosen_arrays(context, buffer, log, f"raise steps above {steps} or change speeds")
