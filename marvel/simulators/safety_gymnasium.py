"""Safety-Gymnasium 0.4.0: the five velocity tasks and the sixteen navigation tasks, on Python 3.11."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import inspect
import math
import re
import types

import numpy as np

from marvel.simulators import environment, import_dsrl, make_unwrapped, numpy_stream
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
        env_id = task.env_id.replace("Gymnasium", "")
        with numpy_stream(0), _no_skybox():  # a new navigation environment draws a seed from the global stream
            self._env = make_unwrapped(env_id)
            if task.suite == "velocity":
                _slim(self._env)
            else:
                generator = self._env.task.random_generator
                generator.sample_layout = types.MethodType(_sample_layout, generator)
                for gremlins in self._env.task._mocaps.values():  # in Button tasks
                    gremlins.move = types.MethodType(_move, gremlins)
            self._env.reset(seed=0)

    def reset(self, seed: int) -> np.ndarray:
        """Begin the episode of a seed; returns the observation (observation_dim,), float64."""
        with _no_skybox():
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
    """Import the environments' classes, on Python 3.11.

    Nothing is rendered, so mujoco loads no graphics library, whatever MUJOCO_GL asks for and whatever is missing here.
    """
    import_dsrl()
    with _array_defaults_allowed(), environment(MUJOCO_GL="disable"):
        importlib.import_module("dsrl.offline_safety_gymnasium.gym_envs")


@contextlib.contextmanager
def _array_defaults_allowed():
    """Let dataclasses have NumPy arrays as defaults within the block, as before Python 3.11 (each instance a copy)."""
    original = dataclasses.dataclass

    def dataclass(cls=None, /, **options):
        def decorate(cls):
            for name in inspect.get_annotations(cls):
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


@contextlib.contextmanager
def _no_skybox():
    """Build navigation worlds without their skybox: MuJoCo would decode six 4-MB images at every reset (2.4 s).

    The skybox is the background of pictures, so dynamics, observations and costs do not depend on it. Within the block
    safety_gymnasium's world module, and it alone, sees a stand-in for the name ``mujoco``.
    """
    from safety_gymnasium import world

    original, world.mujoco = world.mujoco, _mujoco_without_skybox()
    try:
        yield
    finally:
        world.mujoco = original


@functools.cache
def _mujoco_without_skybox() -> types.ModuleType:
    """A copy of the module ``mujoco`` whose ``MjModel.from_xml_string`` leaves skybox textures out."""
    import mujoco

    class MjModel:
        @staticmethod
        def from_xml_string(xml, *args, **kwargs):
            return mujoco.MjModel.from_xml_string(SKYBOX.sub("", xml), *args, **kwargs)

    stand_in = types.ModuleType("mujoco")
    stand_in.__dict__.update({name: value for name, value in vars(mujoco).items() if not name.startswith("__")})
    stand_in.MjModel = MjModel
    return stand_in


def _sample_layout(self) -> bool:
    """Draw the places of all objects; False where one found no room in 100 draws.

    ``RandomGenerator.sample_layout`` with distances from ``math`` instead of three NumPy calls on two numbers: the same
    draws and the same comparisons, a tenth of the time. Button tasks try up to some 20,000 places per reset.
    """
    layout, taken = {}, []
    for name, (placements, keepout) in self.placements.items():
        for _ in range(100):
            place = self.draw_placement(placements, keepout)
            x, y = place.tolist()
            for other_x, other_y, other_keepout in taken:
                dx, dy = x - other_x, y - other_y
                # the order of the sum decides its last bit
                if math.sqrt(dx * dx + dy * dy) < other_keepout + self.placements_margin + keepout:
                    break
            else:
                layout[name] = place
                taken.append((x, y, keepout))
                break
        else:
            return False
    self.layout = layout
    return True


def _move(self) -> None:
    """Lead the gremlins around their circles: one and the same place for all of them, a function of time alone.

    ``Gremlins.move`` with its one place computed once and written once, instead of once for each gremlin at each of the
    ten substeps of a step.
    """
    model, data = self.engine.model, self.engine.data
    if getattr(self, "moved_model", None) is not model:  # every reset builds another
        self.moved_model = model
        self.rows = [model.body(f"gremlin{i}mocap").mocapid[0] for i in range(self.num)]
    time = float(data.time)
    data.mocap_pos[self.rows] = np.sin(time) * self.travel, np.cos(time) * self.travel, self.size


def _slim(env) -> None:
    """Give a velocity environment the same numbers with less work.

    Stock environments compute the forces between bodies, which none of the five uses, and read a constant, the state
    and their health several times a step. Sums keep their order and precision, so results are equal bit for bit.
    """
    import mujoco
    from gymnasium.envs.mujoco.half_cheetah_v4 import HalfCheetahEnv

    model, data, frame_skip, step_time = env.model, env.data, env.frame_skip, env.dt
    positions, velocities, control = data.qpos, data.qvel, data.ctrl  # views of MuJoCo's memory

    class Slim(type(env)):
        dt = step_time

        def do_simulation(self, ctrl, n_frames):
            control[:] = ctrl
            mujoco.mj_step(model, data, frame_skip)

        def control_cost(self, action):
            return self._ctrl_cost_weight * np.add.reduce(action * action)

        def state_vector(self):
            return np.concatenate((positions, velocities))

        @property
        def healthy_reward(self):
            return self._healthy_reward  # always paid where an unhealthy state ends the episode, as in all of these

    posture = positions[1:]  # all but the place along the track

    class SlimHalfCheetah(Slim):
        def step(self, action):  # without the contents of `info` and the pictures; here Python alone costs a third
            before = positions.item(0)
            control[:] = action
            mujoco.mj_step(model, data, frame_skip)
            velocity = (positions.item(0) - before) / step_time
            effort = float(np.add.reduce(action * action))  # a sum in float32
            reward = self._forward_reward_weight * velocity - self._ctrl_cost_weight * effort
            observation = np.concatenate((posture, velocities))
            return observation, reward, float(velocity > self._velocity_threshold), False, False, {}

    env.__class__ = SlimHalfCheetah if isinstance(env, HalfCheetahEnv) else Slim
