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
            self._env = accelerate(make_unwrapped(task.env_id))
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


class Client:
    """A Bullet client's functions, bound once; the stock client builds a ``functools.partial`` for every call.

    Attributes:
        version: Counts the calls that changed the simulation; a state read at the same version is still true.

    Args:
        number: Bullet's number of an existing client.
    """

    # The calls, among those that the eight tasks make after their construction, that move a body or a joint.
    CHANGING = frozenset(
        ("stepSimulation", "restoreState", "resetBasePositionAndOrientation", "resetBaseVelocity", "resetJointState")
    )

    def __init__(self, number: int):
        import pybullet

        self._client = number
        self.version = 0
        for name, value in vars(pybullet).items():
            if inspect.isbuiltin(value):
                value = functools.partial(value, physicsClientId=number)
                if name in self.CHANGING:
                    value = self._counted(value)
            if not name.startswith("__"):
                setattr(self, name, value)

    def _counted(self, function):
        def changing(*args, **kwargs):
            self.version += 1
            return function(*args, **kwargs)

        return changing


def accelerate(env):
    """Make a Bullet-Safety-Gym environment faster; its numbers stay the same to the last bit.

    The stock environment asks Bullet for the same state about eight times a step, looks every Bullet function up anew,
    and moves a camera and a red sphere that nobody sees.

    Args:
        env: A new environment without wrappers; it is changed and returned.
    """
    stock, env.bc = env.bc, Client(env.bc._client)
    env.stock_client = stock  # disconnects when it is collected, so it must live as long as the environment
    agent = env.agent
    parts = [*agent.joint_list, *agent.link_list, agent]
    for part in [env.task, env.world, env.world.camera, *parts]:
        part.bc = env.bc
    for part in parts:
        part.get_state = _read_once(part.get_state, env.bc)
    agent.violates_constraints = lambda does_violate: None
    env.world.camera.update = lambda **position: None
    return env


def _read_once(get_state, client: Client):
    """Let a state be read from Bullet only once between two changes of the simulation."""
    version, state = -1, None

    def read():
        nonlocal version, state
        if version != client.version:
            state = get_state()
            state.flags.writeable = False  # it is shared now
            version = client.version
        return state

    return read


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
