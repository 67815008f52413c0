"""`Context`: everything a method is handed, with its random streams and the rounds that can be resumed."""

import io
import os
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
from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters
from marvel.simulators import make_env
from marvel.tasks import Task

# Seconds between snapshots: what a kill can cost, plus one round. Tests of resuming set it to 0.
SNAPSHOT_SECONDS = float(os.environ.get("MARVEL_SNAPSHOT_SECONDS", "15"))
REPORT_SECONDS = 10.0


@dataclass
class Context:
    """One (method, task, seed).

    Attributes:
        task: Facts of the task.
        cost_limit: Allowed episode cost.
        seed: Root of all random streams.
        method: Name in reports.
        start: Checkpoint to start from, or None.
        dataset: Offline data (DSRL's HDF5 schema), or None.
        scratch: Folder of snapshots; None keeps none.
        fingerprint: Hash of spec, code and inputs; a snapshot with another one is not resumed.
        rows: The rows yielded so far, restored with a snapshot.
        earlier: Seconds and restarts of the sessions before this one.
    """

    task: Task
    cost_limit: float
    seed: int
    method: str = "method"
    start: Path | None = None
    dataset: Path | None = None
    scratch: Path | None = None
    fingerprint: str = ""
    rows: list[dict] = field(default_factory=list)
    earlier: dict = field(default_factory=lambda: {"seconds": 0.0, "cpu_seconds": 0.0, "resumed": 0})

    def __post_init__(self) -> None:
        self._began = self._reported = self._saved = time.monotonic()
        self._first_done = None

    @cached_property
    def env(self):
        """The simulator; one serves training and evaluation, since an episode depends on nothing before it."""
        return make_env(self.task)

    def generator(self, stream: str, index: int = 0) -> torch.Generator:
        """The random generator of one purpose and one round: a function of (seed, stream, index) alone."""
        entropy = np.random.SeedSequence([self.seed, zlib.crc32(stream.encode()), index])
        return torch.Generator().manual_seed(int(entropy.generate_state(1, np.uint64)[0]) >> 1)

    def read_dataset(self) -> dict[str, np.ndarray]:
        """The offline dataset's arrays, checked.

        Raises:
            ValueError: The run has no dataset, or the file is faulty.
        """
        if self.dataset is None:
            raise InputError(f"{self.method} reads a dataset, but its spec names none (key 'dataset').")
        return datasets.read(self.dataset, self.task)

    def read_start(self) -> dict:
        """The checkpoint to start from.

        Raises:
            ValueError: The run has none.
        """
        if self.start is None:
            raise InputError(f"{self.method} starts from a checkpoint, but its spec names none (key 'start').")
        return torch.load(self.start, weights_only=True)

    def replay_buffer(self, hp: Hyperparameters) -> ReplayBuffer:
        """An empty buffer that holds the whole online budget, backed by a file where the run keeps snapshots."""
        capacity = hp.online_episodes * self.task.max_episode_steps
        path = None if self.scratch is None else self.scratch / "buffer.f32"
        sizes = (self.task.observation_dim, self.task.action_dim)
        return ReplayBuffer(capacity, *sizes, path=path, timeouts_terminal=hp.timeouts_terminal)

    def rounds(self, count: int, state: tuple) -> Iterator[int]:
        """Yield round numbers 0 (the start policy) to `count`, going on where an interrupted session left off.

        Args:
            count: Rounds of learning.
            state: All objects that learning changes (with state_dict and load_state_dict). Whatever else a round needs
                must follow from (seed, round) and `rows`.
        """
        first = self._restore(state)
        for index in range(first, count + 1):
            yield index
            if self.scratch is not None and index < count and time.monotonic() - self._saved > SNAPSHOT_SECONDS:
                self._save(index + 1, state)

    def _restore(self, state: tuple) -> int:
        path = None if self.scratch is None else self.scratch / "snapshot.pt"
        if path is None or not path.exists():
            return 0
        snapshot = torch.load(path, weights_only=True)
        if snapshot["fingerprint"] != self.fingerprint:
            self.say("the snapshot found belongs to another spec, input or version of the code: starting anew")
            return 0
        self.rows[:] = snapshot["rows"]
        self.earlier = snapshot["spent"] | {"resumed": snapshot["spent"]["resumed"] + 1}
        for part, saved in zip(state, snapshot["state"], strict=True):
            part.load_state_dict(saved)
        self.say(f"going on at round {snapshot['round']}")
        return snapshot["round"]

    def _save(self, next_round: int, state: tuple) -> None:
        snapshot = {
            "fingerprint": self.fingerprint,
            "round": next_round,
            "rows": self.rows,
            "spent": self.spent(),
            "state": [part.state_dict() for part in state],
        }
        write_atomically(self.scratch / "snapshot.pt", tensor_bytes(snapshot))
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
        """A line every `REPORT_SECONDS` and at the end: progress, the latest values, speed, time left.

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
        shown = [f"{done:,} of {total:,} {unit.replace('_', ' ')}"]
        for name in ("train_return", "train_cost", "eval_return", "eval_cost", "multiplier", "reward_q", "cost_q"):
            if values.get(name) is not None:
                shown.append(f"{name.replace('_', ' ')} {values[name]:.4g}")
        if done > self._first_done:
            rate = (done - self._first_done) / (now - self._first_time)
            shown.append(f"{rate:,.0f} {unit.replace('_', ' ')}/s")
            shown.append(f"{(total - done) / rate:.0f} s left" if done < total else "done")
        self.say(", ".join(shown))


def tensor_bytes(state: dict) -> bytes:
    """What torch.save writes, through memory: saving to a path would put the path's stem into the bytes."""
    memory = io.BytesIO()
    torch.save(state, memory)
    return memory.getvalue()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is either the old one or the whole new one, also after a crash."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
