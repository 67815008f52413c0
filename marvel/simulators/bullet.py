"""Bullet-Safety-Gym 1.4.0: the eight tasks of Ball, Car, Drone and Ant."""

from __future__ import annotations

import contextlib
import os
import sys

import numpy as np

from marvel.simulators import import_dsrl, make_unwrapped, numpy_stream
from marvel.tasks import Task

ALOFT = (0.0, 0.0, 20.0)  # metres; nothing is touched there


class Bullet:
    """One Bullet-Safety-Gym environment; its steps are computed by `marvel.simulators.bullet_agents`.

    Bullet-Safety-Gym ignores ``reset(seed)`` and draws from NumPy's global stream; so the stream is seeded around every
    reset. It also carries two things over into the next episode: Car and Drone their last action, and all agents, if
    the last episode ended near the place where the next one starts, what the solver remembers of the contact points
    with the ground. One step aloft and without action before every reset clears both, and a new environment gets a
    reset and such a step, so that its first episode is like any other.

    Args:
        task: The task.
    """

    def __init__(self, task: Task):
        with real_stdout(), numpy_stream(0):
            import_dsrl()
            self._env = make_unwrapped(task.env_id)
            self._env.reset()
        from marvel.simulators import bullet_agents  # only now, as it imports pybullet

        agent, rules = self._env.agent, self._env.task
        self._agent = bullet_agents.AGENTS[type(agent).__name__](agent)
        self._rules = bullet_agents.TASKS[type(rules).__name__](rules)
        self._idle = np.zeros(task.action_dim, dtype=np.float32)

    def reset(self, seed: int) -> np.ndarray:
        """Begin the episode of a seed; returns the observation (observation_dim,), float64."""
        agent = self._agent
        self._env.agent.set_position(ALOFT)
        agent.read()
        agent.act(self._idle)
        agent.advance()
        with numpy_stream(seed):
            observation, _ = self._env.reset()
        agent.read()
        self._rules.begin()
        return observation

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, float, bool]:
        """Play an action (action_dim,); returns observation (observation_dim,) float64, reward, cost, terminated."""
        agent = self._agent
        agent.act(action)
        agent.advance()
        agent.read()
        reward, cost, observed = self._rules.evaluate(agent)
        return np.array(agent.observe() + observed), reward, cost, not agent.alive

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
