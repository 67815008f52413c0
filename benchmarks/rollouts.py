"""Speed of rollouts: our whole rollout and our environment alone against stock ``gymnasium.make`` with a fixed action.

    ./run python -m benchmarks.rollouts [TASK ...]      default: the Bullet tasks and HalfCheetahVelocity

The whole rollout is a reset, two hidden layers of 256 units that choose an action at each step, and the storing of the
episode in a replay buffer; the stock environment is only reset and stepped. Every episode has one action, drawn by its
seed and held; all three play the same episodes, so that Bullet and MuJoCo do the same work in each. They play each
episode one after the other in one process, and only CPU time is counted, so other work on the machine disturbs the
ratios little. Their spread is that over blocks of episodes.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import statistics
import time
import warnings
from collections.abc import Callable, Iterator

import gymnasium
import numpy as np
import torch

from marvel.buffer import ReplayBuffer
from marvel.networks import Policy, SquashedGaussianActor
from marvel.rollout import play_episode
from marvel.simulators import make_env
from marvel.simulators.bullet import real_stdout
from marvel.tasks import TASKS, Task, get_task

BLOCKS = 15
SECONDS = 0.4  # CPU time of the stock environment in a block, which has at least one episode
DEFAULT = [name for name, task in TASKS.items() if task.suite == "bullet"] + ["HalfCheetahVelocity"]


def held_action(task: Task, seed: int) -> np.ndarray:
    """The action (action_dim,) of a whole episode."""
    return np.random.default_rng(seed).uniform(-1, 1, task.action_dim).astype(np.float32)


def environment_player(task: Task, env: gymnasium.Env) -> Callable[[int], int]:
    """A function that plays the episode of a seed in `env`, without policy or storing, and returns its steps."""

    def play(seed: int) -> int:
        action, steps, ended = held_action(task, seed), 0, False
        np.random.seed(seed)  # noqa: NPY002 (the stock Bullet environments draw from the global stream)
        env.reset(seed=seed)
        while not ended:
            _, _, terminated, truncated, _ = env.step(action)
            steps, ended = steps + 1, terminated or truncated
        return steps

    return play


def rollout_player(task: Task, env: gymnasium.Env) -> Callable[[int], int]:
    """A function that plays the episode of a seed as a run does, and returns its steps."""
    generator = torch.Generator().manual_seed(0)
    policy = Policy(SquashedGaussianActor(task.observation_dim, task.action_dim, [256, 256], "relu", generator))
    buffer = ReplayBuffer(task.max_episode_steps, task.observation_dim, task.action_dim)

    def play(seed: int) -> int:
        action = held_action(task, seed)

        def act(observation, noise):
            policy(observation, noise)
            return action

        noise = torch.randn(task.max_episode_steps, task.action_dim, generator=generator).numpy()
        episode = play_episode(env, act, seed, noise)
        buffer.size = 0
        buffer.add_episode(*episode)
        return len(episode.actions)

    return play


def speeds(players: dict[str, Callable[[int], int]], seeds: range) -> dict[str, float]:
    """Steps per CPU second of each player over the episodes of `seeds`, resets included."""
    steps, seconds = dict.fromkeys(players, 0), dict.fromkeys(players, 0.0)
    for seed in seeds:
        for player, play in players.items():
            began = time.process_time()
            steps[player] += play(seed)
            seconds[player] += time.process_time() - began
    return {player: steps[player] / seconds[player] for player in players}


@contextlib.contextmanager
def simulator_clock(task: Task, env: gymnasium.Env) -> Iterator[list[float]]:
    """Within the block, the CPU seconds of each call of the simulator's own step by our environment."""
    owner, name = importlib.import_module("mujoco"), "mj_step"
    if task.suite == "bullet":
        owner, name = env.simulator._agent, "advance"
    seconds, step = [], getattr(owner, name)

    def timed(*arguments):
        began = time.process_time()
        step(*arguments)
        seconds.append(time.process_time() - began)

    setattr(owner, name, timed)
    try:
        yield seconds
    finally:
        setattr(owner, name, step)


def simulator_speed(task: Task, env: gymnasium.Env, seeds: range) -> float:
    """Steps per CPU second of the simulator alone over the episodes of `seeds`."""
    play = environment_player(task, env)
    with simulator_clock(task, env) as seconds:
        steps = sum(map(play, seeds))
    return steps / sum(seconds)


def reset_seconds(env: gymnasium.Env) -> float:
    """Median CPU seconds of a reset."""
    seconds = []
    for seed in range(9):
        began = time.process_time()
        env.reset(seed=seed)
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def compare(name: str, blocks: int = BLOCKS, seconds: float = SECONDS) -> dict:
    """Measure one task.

    Args:
        name: The task; it needs a stock environment, so it cannot be the toy.
        blocks: Blocks of episodes.
        seconds: CPU time of the stock environment in a block.

    Returns:
        "task"; "stock", "environment", "rollout" and "simulator", steps per CPU second, medians over the blocks;
        "environment_ratio", "rollout_ratio" and "at_most" (the simulator's), medians of the ratios to the stock
        environment in the same block; "rollout_ratio_low" and "rollout_ratio_high", the quartiles; "stock_reset" and
        "our_reset", CPU seconds of a reset.
    """
    task = get_task(name)
    ours = make_env(task)  # also registers the stock environment
    with warnings.catch_warnings(), real_stdout():
        warnings.simplefilter("ignore")  # the stock environments' wrappers warn of their habits at the first step
        stock = gymnasium.make(task.env_id)
        environment_player(task, stock)(0)
    players = {
        "stock": environment_player(task, stock),
        "environment": environment_player(task, ours),
        "rollout": rollout_player(task, ours),
    }
    episodes, began = 0, time.process_time()  # the warm-up of the stock environment tells how many make a block
    while episodes == 0 or time.process_time() - began < seconds:
        players["stock"](episodes)
        episodes += 1
    players["rollout"](0)
    table = []
    for block in range(blocks):
        seeds = range(block * episodes, (block + 1) * episodes)
        table.append(speeds(players, seeds) | {"simulator": simulator_speed(task, ours, seeds)})
    row = {"task": name} | {player: statistics.median(block[player] for block in table) for player in table[0]}
    ratios = {player: [block[player] / block["stock"] for block in table] for player in table[0]}
    row["environment_ratio"] = statistics.median(ratios["environment"])
    for end, share in (("_low", 0.25), ("", 0.5), ("_high", 0.75)):
        row[f"rollout_ratio{end}"] = float(np.quantile(ratios["rollout"], share))
    row["at_most"] = statistics.median(ratios["simulator"])
    row |= {"stock_reset": reset_seconds(stock), "our_reset": reset_seconds(ours)}
    stock.close()
    ours.close()
    return row


HEADER = """\
| task | stock, steps/s | our environment | ratio | our rollout, steps/s | ratio (quartiles) | at most | resets, ms |
|---|---|---|---|---|---|---|---|"""


def markdown(row: dict) -> str:
    """A row of `compare` as a line of the table."""
    return (
        "| {task} | {stock:,.0f} | {environment:,.0f} | {environment_ratio:.2f} | {rollout:,.0f} "
        "| {rollout_ratio:.2f} ({rollout_ratio_low:.2f} to {rollout_ratio_high:.2f}) | {at_most:.2f} "
    ).format(**row) + f"| {1e3 * row['stock_reset']:.2f}, ours {1e3 * row['our_reset']:.2f} |"


def main() -> None:
    """Command line: print the table as Markdown."""
    parser = argparse.ArgumentParser(prog="./run python -m benchmarks.rollouts", description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", default=DEFAULT, metavar="TASK", help="default: %(default)s")
    parser.add_argument("--blocks", type=int, default=BLOCKS, help="blocks of episodes, of which medians are taken")
    options = parser.parse_args()
    print(HEADER, flush=True)
    for name in options.tasks:
        print(markdown(compare(name, options.blocks)), flush=True)


if __name__ == "__main__":
    main()
