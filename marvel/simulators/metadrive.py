"""MetaDrive 0.2.6.0: DSRL's nine driving tasks, with DSRL's own task definition (docs/metadrive.md)."""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import importlib.util
import os
import re
import sys
import tempfile
import types

import gymnasium
import numpy as np

from marvel.errors import InputError
from marvel.simulators import import_dsrl, make_unwrapped, numpy_stream
from marvel.tasks import Task

# What Panda3D's C++ code says on machines without game controllers, and when an engine follows another one.
NOISE = re.compile(rb":device\(error\): .* /dev/input\b|:task\(warning\): Creating implicit AsyncTaskChain default\b")


class MetaDrive:
    """One MetaDrive environment of DSRL without wrappers.

    DSRL leaves the traffic unseeded and MetaDrive uses the bodies of past vehicles again, which moves the last digits;
    here the traffic follows the episode seed and every body is new, so an episode repeats bit for bit.

    MetaDrive allows one engine per process. The environment that was reset last has it; another one that is stepped
    says so, and takes it over when it is reset.

    Args:
        task: The task.

    Raises:
        InputError: MetaDrive is not installed.
    """

    _owner: MetaDrive | None = None

    def __init__(self, task: Task):
        if not all(importlib.util.find_spec(name) for name in ("metadrive", "panda3d", "gltf", "cv2")):
            raise InputError(f"task {task.name!r} needs MetaDrive, which is not installed: ./run install metadrive")
        _import_simulator()
        self._task = task
        self._env = make_unwrapped(task.env_id)  # light: the engine starts at the first reset
        self._env.config["force_destroy"] = True

    def reset(self, seed: int) -> np.ndarray:
        """Begin the episode of a seed; returns the observation (observation_dim,), float32."""
        env = self._env
        if MetaDrive._owner is not self:
            if MetaDrive._owner is not None:
                MetaDrive._owner.close()
            MetaDrive._owner = self
            with _without_noise():
                env.lazy_init()
        env.engine.traffic_manager.np_random = np.random.RandomState(seed)
        with numpy_stream(0):  # building the map draws the height of sidewalks from the global stream
            return env.reset(seed=env.start_seed)[0]

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, float, bool]:
        """Play an action (action_dim,); returns observation, reward, cost, terminated.

        Raises:
            ValueError: Another environment has taken the engine over since the last reset.
        """
        if MetaDrive._owner is not self:
            raise InputError(
                f"another MetaDrive environment of this process has taken over the engine of {self._task.name}; call "
                "reset(seed=...) to take it back, and play in one environment at a time or in separate processes."
            )
        observation, reward, terminated, _, info = self._env.step(action)
        return observation, reward, info["cost"], terminated

    def driver(self, seed: int):
        """MetaDrive's own lane-following driver for the episode under way: ``act()`` gives the next action.

        It looks at the map and at the other cars, not at the observation. Its speed in km/h is ``NORMAL_SPEED``.
        """
        from metadrive.policy.idm_policy import IDMPolicy

        return IDMPolicy(self._env.vehicle, random_seed=seed)

    def close(self) -> None:
        """Shut the engine down, if it is this environment's."""
        if MetaDrive._owner is self:
            MetaDrive._owner = None
            self._env.close()
            self._env.engine = None


@atexit.register
def _close_engine() -> None:
    """Panda3D crashes when the interpreter ends with an engine running."""
    if MetaDrive._owner is not None:
        MetaDrive._owner.close()


@functools.cache
def _import_simulator() -> None:
    """Import MetaDrive and DSRL's tasks, which registers these with gymnasium."""
    import_dsrl()
    with _stand_ins():
        importlib.import_module("dsrl.offline_metadrive.gym_envs")
    for name in ("component.vehicle_module.lidar", "utils.config", "utils.math_utils"):
        importlib.import_module(f"metadrive.{name}").np = _numpy_with_old_names()
    # it only writes to a log, of which nothing may be left when the interpreter ends
    importlib.import_module("metadrive.base_class.nameable").Nameable.__del__ = lambda self: None


@contextlib.contextmanager
def _stand_ins():
    """Let MetaDrive and dsrl find gymnasium under the name of the old gym within the block.

    The classes of the Waymo data format, which no task uses, cannot be made with a protobuf of today and are left out.
    """

    class Everything:
        def __contains__(self, item):
            return True

    registration = types.ModuleType("gym.envs.registration")
    registration.register = gymnasium.register
    # MetaDrive registers (and prints) only what is not there yet
    registration.registry = types.SimpleNamespace(env_specs=Everything())
    modules = {
        "gym": gymnasium,
        "gym.spaces": gymnasium.spaces,
        "gym.envs": gymnasium.envs,
        "gym.envs.registration": registration,
        "metadrive.utils.waymo_utils.protos.scenario_pb2": types.ModuleType("scenario_pb2"),
    }
    kept = {name: module for name, module in sys.modules.items() if name == "gym" or name.startswith("gym.")}
    for name in kept:
        del sys.modules[name]
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


@functools.cache
def _numpy_with_old_names() -> types.ModuleType:
    """A copy of the module ``numpy`` with the names that NumPy 1.24 removed, for the three modules that use them."""
    stand_in = types.ModuleType("numpy")
    stand_in.__dict__.update({name: value for name, value in vars(np).items() if not name.startswith("__")})
    stand_in.bool, stand_in.int, stand_in.float = bool, int, float
    return stand_in


@contextlib.contextmanager
def _without_noise():
    """Hold back what is written to the file descriptor of stderr within the block, then pass on all but `NOISE`."""
    try:
        original = os.dup(2)
    except OSError:  # started without stderr
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(original, 2)
            held.seek(0)
            lines = [line for line in held if not NOISE.match(line)]
            os.write(original, b"".join(lines))
            os.close(original)
