"""Bullet-Safety-Gym 1.4.0: the eight tasks of Ball, Car, Drone and Ant."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys

import numpy as np

from marvel.simulators import import_dsrl, make_unwrapped, numpy_stream
from marvel.tasks import Task

ALOFT = (0.0, 0.0, 20.0)  # metres; nothing is touched there


class Bullet:
    """One Bullet-Safety-Gym environment without its wrappers.

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
            self._env = accelerate(make_unwrapped(task.env_id))
            self._env.reset()
        self._idle = np.zeros(task.action_dim, dtype=np.float32)

    def reset(self, seed: int) -> np.ndarray:
        """Begin the episode of a seed; returns the observation (observation_dim,), float64."""
        self._env.agent.set_position(ALOFT)
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


class Client:
    """A Bullet client's functions, bound once; the stock client builds a ``functools.partial`` for every call.

    Attributes:
        version: Counts the calls that changed the simulation; a state read at the same version is still true.

    Args:
        stock: The client to take the place of; its connection is taken from it.
    """

    # The calls, among those that the eight tasks make after their construction, that move a body or a joint.
    CHANGING = frozenset(
        ("stepSimulation", "restoreState", "resetBasePositionAndOrientation", "resetBaseVelocity", "resetJointState")
    )

    def __init__(self, stock):
        import pybullet  # already loaded, without its greeting, by Bullet-Safety-Gym

        self.version = 0
        # Bullet gives numbers out again: a stock client that still knew its number would, when it is collected,
        # disconnect whoever has that number by then.
        self._client, stock._client = stock._client, -1
        self._end = functools.partial(pybullet.disconnect, physicsClientId=self._client)
        for name, value in vars(pybullet).items():
            if inspect.isbuiltin(value):
                value = functools.partial(value, physicsClientId=self._client)
                if name in self.CHANGING:
                    value = self._counted(value)
            if not hasattr(Client, name):
                setattr(self, name, value)

    def _counted(self, function):
        def changing(*args, **kwargs):
            self.version += 1
            return function(*args, **kwargs)

        return changing

    def disconnect(self) -> None:
        """End the connection and free the simulation; a second call does nothing."""
        if self._client >= 0:
            self._client = -1
            self._end()

    __del__ = disconnect


def accelerate(env):
    """Make a Bullet-Safety-Gym environment faster; its numbers stay the same to the last bit.

    The stock environment asks Bullet for the same state about eight times a step, looks every Bullet function up anew,
    and moves a camera and a red sphere that nobody sees.

    Args:
        env: A new environment without wrappers; it is changed and returned.
    """
    agent, task, client = env.agent, env.task, Client(env.bc)
    bodies = [part for part in vars(task).values() if hasattr(part, "bc")]  # the agent is one of them
    for part in [env, env.world.camera, task, *bodies, *agent.joint_list, *agent.link_list]:
        part.bc = client
    for part in [agent, *agent.joint_list, *agent.link_list]:
        part.get_state = _read_once(part.get_state, client)
    if hasattr(task, "calculate_task_potential"):  # the Run tasks ask for it twice a step
        task.calculate_task_potential = _read_once(task.calculate_task_potential, client)
    agent.violates_constraints = lambda does_violate: None
    env.world.camera.update = lambda **position: None
    return env


def _read_once(read, client: Client):
    """Let a state be read only once between two changes of the simulation; readers share the array and only read it."""
    version, state = -1, None

    def read_once():
        nonlocal version, state
        if version != client.version:
            version, state = client.version, read()
        return state

    return read_once


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
