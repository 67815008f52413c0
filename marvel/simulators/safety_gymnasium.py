"""Safety-Gymnasium 0.4.0: the five velocity tasks and the sixteen navigation tasks, on Python 3.11."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import re
import types

import numpy as np

from marvel.simulators import import_dsrl, make_unwrapped, numpy_stream
from marvel.tasks import Task

SKYBOX = re.compile(r"<texture\b[^>]*type=\"skybox\"[^>]*?(?:/>|>\s*</texture>)")


class SafetyGymnasium:
    """One Safety-Gymnasium environment without its wrappers.

    ``reset(seed)`` of Safety-Gymnasium fixes the episode, except that the Car agents' first reset of a new environment
    differs from later ones in the last digits; so every new environment throws one reset away.

    Args:
        task: The task.
    """

    def __init__(self, task: Task):
        _import_simulator()
        # "OfflineCarGoal1Gymnasium-v0" only wraps "OfflineCarGoal1-v0", which returns the cost as a sixth value.
        with numpy_stream(0):  # a new navigation environment draws its first seed from the global stream
            self._env = make_unwrapped(task.env_id.replace("Gymnasium", ""))
            self._env.reset(seed=0)

    def reset(self, seed: int) -> np.ndarray:
        """Begin the episode of a seed; returns the observation (observation_dim,), float64."""
        return self._env.reset(seed=seed)[0]

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, float, bool]:
        """Play an action (action_dim,); returns observation, reward, cost, terminated."""
        observation, reward, cost, terminated, _, _ = self._env.step(action)
        return observation, reward, cost, terminated

    def close(self) -> None:
        """Free the model; MuJoCo holds nothing outside this object."""
        self._env = None


@functools.cache
def _import_simulator() -> None:
    """Import the environments' classes and take the skybox out of the worlds that are built from now on."""
    import_dsrl()
    with _array_defaults_allowed():
        importlib.import_module("dsrl.offline_safety_gymnasium.gym_envs")
    _remove_skybox()


@contextlib.contextmanager
def _array_defaults_allowed():
    """Let dataclasses have NumPy arrays as defaults within the block, as before Python 3.11 (each instance a copy)."""
    original = dataclasses.dataclass

    def dataclass(cls=None, /, **options):
        def decorate(cls):
            for name in cls.__dict__.get("__annotations__", {}):
                default = cls.__dict__.get(name)
                if isinstance(default, np.ndarray):
                    setattr(cls, name, dataclasses.field(default_factory=default.copy))
            return original(cls, **options)

        return decorate if cls is None else decorate(cls)

    dataclasses.dataclass = dataclass
    try:
        yield
    finally:
        dataclasses.dataclass = original


def _remove_skybox() -> None:
    """Build navigation worlds without their skybox: MuJoCo would decode six 4-MB images at every reset (2.4 s).

    The skybox is a texture of the background, so dynamics, observations and costs do not depend on it. Only
    safety_gymnasium's world module sees the change: its name ``mujoco`` is bound to a stand-in.
    """
    import mujoco
    from safety_gymnasium import world

    class MjModel:
        @staticmethod
        def from_xml_string(xml, *args, **kwargs):
            return mujoco.MjModel.from_xml_string(SKYBOX.sub("", xml), *args, **kwargs)

    stand_in = types.ModuleType("mujoco")
    stand_in.__dict__.update({name: value for name, value in vars(mujoco).items() if not name.startswith("__")})
    stand_in.MjModel = MjModel
    world.mujoco = stand_in
