"""Do the critics rank state-actions as the policy's returns do? Their values before and after Value Pre-Alignment, and
Monte-Carlo returns of the frozen policy beside them (Table 1): `python -m marvel.ranks RUN_JSON --out FILE`.

RUN_JSON is the record of a pre-alignment, which names task, seed, offline checkpoint and data. The file has one row per
rollout, nothing averaged.
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from marvel import datasets
from marvel.errors import Diverged, InputError
from marvel.files import write_atomically
from marvel.hyperparameters import Hyperparameters, resolve
from marvel.rollout import episode_seed
from marvel.run.context import Context
from marvel.run.spec import read_spec
from marvel.run.start import input_hash, read_checkpoint
from marvel.sac import SACLagrangian
from marvel.simulators import State
from marvel.tasks import get_task
from marvel.values import REQUIRED, Option, check

CANDIDATES = 200  # reset seeds of which the one nearest to a recorded episode's first observation is taken
FARTHEST = 0.5  # standard deviations of the data, in the component that is off most
COLUMNS = ("points", "number", "episode_seed", "step", "deviation", "rollout", "mc_return", "mc_cost")
VALUES = ("reward_before", "reward_after", "cost_before", "cost_after")


class Point(NamedTuple):
    """A moment of the simulator and the action to be judged there."""

    points: str  # "dataset" or "random"
    state: State
    observation: np.ndarray  # (observation_dim,) float32, of the simulator at that moment
    action: np.ndarray  # (action_dim,) float32
    deviation: float  # from the recorded observation, in the data's standard deviations; 0 for random points


def reach(env, state: State, action: np.ndarray) -> np.ndarray | None:
    """The observation at a moment from which the action can be played; None if the episode has ended before."""
    try:
        observation = env.restore_state(state)
        env.step(action)
    except ValueError:
        return None
    return observation


def dataset_points(
    env, data: dict[str, np.ndarray], count: int, latest: int, generator: torch.Generator
) -> Iterator[Point]:
    """Moments of the data's episodes, reached in the simulator.

    The files hold observations, not simulator states, and no seeds. So the reset nearest to the episode's first
    observation is sought and the recorded actions are played from there; a moment whose observation has drifted more
    than `FARTHEST` from the recorded one is given up for another, until ten times `count` have been tried. Critic and
    rollouts see the moment that was reached.

    Args:
        env: The task's environment.
        data: A dataset (`marvel.datasets.read`).
        count: Points wanted; fewer come where most moments drift too far.
        latest: Last step of an episode that is drawn.
        generator: Source of all choices.
    """
    spread = data["observations"].std(0) + 1e-6
    starts, stops = datasets.episodes(data)[:2]
    start_of = np.repeat(starts, stops - starts)  # of each row's episode
    rows = np.flatnonzero(np.arange(len(start_of)) - start_of <= latest)
    seeds = [episode_seed(generator) for _ in range(CANDIDATES)]
    firsts = np.array([env.reset(seed=seed)[0] for seed in seeds])
    found = 0
    for _ in range(10 * count):
        row = int(rows[torch.randint(len(rows), (1,), generator=generator)])
        start, action = int(start_of[row]), data["actions"][row]
        off = np.abs((firsts - data["observations"][start]) / spread).max(1)
        state = State(env.task.name, seeds[int(off.argmin())], data["actions"][start:row])
        if (observation := reach(env, state, action)) is None:
            continue
        deviation = float(np.abs((observation - data["observations"][row]) / spread).max())
        if deviation <= FARTHEST:
            found += 1
            yield Point("dataset", state, observation, action, deviation)
        if found == count:
            return


def random_points(env, count: int, latest: int, generator: torch.Generator) -> Iterator[Point]:
    """Moments, up to step `latest`, of episodes played with uniformly random actions, and one more such action each."""
    shape = (latest + 1, env.task.action_dim)
    found = 0
    while found < count:
        actions = (2 * torch.rand(*shape, generator=generator) - 1).numpy()
        step = int(torch.randint(shape[0], (1,), generator=generator))
        state = State(env.task.name, episode_seed(generator), actions[:step])
        if (observation := reach(env, state, actions[step])) is not None:
            found += 1
            yield Point("random", state, observation, actions[step], 0.0)


def rollout(env, point: Point, policy, noise: np.ndarray, discount: float) -> tuple[float, float]:
    """Discounted return and cost of the point's action followed by the stochastic policy.

    Args:
        env: The task's environment.
        point: Where to begin.
        policy: `policy(observation, noise)` -> action.
        noise: (horizon - 1, action_dim) standard-normal draws.
        discount: Per step.
    """
    env.restore_state(point.state)
    action, total, cost, weight = point.action, 0.0, 0.0, 1.0
    for draw in [*noise, None]:
        observation, reward, terminated, _, info = env.step(action)
        total, cost, weight = total + weight * reward, cost + weight * info["cost"], weight * discount
        if terminated or draw is None:
            break
        action = policy(observation, draw)
    return total, cost


def critics_of(path: Path, context: Context, hp: Hyperparameters) -> SACLagrangian:
    """The learner that a checkpoint holds.

    Raises:
        InputError: It is none, is not what its record says, or its offline algorithm has no critics to hand over.
        Diverged: The stage that made it diverged.
    """
    input_hash(path)
    checkpoint = read_checkpoint(path)
    if not {"reward_critic", "cost_critic"} <= set(checkpoint):
        raise InputError(
            f"{path} holds no critics that fine-tuning takes over; "
            "give `ranks` an offline entry whose algorithm hands its critics over, such as marvel.cpq."
        )
    sizes = (context.task.observation_dim, context.task.action_dim)
    return SACLagrangian.load(checkpoint, hp, *sizes, context.generator("initial weights"))


@torch.no_grad()
def values(agent: SACLagrangian, points: list[Point]) -> tuple[np.ndarray, np.ndarray]:
    """Reward (scaled as in training) and cost values (points,)."""
    observations, actions = (torch.from_numpy(np.array([p[i] for p in points], np.float32)) for i in (2, 3))
    return tuple(c.smallest(observations, actions).numpy() for c in (agent.reward_critic, agent.cost_critic))


def measure(spec: dict, aligned: Path, points: int, rollouts: int, horizon: int) -> Iterator[dict]:
    """Yield a row per rollout.

    All rollouts have the same length and end within the time limit: to the critics the limit is no end (timeouts are
    not terminal), so a sum that it cuts off would rank moments by how late they are; and beyond it a policy may be
    where neither data nor critics have been (on BallRun it is).

    Args:
        spec: The pre-alignment's.
        aligned: Its checkpoint.
        points: Points of the data, and as many random ones.
        rollouts: Rollouts from each point.
        horizon: Steps of a rollout, half the time limit at most.

    Raises:
        InputError: The spec is no pre-alignment's, or see `critics_of`.
    """
    if spec["stage"] != "prealign" or None in (spec["start"], spec["dataset"]):
        raise InputError(f"{aligned.with_name('run.json')} is no record of a pre-alignment with start and dataset.")
    task = get_task(spec["task"])
    horizon = min(horizon, task.max_episode_steps // 2)
    latest = task.max_episode_steps - horizon
    hp = resolve(spec["hyperparameters"])
    files = {name: Path(spec[name]) for name in ("start", "dataset")}
    context = Context(task, spec["cost_limit"], spec["seed"], "ranks", **files)
    before, after = (critics_of(path, context, hp) for path in (context.start, aligned))
    drawn = context.generator("rank points")
    chosen = list(dataset_points(context.env, context.read_dataset(), points, latest, drawn))
    context.say(f"{len(chosen)} of {points} points of the data reached")
    chosen += random_points(context.env, points, latest, drawn)
    (reward_before, cost_before), (reward_after, cost_after) = values(before, chosen), values(after, chosen)
    judged = dict(zip(VALUES, (reward_before, reward_after, cost_before, cost_after), strict=True))
    policy = after.policy()
    for number, point in enumerate(chosen):
        if number % 50 == 0:
            context.say(f"{number} of {len(chosen)} points")
        for index in range(rollouts):
            noise = torch.randn(horizon - 1, task.action_dim, generator=context.generator(f"rollout {number}", index))
            returns = rollout(context.env, point, policy, noise.numpy(), hp.discount)
            where = (point.points, number, point.state.seed, len(point.state.actions), point.deviation, index)
            yield dict(zip(COLUMNS, (*where, *returns), strict=True)) | {n: float(v[number]) for n, v in judged.items()}
    context.env.close()


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m marvel.ranks", description=__doc__.splitlines()[0])
    parser.add_argument("record", type=Path, help="run.json of a pre-alignment, beside its checkpoint.pt")
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--rollouts", type=int, default=2)
    parser.add_argument("--horizon", type=int, default=300)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        for name in ("points", "rollouts", "horizon"):
            check(Option(name, int, REQUIRED), getattr(options, name), "ranks")
        spec = read_spec(str(options.record))
        aligned = options.record.with_name("checkpoint.pt")
        text = io.StringIO()
        writer = csv.DictWriter(text, [*COLUMNS, *VALUES], lineterminator="\n")
        writer.writeheader()
        writer.writerows(measure(spec, aligned, options.points, options.rollouts, options.horizon))
        options.out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(options.out, text.getvalue().encode())
    except (ValueError, Diverged) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
