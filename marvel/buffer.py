"""Transitions: `Batch` is what an update sees, `ReplayBuffer` keeps them (an offline dataset is a full one)."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from marvel.errors import InputError


class Batch(NamedTuple):
    """Transitions as float32 tensors; the first axis is the batch."""

    observations: Tensor  # (batch, observation_dim)
    actions: Tensor  # (batch, action_dim), each in [-1, 1]
    rewards: Tensor  # (batch,) unscaled
    costs: Tensor  # (batch,) cost of the step, >= 0
    next_observations: Tensor  # (batch, observation_dim)
    terminals: Tensor  # (batch,) 1 where bootstrapping stops


class ReplayBuffer:
    """Transitions in order of arrival, one float32 row each; rows are only ever appended.

    Args:
        capacity: Number of transitions that fit; adding more is an error (a run knows its budget).
        observation_dim: Length of an observation.
        action_dim: Length of an action.
        path: File that backs the rows by a memory map; a snapshot of the run then holds the row count and the rows'
            hash alone, because rows below it are never rewritten. None keeps the rows in ordinary memory.
        timeouts_terminal: Whether a time limit stops bootstrapping, as in the official code (Q22).

    Raises:
        InputError: The disk has no room for the file.
    """

    def __init__(
        self,
        capacity: int,
        observation_dim: int,
        action_dim: int,
        path: Path | None = None,
        timeouts_terminal: bool = False,
    ):
        o, a = observation_dim, action_dim
        self.capacity, self.size, self.timeouts_terminal, self.path = capacity, 0, timeouts_terminal, path
        # columns: observation, next observation, action, reward, cost, terminal, timeout
        self._widths = (o, o, a, 1, 1, 1, 1)
        shape = (max(capacity, 1), sum(self._widths))
        if path is None:
            self._array = np.zeros(shape, np.float32)
        else:
            allocate(path, 4 * shape[0] * shape[1])
            self._array = np.memmap(path, np.float32, "r+", shape=shape)
        self._hash = hashlib.sha256()  # of the rows so far, where a file backs them
        self._rows = torch.from_numpy(np.asarray(self._array))

    @classmethod
    def from_dataset(cls, arrays: dict[str, np.ndarray], timeouts_terminal: bool = False) -> "ReplayBuffer":
        """A full buffer of an offline dataset's arrays (`marvel.datasets.read`)."""
        n, o = arrays["observations"].shape
        buffer = cls(n, o, arrays["actions"].shape[1], timeouts_terminal=timeouts_terminal)
        keys = ("observations", "next_observations", "actions", "rewards", "costs", "terminals", "timeouts")
        buffer._append([arrays[key] for key in keys])
        return buffer

    def add_episode(
        self, observations: np.ndarray, actions: np.ndarray, rewards: np.ndarray, costs: np.ndarray, terminated: bool
    ) -> None:
        """Append one episode of T steps.

        Args:
            observations: (T + 1, observation_dim), the last one being where the episode ended.
            actions: (T, action_dim).
            rewards: (T,) unscaled.
            costs: (T,).
            terminated: True if the task ended it, False if the time limit did.
        """
        last = np.zeros(len(actions), np.float32)
        last[-1] = 1.0
        terminals, timeouts = (last, 0 * last) if terminated else (0 * last, last)
        self._append([observations[:-1], observations[1:], actions, rewards, costs, terminals, timeouts])

    def _append(self, columns: list[np.ndarray]) -> None:
        start, stop = self.size, self.size + len(columns[0])
        if stop > self.capacity:
            raise InputError(f"the replay buffer holds {self.capacity} transitions and {stop} were put in.")
        left = 0
        for width, column in zip(self._widths, columns, strict=True):
            self._array[start:stop, left : left + width] = np.asarray(column).reshape(stop - start, width)
            left += width
        self.size = stop
        if self.path is not None:
            self._hash.update(self._array[start:stop])

    def sample(self, batch_size: int, generator: torch.Generator) -> Batch:
        """Draw `batch_size` transitions uniformly with replacement."""
        return self.at(torch.randint(self.size, (batch_size,), generator=generator))

    def at(self, index: Tensor) -> Batch:
        """The transitions at the rows `index` (batch,), time limits resolved into `terminals`."""
        o, n, a, r, c, terminal, timeout = self._rows.index_select(0, index).split(self._widths, dim=1)
        ends = torch.maximum(terminal, timeout) if self.timeouts_terminal else terminal
        return Batch(o, a, r[:, 0], c[:, 0], n, ends[:, 0])

    def state_dict(self) -> dict:
        """What a snapshot keeps; a memory-mapped buffer is flushed so that its rows survive beside it."""
        if self.path is not None:
            self._array.flush()
            return {"size": self.size, "sha256": self._hash.hexdigest()}
        return {"size": self.size, "rows": self._rows[: self.size].clone()}

    def holds(self, state: dict) -> bool:
        """Whether the rows that a snapshot counts on are the ones in this buffer's file."""
        return "sha256" not in state or self._hash_of(state["size"]).hexdigest() == state["sha256"]

    def load_state_dict(self, state: dict) -> None:
        """Go back to a snapshot; rows behind its size are forgotten."""
        self.size = state["size"]
        if "rows" in state:
            self._rows[: self.size] = state["rows"]
        else:
            self._hash = self._hash_of(self.size)

    def _hash_of(self, size: int):
        return hashlib.sha256(self._array[:size])


def allocate(path: Path, size: int) -> None:
    """Give a file `size` bytes of disk: a memory map that runs out of it later ends the process without a word.

    What the file holds stays, as far as it goes.

    Raises:
        InputError: There is not enough room.
    """
    try:
        with open(path, "ab") as file:
            os.posix_fallocate(file.fileno(), 0, size)
            os.truncate(file.fileno(), size)
    except (OSError, OverflowError) as error:
        path.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or "more than a file can have"
        raise InputError(
            f"{path.parent} has no room for the replay buffer of {size:,} bytes ({reason}); free some space, "
            "choose another folder, or lower the online budget."
        ) from None
