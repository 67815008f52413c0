"""Measure the rates from which `marvel cost` estimates, and write them to marvel/cli/rates.csv.

    ./run python -m benchmarks.rates [NAME ...]        all: about ten minutes of one core

All are CPU seconds of one process: an update of each learner and what a method adds to every environment step (on the
toy task, networks of 2 x 256 and the learner's own batch size), an environment step of every task with its policy and
the storing of the episode, the start of a job of each suite. Differences of two budgets leave out what both pay. Other
work on the machine slows everything down, so every time is the smallest of three.
"""

from __future__ import annotations

import csv
import datetime
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from marvel import datasets
from marvel.buffer import ReplayBuffer
from marvel.cli.rates import COLUMNS, FILE
from marvel.errors import InputError
from marvel.files import write_atomically
from marvel.hyperparameters import Hyperparameters
from marvel.networks import Policy, SquashedGaussianActor
from marvel.rollout import play_episode
from marvel.run.context import Context
from marvel.run.record import commit, processor
from marvel.run.snapshot import tensor_bytes
from marvel.simulators import make_env
from marvel.tasks import TASKS, Task, get_task

REPEATS = 3
OFFLINE = {"marvel.cpq": (50, 250), "marvel.bear": (10, 50), "marvel.bc": (100, 600)}  # {learner: two budgets}
COLLECT = "marvel.datasets.collect"
ONLINE = (
    "marvel.method",
    *(f"baselines.{name}" for name in ("from_scratch", "warm_start", "jsrl", "pex", "so2", "rlpd_lag", "wsrl_lag")),
)
SUITES = {"toy": "Toy", "bullet": "BallRun", "velocity": "SwimmerVelocity", "navigation": "PointGoal1"}
SUITES |= {"metadrive": "easysparse"}


def cpu(function, *arguments, **options) -> float:
    """CPU seconds of a call, the smallest of `REPEATS`."""
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        function(*arguments, **options)
        times.append(time.process_time() - began)
    return min(times)


class Bench:
    """Stages of the toy task in this process, without snapshots, from a dataset and a checkpoint of its own."""

    def __init__(self, folder: Path):
        self.toy, self.dataset, self.start = get_task("Toy"), folder / "dataset.hdf5", folder / "checkpoint.pt"
        arrays = self.play("marvel.datasets.collect", "dataset", steps=3_000, rollout_steps=3_000)
        datasets.write(self.dataset, arrays)
        self.start.write_bytes(tensor_bytes(self.play("marvel.cpq", "pretrain", steps=10)))

    def play(self, train: str, stage: str, hp: Hyperparameters | None = None, **options):
        """All rows of a stage; returns what it returns."""
        context = Context(self.toy, 5.0, seed=0, method=train, stage=stage, start=self.start, dataset=self.dataset)
        context._reported = float("inf")  # no lines of progress
        rows = import_module(train).train(context, hp or Hyperparameters(eval_episodes=1, eval_every=10_000), **options)
        while True:
            try:
                context.rows.append(next(rows))
            except StopIteration as end:
                return end.value

    def per_unit(self, few: int, many: int, play) -> float:
        """CPU seconds that one more unit takes, from `play(number of units)`."""
        return max(0.0, (cpu(play, many) - cpu(play, few)) / (many - few))

    def online(self, train: str, updates: int, few: int = 50, many: int = 250) -> float:
        """CPU seconds of a round of one episode with so many updates."""

        def play(rounds: int) -> None:
            hp = Hyperparameters(eval_episodes=1, eval_every=10_000, episodes_per_round=1, online_episodes=rounds)
            options = {"warmup_steps": 0, "update_ratio": None} if train == "baselines.wsrl_lag" else {}
            self.play(train, "finetune", replace(hp, updates_per_round=updates), **options)

        return self.per_unit(few, many, play)


def updates_and_steps(bench: Bench, wanted):
    """Rows of the learners: seconds an update, and seconds that a method adds to an environment step."""
    for train, (few, many) in OFFLINE.items():
        if wanted(train):
            yield "update", train, bench.per_unit(few, many, lambda n, t=train: bench.play(t, "pretrain", steps=n))
    if wanted("marvel.prealign"):
        seconds = bench.per_unit(25, 150, lambda n: bench.play("marvel.prealign", "prealign", calls=n, minibatches=4))
        yield "update", "marvel.prealign", seconds / 4
    online = [train for train in ONLINE if wanted(train)]
    if not online and not wanted(COLLECT):
        return
    steps, plain = bench.toy.max_episode_steps, bench.online(ONLINE[0], 0)  # marvel.method, without updates
    for train in online:
        idle = plain if train == ONLINE[0] else bench.online(train, 0)
        yield "update", train, (bench.online(train, 10) - idle) / 10
        yield "added to a step", train, max(0.0, (idle - plain) / steps)
    if wanted(COLLECT):

        def collect(update_ratio: float) -> float:
            options = {"rollout_steps": 0, "update_ratio": update_ratio}
            return bench.per_unit(1_500, 4_500, lambda steps: bench.play(COLLECT, "dataset", steps=steps, **options))

        idle = collect(0.001)
        yield "update", COLLECT, (collect(0.25) - idle) / 0.25
        yield "added to a step", COLLECT, max(0.0, idle - plain / steps)


def step(task: Task) -> float:
    """CPU seconds of an environment step of a new policy, resets and the buffer included."""
    env = make_env(task)
    actor = SquashedGaussianActor(
        task.observation_dim, task.action_dim, [256, 256], "relu", torch.Generator().manual_seed(0)
    )
    policy, rng, rates = Policy(actor), np.random.default_rng(0), []
    buffer = ReplayBuffer(60 * task.max_episode_steps, task.observation_dim, task.action_dim)
    for seed in range(50):
        noise = rng.standard_normal((task.max_episode_steps, task.action_dim)).astype(np.float32)
        began = time.process_time()
        episode = play_episode(env, policy, seed, noise)
        buffer.add_episode(*episode)
        rates.append((time.process_time() - began, len(episode.actions)))
        if seed >= 3 and sum(seconds for seconds, _ in rates) > 1.5:
            break
    env.close()
    seconds, steps = np.array(rates[1:]).T  # the first one warms up
    return float(seconds.sum() / steps.sum())


def start(task: str) -> float:
    """CPU seconds of a job that plays next to nothing."""
    hp = {"hidden_units": 8, "online_episodes": 1, "episodes_per_round": 1, "updates_per_round": 1, "eval_episodes": 1}
    spec = {"train": "baselines.from_scratch", "task": task, "seed": 0, "cost_limit": 20, "hyperparameters": hp}
    times = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as out:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            words = [sys.executable, "-m", "marvel.run", json.dumps(spec), "--out", out]
            subprocess.run(words, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def rows(names: list[str]):
    """Rates as (kind, name, CPU seconds), of these names alone if there are any."""

    def wanted(name: str) -> bool:
        return not names or name in names

    with tempfile.TemporaryDirectory() as folder:
        yield from updates_and_steps(Bench(Path(folder)), wanted)
    for name, task in filter(lambda item: wanted(item[0]), TASKS.items()):
        try:
            yield "step", name, step(task)
        except InputError as fault:  # MetaDrive is optional
            print(f"{name}: {fault}", file=sys.stderr)
    for suite, task in filter(lambda item: wanted(item[0]), SUITES.items()):
        try:
            yield "start", suite, start(task)
        except subprocess.CalledProcessError as fault:
            print(f"{suite}: {fault.stderr.decode().strip()}", file=sys.stderr)


def main() -> None:
    """Measure and write; rates that are not measured keep their old row."""
    with open(FILE, newline="", encoding="utf-8") as file:
        table = {(row["kind"], row["name"]): row for row in csv.DictReader(file)}
    machine = {"machine": processor(), "commit": (commit()[0] or "")[:12]}
    machine |= {"date": datetime.date.today().isoformat(), "torch": torch.__version__}
    for kind, name, seconds in rows(sys.argv[1:]):
        table[kind, name] = {"kind": kind, "name": name, "seconds": f"{seconds:.3g}"} | machine
        print(f"{kind:16} {name:28} {seconds:.3g}", flush=True)
        lines = [",".join(COLUMNS)] + [",".join(row[column] for column in COLUMNS) for row in table.values()]
        write_atomically(FILE, ("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
