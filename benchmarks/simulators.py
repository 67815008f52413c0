"""Speed of the environments: steps per second of stock ``gymnasium.make`` against `marvel.simulators.make_env`.

    ./run python -m benchmarks.simulators [TASK ...]      default: the Bullet and velocity tasks

Both environments play the same actions, whole episodes with their resets, in turns within one process; only CPU time
is counted; so other work on the machine disturbs the ratio little. The reported figures are medians over the turns, and
over as many resets.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings

import gymnasium
import numpy as np

from marvel.simulators import make_env
from marvel.simulators.bullet import real_stdout
from marvel.tasks import TASKS, get_task

TURNS = 9
SECONDS = 0.4  # CPU time of one turn


def turn(env, actions: np.ndarray, seed: int) -> float:
    """Play for `SECONDS`; returns steps per CPU second, resets but the first included."""
    env.reset(seed=seed)
    began, steps, index = time.process_time(), 0, 0
    while True:
        _, _, terminated, truncated, _ = env.step(actions[index])
        steps, index = steps + 1, (index + 1) % len(actions)
        if terminated or truncated:
            env.reset(seed=seed + steps)
            index = 0
        if steps % 10 == 0 and (elapsed := time.process_time() - began) >= SECONDS:
            return steps / elapsed


def reset_time(env) -> float:
    """Median CPU seconds of a reset."""
    seconds = []
    for seed in range(TURNS):
        began = time.process_time()
        env.reset(seed=seed)
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def compare(name: str) -> tuple[float, ...]:
    """Median steps per second of the stock environment and of ours, the median of the turns' ratios, reset times."""
    task = get_task(name)
    actions = np.random.default_rng(0).uniform(-1, 1, (task.max_episode_steps, task.action_dim)).astype(np.float32)
    ours = make_env(task)
    with warnings.catch_warnings(), real_stdout():
        warnings.simplefilter("ignore")  # the stock environments' wrappers warn of their habits at the first step
        stock = gymnasium.make(task.env_id)
        turn(stock, actions, seed=0)
    turn(ours, actions, seed=0)
    pairs = [(turn(stock, actions, seed), turn(ours, actions, seed)) for seed in range(1, TURNS + 1)]
    resets = reset_time(stock), reset_time(ours)
    stock.close()
    ours.close()
    return (*map(statistics.median, zip(*pairs, strict=True)), statistics.median(b / a for a, b in pairs), *resets)


def main(names: list[str]) -> None:
    """Print one line per task."""
    header = f"{'task':<22}{'stock steps/s':>15}{'ours steps/s':>15}{'ratio':>8}"
    print(f"{header}{'stock reset s':>15}{'ours reset s':>14}")
    for name in names or [name for name, task in TASKS.items() if task.suite in ("bullet", "velocity")]:
        stock, ours, ratio, stock_reset, our_reset = compare(name)
        print(f"{name:<22}{stock:>15.0f}{ours:>15.0f}{ratio:>8.2f}{stock_reset:>15.4f}{our_reset:>14.4f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
