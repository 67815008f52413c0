"""The simulators behind the tasks, and the one environment class that puts them under the same contract.

A simulator (one file each) knows four things: ``reset(seed) -> observation``, ``step(action) -> (observation, reward,
cost, terminated)``, ``close()``, and how to make an episode a pure function of the seed and the actions.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import tempfile
from math import isfinite
from typing import NamedTuple

import gymnasium
import numpy as np
from gymnasium.envs.registration import load_env_creator

from marvel.errors import Diverged, InputError, SimulatorError
from marvel.tasks import Task, get_task


class State(NamedTuple):
    """A moment of an episode, named by how it came about: valid in any environment of the task, in any process."""

    task: str
    seed: int
    actions: np.ndarray  # (t, action_dim) float32, what was played since the reset


class Episodes(gymnasium.Env):
    """A simulator under the contract of `make_env`: seeds, float32, time limit, checks.

    Args:
        task: The task.
        simulator: An object with ``reset``, ``step`` and ``close`` as described at the top of this file.
    """

    metadata: dict = {"render_modes": []}  # noqa: RUF012 (gymnasium's attribute)

    def __init__(self, task: Task, simulator):
        self.task = task
        self.simulator = simulator
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (task.observation_dim,), np.float32)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (task.action_dim,), np.float32)
        self._shape = (task.action_dim,)
        self._steps_left = 0
        self._seed, self._actions = None, []

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        """Begin the episode that the seed names.

        Raises:
            ValueError: No seed was given: without one, an episode would depend on what was played before.
        """
        if seed is None:
            raise InputError(f"reset of {self.task.name} needs a seed: reset(seed=...) names the episode.")
        observation = self.simulator.reset(int(seed))
        self._seed, self._actions = int(seed), []
        self._steps_left = self.task.max_episode_steps
        return observation.astype(np.float32), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        """Play one step; the action is cast to float32, the precision in which it is stored.

        Raises:
            InputError: The action has another shape, or no episode is under way.
            Diverged: The action is not finite.
            SimulatorError: The simulator's reward, cost or observation is not finite.
        """
        action = np.asarray(action, dtype=np.float32)
        if action.shape != self._shape:
            raise InputError(f"{self.task.name} takes {self._shape[0]} numbers as action, not {action}.")
        if not isfinite(action.dot(action)):
            raise Diverged(f"the policy's action is {action}")
        if self._steps_left <= 0:
            raise InputError(f"no episode of {self.task.name} is under way; call reset(seed=...) first.")
        observation, reward, cost, terminated = self.simulator.step(action)
        self._actions.append(action.tobytes())  # a copy: the caller may write its next action into the same array
        left = self._steps_left - 1
        truncated = left == 0  # as with gymnasium's TimeLimit, a failure in the very last step sets both flags
        self._steps_left = 0 if terminated else left
        observation = observation.astype(np.float32)
        if not isfinite(observation.dot(observation) + reward + cost):  # a sum is finite only if its parts are
            self._check_answer(observation, reward, cost)
        return observation, float(reward), bool(terminated), truncated, {"cost": float(cost)}

    def _check_answer(self, observation: np.ndarray, reward: float, cost: float) -> None:
        """Name the part of a step's answer that is not finite.

        Raises:
            SimulatorError: There is one.
        """
        for name, value in (("reward", reward), ("cost", cost), ("observation", observation)):
            if not np.isfinite(value).all():
                raise SimulatorError(
                    f"the simulator of {self.task.name} gave the {name} {value} in step {len(self._actions)} of the "
                    f"episode with seed {self._seed}; no run can go on from there: look at the simulator."
                )

    def save_state(self) -> State:
        """The present moment, for `restore_state`; what is played afterwards does not change it.

        Raises:
            ValueError: No episode has begun.
        """
        if self._seed is None:
            raise InputError(f"no episode of {self.task.name} has begun; call reset(seed=...) before save_state().")
        actions = np.frombuffer(b"".join(self._actions), np.float32).reshape(-1, *self._shape)
        return State(self.task.name, self._seed, actions)

    def restore_state(self, state: State) -> np.ndarray:
        """Go back to a moment: the same actions then give the same trajectory, bit for bit, whatever was played.

        The episode is played again up to there, which works for every simulator because an episode is a function of
        (task, seed, actions) alone. Simulators' own snapshots forget things (Bullet's the commands of its motors); for
        moments spread over an episode, they would save half the time of Monte-Carlo rollouts to its end.

        Args:
            state: From `save_state`, also of another environment of this task.

        Returns:
            The observation (observation_dim,) at that moment.

        Raises:
            ValueError: The state belongs to another task.
        """
        if state.task != self.task.name:
            raise InputError(f"this state is one of {state.task}, not of {self.task.name}; restore it there.")
        observation, _ = self.reset(seed=state.seed)
        for action in state.actions:
            observation = self.step(action)[0]
        return observation

    def close(self) -> None:
        """Free the simulator; a second call does nothing."""
        self.simulator.close()
        self._steps_left, self._seed = 0, None


def make_env(task: Task | str) -> Episodes:
    """Make the environment of a task.

    An episode is a pure function of (task, episode seed, actions), whatever was played before, in whatever process.

    Args:
        task: The task or its short name.

    Returns:
        An environment with ``reset(seed=int) -> (observation, info)`` and ``step(action) -> (observation, reward,
        terminated, truncated, info)``; observations are float32 (observation_dim,), ``info["cost"]`` is the cost of
        the step (>= 0), the time limit sets ``truncated``, and ``close()`` frees the simulator.

    Raises:
        InputError: The task is unknown or its simulator is not installed.
    """
    task = get_task(task) if isinstance(task, str) else task
    if task.suite == "bullet":
        from marvel.simulators.bullet import Bullet as Simulator
    elif task.suite in ("velocity", "navigation"):
        from marvel.simulators.safety_gymnasium import SafetyGymnasium as Simulator
    elif task.suite == "toy":
        from marvel.simulators.toy import Toy as Simulator
    else:
        from marvel.simulators.metadrive import MetaDrive as Simulator
    return Episodes(task, Simulator(task))


@functools.cache
def import_dsrl() -> None:
    """Import dsrl, which registers its environments with gymnasium.

    dsrl makes its download folder while it is imported, in a place that may be read-only or not exist; nothing is
    downloaded through it here, so it is pointed at the temporary folder.
    """
    with environment(DSRL_DATASET_DIR=tempfile.gettempdir()):
        importlib.import_module("dsrl")


@contextlib.contextmanager
def environment(**variables: str):
    """Set environment variables within the block and put the old ones back afterwards."""
    old = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in old.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def make_unwrapped(env_id: str) -> gymnasium.Env:
    """Build a registered environment without the wrappers that ``gymnasium.make`` puts around it.

    Five wrappers (checker, order, time limits, conversion) cost as much as some of the simulators themselves;
    `Episodes` does what they would do.

    Args:
        env_id: Id of the environment in gymnasium's registry.
    """
    spec = gymnasium.spec(env_id)
    return load_env_creator(spec.entry_point)(**spec.kwargs)


@contextlib.contextmanager
def numpy_stream(seed: int):
    """Seed NumPy's global random stream within the block and put it back as it was afterwards.

    Args:
        seed: Seed of the block's stream; the episode seed where a simulator draws an episode from this stream.
    """
    state = np.random.get_state()  # noqa: NPY002 (the simulators draw from the global stream)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
