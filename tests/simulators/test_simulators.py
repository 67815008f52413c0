"""The environments equal the stock simulators, which carry history that ours do not."""

import contextlib
import os
import subprocess
import sys
import time
import warnings

import gymnasium
import numpy as np
import pytest
from conftest import ROOT
from episodes import BULLET, VELOCITY, actions_for, go_on, play, same

from marvel.simulators import bullet, make_env, safety_gymnasium
from marvel.tasks import TASKS

FAILING = ["DroneCircle", "AntCircle"]  # Bullet tasks where such actions end an episode early
# one of each agent, with and without crowded layouts; each costs the stock simulator 2.5 s per reset
NAVIGATION = ["PointGoal2", "CarButton2", "CarCircle1"]
MORE_NAVIGATION = ["PointButton1", "PointPush2", "PointCircle2", "CarGoal1", "CarPush1"]
pytestmark = pytest.mark.filterwarnings("ignore:Conversion of an array:DeprecationWarning")  # Safety-Gymnasium's


@contextlib.contextmanager
def stock_env(name):
    """DSRL's own environment, made by gymnasium with all its wrappers."""
    make_env(name).close()  # imports the simulator on Python 3.11 and registers its environments
    with warnings.catch_warnings(), bullet.real_stdout():
        warnings.simplefilter("ignore")  # the checker warns of the simulators' old habits
        env = gymnasium.make(TASKS[name].env_id)
        yield env
        env.close()


def play_stock(env, seed, actions, idle):
    """Play an episode of a stock environment; ``idle`` asks for what `Bullet` does before a reset.

    Returns:
        Its trace, observations in float64.
    """
    if idle:
        env.unwrapped.agent.set_position(bullet.ALOFT)
        env.unwrapped.step(np.zeros(env.action_space.shape, dtype=np.float32))
    np.random.seed(seed)  # noqa: NPY002 (Bullet-Safety-Gym draws from it)
    return go_on(env, env.reset(seed=seed)[0], actions)


def rounded(trace):
    """A trace as `Episodes` hands it out, observations in float32."""
    return trace[0].astype(np.float32), trace[1]


def play_exactly(simulator, seed, actions):
    """The trace of a simulator's episode: observations (T+1, observation_dim) float64, (T, 3) without time limit."""
    observations, rows = [simulator.reset(seed)], []
    for action in actions:
        observation, *row = simulator.step(action)
        observations.append(observation)
        rows.append(row)
        if row[2]:
            break
    return np.array(observations), np.array(rows, dtype=np.float64)


def plays_as_stock(ours, stock, seed, actions, idle):
    """Whether an episode has the same numbers as in the stock environment, in float64 and as an environment's float32.

    Returns:
        That, and the rows of the episode's trace.
    """
    expected = play_stock(stock, seed, actions, idle)
    exact = play_exactly(ours.simulator, seed, actions)
    equal = same(exact, (expected[0], expected[1][:, :3])) and same(play(ours, seed, actions), rounded(expected))
    return equal, expected[1]


@pytest.mark.parametrize("name", BULLET)
def test_bullet_equals_stock(name):
    """More than 250 steps over several episodes: a whole one, then steady, gentle and too great actions."""
    ours, rows = make_env(name), []
    with stock_env(name) as stock:
        np.random.seed(0)  # noqa: NPY002 (as `Bullet` begins)
        stock.reset()
        for seed in range(20):
            actions = actions_for(name, seed, TASKS[name].max_episode_steps if seed == 0 else 90)
            actions = (actions, np.full_like(actions, 0.8), 0.2 * actions, 3 * actions)[seed % 4]
            equal, row = plays_as_stock(ours, stock, seed, actions, idle=True)
            assert equal
            rows.extend(row)
            for env in (stock.unwrapped, ours.simulator._env):  # near enough for costs in every task
                env.task.x_lim, env.task.y_lim = 2.0, 0.2  # each task has one of the two
            if seed >= 3 and len(rows) > 250:
                break
    ours.close()
    _, costs, terminated, truncated = np.transpose(rows)
    assert len(rows) > 250
    assert 0 < costs.sum() < len(rows)
    assert terminated.any() or name not in FAILING
    assert truncated.any() or name in FAILING


@pytest.mark.parametrize("name", ["BallRun", "AntCircle"])
def test_idle_step_changes_nothing_where_it_is_not_needed(name):
    """Ball and Ant episodes are those of a stock environment that is only seeded and reset."""
    ours = make_env(name)
    with stock_env(name) as stock:
        for seed in (3, 4, 3):
            actions = actions_for(name, seed, 60)
            assert same(play(ours, seed, actions), rounded(play_stock(stock, seed, actions, idle=False)))
    ours.close()


@pytest.mark.parametrize("name", ["CarRun", "DroneRun"])
def test_stock_car_and_drone_carry_history(name):
    """The reason for the idle step; if this fails, the contract's tests below have lost their teeth."""
    actions = actions_for(name, 0)
    with stock_env(name) as stock:
        traces = []
        for last in (-1.0, 1.0):
            play_stock(stock, 1, np.full_like(actions, last), idle=False)
            traces.append(play_stock(stock, 2, actions, idle=False))
    assert not same(*traces)


@pytest.mark.parametrize("name", VELOCITY)
def test_velocity_equals_stock(name):
    ours, rows = make_env(name), []
    with stock_env(name) as stock:
        for env in (stock.unwrapped, ours.simulator._env):  # slow enough for costs in every task
            env._velocity_threshold = 0.2
        for seed in range(40):
            actions = actions_for(name, seed, TASKS[name].max_episode_steps)
            equal, row = plays_as_stock(ours, stock, seed, (actions, 3 * actions)[seed % 2], idle=False)
            assert equal
            rows.extend(row)
            if seed >= 2 and len(rows) > 300:
                break
    assert len(rows) > 300
    assert 0 < np.transpose(rows)[1].sum() < len(rows)


@pytest.mark.parametrize(
    "name", [*NAVIGATION, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE_NAVIGATION)]
)
def test_navigation_equals_stock(name):
    """Without skybox, with our own drawing of layouts and moving of gremlins."""
    import mujoco

    ours = make_env(name)
    with stock_env(name) as stock:
        stock.reset(seed=0)  # the first reset of a Car differs in the last digits
        ours.reset(seed=0)
        skies = [
            env.task.model.tex_type == mujoco.mjtTexture.mjTEXTURE_SKYBOX
            for env in (stock.unwrapped, ours.simulator._env)
        ]
        assert skies[0].sum() == 1 and not skies[1].any()  # what costs the stock simulator 2 s a reset
        for seed in (5, 6):
            began = time.process_time()
            ours.reset(seed=seed)
            assert time.process_time() - began < 1.0  # stock: above 1; ours: below 0.2 on a quiet machine
            actions = actions_for(name, seed, 150)
            trace = play(ours, seed, actions)
            assert same(trace, rounded(play_stock(stock, seed, actions, idle=False)))
    from safety_gymnasium import world

    assert world.mujoco.__file__  # the stand-in is gone again


def test_close_frees_only_its_own_client():
    """Bullet gives a client's number out again after `close`; the closed environment must not touch it any more."""
    import pybullet

    first = make_env("BallRun")
    number = first.simulator._env.bc._client
    assert pybullet.isConnected(number)
    first.close()
    first.close()
    assert not pybullet.isConnected(number)
    second = make_env("BallRun")
    assert second.simulator._env.bc._client == number
    del first
    assert pybullet.isConnected(number)
    assert len(play(second, 0, actions_for("BallRun", 0))[1]) == 30
    second.close()


def test_bullet_starts_without_real_streams_and_prints_nothing():
    """As in a notebook: neither stdout nor stderr has a file descriptor, in the process that first imports Bullet."""
    code = (
        "import io, sys; from marvel.simulators import make_env\n"
        "fakes = sys.stdout, sys.stderr = io.StringIO(), io.StringIO()\n"
        "env = make_env('BallRun'); env.reset(seed=0); env.close()\n"
        "assert (sys.stdout, sys.stderr) == fakes and not fakes[0].getvalue() + fakes[1].getvalue()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout + done.stderr == ""


def test_dataclasses_refuse_arrays_again():
    """The shim that lets Safety-Gymnasium be imported on Python 3.11 is taken back after the import."""
    import dataclasses

    make_env("PointGoal1").close()
    safety_gymnasium._import_simulator.__wrapped__()  # also when done again
    with pytest.raises(ValueError, match="mutable default"):
        dataclasses.dataclass(type("Record", (), {"__annotations__": {"x": np.ndarray}, "x": np.zeros(2)}))


@pytest.mark.parametrize(
    ("task", "variable", "value"),
    [
        ("BallRun", "DSRL_DATASET_DIR", ""),
        ("BallRun", "DSRL_DATASET_DIR", "/proc/none"),
        ("HopperVelocity", "MUJOCO_GL", "osmesa"),
        ("HopperVelocity", "MUJOCO_GL", "nonsense"),
    ],
)
def test_simulators_need_no_dataset_folder_and_no_graphics_library(task, variable, value):
    code = f"import os; from marvel.simulators import make_env; make_env({task!r}).reset(seed=1)"
    code += f"; assert os.environ[{variable!r}] == {value!r}"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {variable: value}, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
