"""`Context`: everything a method is handed, with its random streams and the rounds that can be resumed."""

import json
import os
import signal
import socket
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from marvel import datasets
from marvel.buffer import ReplayBuffer
from marvel.errors import Diverged, InputError, Interrupted
from marvel.files import replacing, write_atomically
from marvel.hyperparameters import Hyperparameters
from marvel.run.finite import first_not_finite
from marvel.run.snapshot import sealed, unsealed
from marvel.run.start import read_checkpoint
from marvel.simulators import make_env
from marvel.tasks import Task
from marvel.values import Option, check


def _seconds(name: str, default: float) -> float:
    """A time that a variable of the environment may set; ends the process with one sentence where it is none."""
    try:
        return check(Option(name, float, default), os.environ.get(name, default), "environment")
    except InputError as error:
        raise SystemExit(f"error: {error}") from None


# Seconds between snapshots: what a kill can cost, plus one round. Tests of resuming set it to 0.
SNAPSHOT_SECONDS = _seconds("MARVEL_SNAPSHOT_SECONDS", 15.0)
REPORT_SECONDS = 10.0
SHOWN = ("train_return", "train_cost", "eval_return", "eval_cost", "multiplier", "reward_q", "cost_q")


@dataclass
class Context:
    """One (method, task, seed).

    Attributes:
        task: Facts of the task.
        cost_limit: Allowed episode cost; None where no limit is read (collecting data).
        seed: Root of all random streams.
        method: Name in reports.
        stage: "dataset", "pretrain", "prealign" or "finetune"; part of every random stream's name.
        start: Checkpoint to start from, or None.
        dataset: Offline data (DSRL's HDF5 schema), or None.
        scratch: Folder of snapshots; None keeps none.
        fingerprint: Hash of all that decides the run's numbers; a snapshot with another one is not resumed.
        rows: The rows yielded so far, restored with a snapshot.
        episodes: (round, "train" or "eval", steps, return, cost) of every episode played, likewise.
        actor: The actor that the run keeps when it ends, if the method names one (`finetune` does).
        earlier: Seconds and restarts of the sessions before this one.
        round: The round under way, None before the first.
        whole: Whether all rounds that the method asked for are done; None if it asked for none.
        stopping: The signal that asked the run to stop after this round, or 0.
        read: Which of "start" and "dataset" the method has read.
    """

    task: Task
    cost_limit: float | None
    seed: int
    method: str = "method"
    stage: str = "finetune"
    start: Path | None = None
    dataset: Path | None = None
    scratch: Path | None = None
    fingerprint: str = ""
    rows: list[dict] = field(default_factory=list)
    episodes: list[tuple] = field(default_factory=list)
    actor: torch.nn.Module | None = None
    earlier: dict = field(default_factory=lambda: {"seconds": 0.0, "cpu_seconds": 0.0, "resumed": 0})
    round: int | None = None
    whole: bool | None = None
    stopping: int = 0
    read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._began = self._reported = self._saved = time.monotonic()
        self._first_done = None

    @cached_property
    def env(self):
        """The simulator; one serves training and evaluation, since an episode depends on nothing before it."""
        return make_env(self.task)

    def generator(self, stream: str, *indices: int) -> torch.Generator:
        """The random generator of one purpose, a function of (seed, stage, stream, indices) alone.

        Args:
            stream: The purpose.
            *indices: Round, or round and episode; a stream always has the same number of them.
        """
        name = zlib.crc32(f"{self.stage}: {stream}".encode())
        entropy = np.random.SeedSequence([self.seed, name, *indices])
        return torch.Generator().manual_seed(int(entropy.generate_state(1, np.uint64)[0]) >> 1)

    def read_dataset(self) -> dict[str, np.ndarray]:
        """The offline dataset's arrays, checked.

        Raises:
            InputError: The run has no dataset, or the file is faulty.
        """
        if self.dataset is None:
            raise InputError(f"{self.method} reads a dataset, but its spec names none (key 'dataset').")
        self.read.add("dataset")
        return datasets.read(self.dataset, self.task)

    def read_start(self) -> dict:
        """The checkpoint to start from.

        Raises:
            InputError: The run has none, or the file is none.
            Diverged: The stage that made it diverged.
        """
        if self.start is None:
            raise InputError(f"{self.method} starts from a checkpoint, but its spec names none (key 'start').")
        self.read.add("start")
        return read_checkpoint(self.start)

    def replay_buffer(self, hp: Hyperparameters) -> ReplayBuffer:
        """An empty buffer for the whole online budget, backed by a file where the run keeps snapshots."""
        return self.mapped_buffer((hp.online_episodes + 1) * self.task.max_episode_steps, hp.timeouts_terminal)

    def mapped_buffer(self, capacity: int, timeouts_terminal: bool = False) -> ReplayBuffer:
        """An empty buffer for `capacity` transitions. Budgets are played in whole episodes, so ask for one more."""
        path = None if self.scratch is None else self.scratch / "buffer.f32"
        sizes = (self.task.observation_dim, self.task.action_dim)
        return ReplayBuffer(capacity, *sizes, path=path, timeouts_terminal=timeouts_terminal)

    def log_episode(self, kind: str, episode) -> None:
        """Keep an episode's length, return and cost; `kind` is "train" or "eval"."""
        sums = (float(values.sum(dtype=np.float64)) for values in (episode.rewards, episode.costs))
        self.episodes.append((self.round or 0, kind, len(episode.actions), *sums))

    def rounds(self, count: int, state: tuple) -> Iterator[int]:
        """Yield round numbers 0 (the start policy) to `count`, going on where an interrupted session left off.

        Args:
            count: Rounds of learning.
            state: All objects that learning changes (with state_dict and load_state_dict). Whatever else a round needs
                must follow from (seed, round) and `rows`.

        Raises:
            Diverged: A weight or another number of `state` is not finite after a round.
            Interrupted: A signal asked the run to stop; the snapshot is written.
        """
        first, self.whole = self._restore(state), False
        for self.round in range(first, count + 1):
            yield self.round
            if (name := first_not_finite(state)) is not None:
                raise Diverged(f"{name} is not finite after round {self.round}")
            if self.scratch is not None and self.round < count:
                if self.stopping or time.monotonic() - self._saved > SNAPSHOT_SECONDS:
                    self._save(self.round + 1, state)
                self.end_if_asked()
        self.whole = True

    def end_if_asked(self) -> None:
        """End the run if a signal asked for it.

        Raises:
            Interrupted: It did.
        """
        if self.stopping:
            kept = "nothing was begun" if self.round is None else f"its snapshot after round {self.round} is kept"
            name = signal.Signals(self.stopping).name
            raise Interrupted(f"stopped by {name}; {kept}, and the same command goes on from there.", self.stopping)

    def _restore(self, state: tuple) -> int:
        path = None if self.scratch is None else self.scratch / "snapshot.pt"
        if path is None or not path.exists():
            return 0
        snapshot = unsealed(path.read_bytes())
        if snapshot is None:
            self.say(f"the snapshot {path} is damaged: starting anew")
            return 0
        if snapshot["fingerprint"] != self.fingerprint:
            self.say("the snapshot found belongs to another spec, input or version of the code: starting anew")
            return 0
        pairs = list(zip(state, snapshot["state"], strict=True))
        for part, saved in pairs:  # before any part is changed
            if isinstance(part, ReplayBuffer) and not part.holds(saved):
                self.say(f"the replay buffer {part.path} is not the one of the snapshot: starting anew")
                return 0
        for part, saved in pairs:
            part.load_state_dict(saved)
        self.rows[:], self.episodes[:] = snapshot["rows"], snapshot["episodes"]
        self.earlier = snapshot["spent"] | {"resumed": snapshot["spent"]["resumed"] + 1}
        self.say(f"going on at round {snapshot['round']}")
        return snapshot["round"]

    def _save(self, next_round: int, state: tuple) -> None:
        snapshot = {
            "fingerprint": self.fingerprint,
            "round": next_round,
            "rows": self.rows,
            "episodes": self.episodes,
            "spent": self.spent(),
            "state": [part.state_dict() for part in state],
        }
        write_atomically(self.scratch / "snapshot.pt", sealed(snapshot))
        self._saved = time.monotonic()

    def spent(self) -> dict:
        """Wall and processor seconds of all sessions, and how often the run was resumed."""
        return {
            "seconds": self.earlier["seconds"] + time.monotonic() - self._began,
            "cpu_seconds": self.earlier["cpu_seconds"] + time.process_time(),
            "resumed": self.earlier["resumed"],
        }

    def say(self, text: str) -> None:
        """One line to stderr, headed by the run's name."""
        print(f"{self.method} {self.task.name} seed {self.seed}: {text}", file=sys.stderr, flush=True)

    def report(self, done: int, total: int, unit: str, **values: float | None) -> None:
        """A line, and the status file, every `REPORT_SECONDS` and at the end: progress, latest values, time left.

        Args:
            done, total: Work done and to do.
            unit: What is counted: "env_steps" or "updates".
            **values: train_return, eval_return, ..., as in a row; only those of interest are shown.
        """
        now = time.monotonic()
        if self._first_done is None:
            self._first_done, self._first_time = done, now
        if now - self._reported < REPORT_SECONDS and done < total:
            return
        self._reported = now
        latest = {name: float(values[name]) for name in SHOWN if values.get(name) is not None}
        shown = [f"{done:,} of {total:,} {unit.replace('_', ' ')}"]
        shown += [f"{name.replace('_', ' ')} {value:.4g}" for name, value in latest.items()]
        rate = left = None
        if done > self._first_done:
            rate = (done - self._first_done) / (now - self._first_time)
            left = max(0.0, (total - done) / rate)
            shown.append(f"{rate:,.0f} {unit.replace('_', ' ')}/s")
            shown.append(f"{left:.0f} s left" if done < total else "done")
        self.say(", ".join(shown))
        progress = {"done": done, "total": total, "unit": unit, "values": latest, "per_second": rate}
        self.write_status("running", seconds_left=left, **progress)

    def write_status(self, state: str, **facts: object) -> None:
        """Replace status.json in the scratch folder: who works on this run, and how far it is.

        Args:
            state: "running", "finished", "diverged", "stopped" or "failed".
            **facts: More keys of the file.
        """
        if self.scratch is None:
            return
        who = {"method": self.method, "task": self.task.name, "seed": self.seed, "stage": self.stage}
        where = {"pid": os.getpid(), "host": socket.gethostname(), "time": time.time()}
        status = who | {"state": state, "round": self.round} | facts | where
        with replacing(self.scratch / "status.json") as temporary:
            temporary.write_text(json.dumps(status) + "\n", encoding="utf-8")
