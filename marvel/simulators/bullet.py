"""Bullet-Safety-Gym 1.4.0: the eight tasks of Ball, Car, Drone and Ant."""

from __future__ import annotations

import contextlib
import os
import sys

import numpy as np

from marvel.simulators import import_dsrl, make_unwrapped, numpy_stream
from marvel.tasks import Task


class Bullet:
    """One Bullet-Safety-Gym environment without its wrappers.

    Bullet-Safety-Gym ignores ``reset(seed)`` and draws from NumPy's global stream; so the stream is seeded around every
    reset. Car and Drone also carry the last action over into the next episode; one step without action before every
    reset clears it, and a new environment gets a reset and such a step, so that its first episode is like any other.

    Args:
        task: The task.
    """

    def __init__(self, task: Task):
        with real_stdout(), numpy_stream(0):
            import_dsrl()
            self._env = make_unwrapped(task.env_id)
            self._env.reset()
        self._idle = np.zeros(task.action_dim, dtype=np.float32)

    def reset(self, seed: int) -> np.ndarray:
        """Begin the episode of a seed; returns the observation (observation_dim,), float64."""
        self._env.step(self._idle)
        with numpy_stream(seed):
            return self._env.reset()[0]

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, float, bool]:
        """Play an action (action_dim,); returns observation, reward, cost, terminated."""
        observation, reward, terminated, _, info = self._env.step(action)
        return observation, reward, info["cost"], terminated

    def close(self) -> None:
        """Disconnect the Bullet client, which holds some 30 to 60 MB."""
        self._env.close()


@contextlib.contextmanager
def real_stdout():
    """Give sys.stdout and sys.stderr file descriptors within the block.

    Bullet-Safety-Gym silences Bullet's start by duplicating ``sys.stdout.fileno()``, which a notebook, a test runner or
    ``contextlib.redirect_stdout`` may have replaced by an object without one. A file opened by descriptor also has no
    name, which spares it a look-up of that name in the C library.
    """
    streams = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        stand_ins = []
        for number, stream in zip((1, 2), streams, strict=True):
            with contextlib.suppress(AttributeError, ValueError):
                stream.flush()  # None without a console, closed in a daemon
            try:
                os.fstat(number)
                stand_in = open(number, "w", closefd=False)  # noqa: SIM115
            except OSError:  # started with the descriptor closed
                stand_in = open(os.open(os.devnull, os.O_WRONLY), "w")  # noqa: SIM115
            stand_ins.append(stack.enter_context(stand_in))
        sys.stdout, sys.stderr = stand_ins
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams
