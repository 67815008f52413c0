"""The episode contract: an episode is a pure function of (task, seed, actions)."""

import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from conftest import ROOT
from episodes import BULLET, INSTALLED, actions_for, digests, play, same

from marvel.errors import Diverged, InputError
from marvel.simulators import make_env
from marvel.tasks import TASKS

pytestmark = pytest.mark.filterwarnings("ignore:Conversion of an array:DeprecationWarning")  # Safety-Gymnasium's


@pytest.mark.parametrize("name", INSTALLED)
def test_episode_is_a_pure_function_of_seed_and_actions(name):
    """Random orders of episodes, cut short or not, with others in between, in this and in a fresh environment."""
    rng = np.random.default_rng(7)
    first_env, task = make_env(name), TASKS[name]
    plan = [(0, 0), (0, 1), (1, 0), (2**32 - 1, 0)]
    plan += [(1, 1), (2**32 - 1, 1)] * (task.suite not in ("navigation", "metadrive"))  # their resets take longer
    expected = {(seed, number): play(first_env, seed, actions_for(name, number)) for seed, number in plan}
    for observations, rows in expected.values():
        assert observations.dtype == np.float32 and observations.shape == (len(rows) + 1, task.observation_dim)

    # teeth: other seeds begin elsewhere, other actions lead elsewhere, and the start depends on the seed alone
    first = [expected[seed, 0][0][0] for seed in (0, 1, 2**32 - 1)]
    if task.suite != "metadrive":  # where traffic differs beyond the lidar's reach (test_metadrive.py)
        assert (first[0] != first[1]).any() and (first[1] != first[2]).any()
    assert not same(expected[0, 0], expected[0, 1])
    assert (expected[0, 0][0][0] == expected[0, 1][0][0]).all()

    for env in (first_env, make_env(name)):
        for index in rng.permutation(len(plan)):
            if rng.random() < 0.7:  # another episode in between, ending in a random last action
                other = actions_for(name, int(rng.integers(100, 200)), int(rng.integers(1, 15)))
                play(env, int(rng.integers(10_000)), other)
            seed, number = plan[index]
            assert same(play(env, seed, actions_for(name, number)), expected[seed, number]), (seed, number)
        env.close()


@pytest.mark.parametrize("name", [*BULLET, "HopperVelocity", "CarCircle2"])
def test_short_episodes_leave_nothing_behind(name):
    """Where an episode ends close to the next one's start, contact points of Bullet's solver would live on."""
    rng, env, starts = np.random.default_rng(3), make_env(name), {}
    for seed in range(3):
        fresh = make_env(name)
        starts[seed] = play(fresh, seed, actions_for(name, 0, 16))
        fresh.close()
    for number in range(40):
        seed, steps = int(rng.integers(3)), int(rng.integers(1, 17))
        trace = play(env, seed, actions_for(name, 0, 16)[:steps])
        played = len(trace[1])
        assert same(trace, (starts[seed][0][: played + 1], starts[seed][1][:played])), number
    env.close()


def test_fresh_process_plays_the_same_episodes():
    """After whatever this process has played by now."""
    code = "import sys; sys.path.insert(0, 'tests'); from episodes import digests; print(digests())"
    fresh = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert fresh.stdout.strip() == digests()


@pytest.mark.parametrize("name", ["BallRun", "DroneRun", "HalfCheetahVelocity", "PointButton1", "Toy"])
def test_global_numpy_stream_is_left_alone(name):
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1:]  # noqa: NPY002
    env = make_env(name)
    play(env, 1, actions_for(name, 1, 5))
    env.close()
    after = np.random.get_state()[1:]  # noqa: NPY002
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("name", ["BallRun", "HalfCheetahVelocity", "Toy"])
def test_time_limit_truncates(name):
    env, steps = make_env(name), TASKS[name].max_episode_steps
    for _ in range(2):  # also the second time
        _, rows = play(env, 0, np.zeros((steps + 5, TASKS[name].action_dim)))
        assert len(rows) == steps
        assert rows[-1, 3] == 1 and not rows[:-1, 3].any() and not rows[:, 2].any()
    with pytest.raises(ValueError, match=f"no episode of {name} is under way"):
        env.step(np.zeros(TASKS[name].action_dim))
    env.close()


def test_failure_terminates():
    env = make_env("HopperVelocity")
    _, rows = play(env, 0, np.ones((1000, 3)))
    assert len(rows) < 1000 and rows[-1, 2] == 1 and rows[-1, 3] == 0
    with pytest.raises(ValueError, match="no episode of HopperVelocity is under way"):
        env.step(np.zeros(3))


def test_reset_needs_a_seed_and_step_checks_actions():
    env = make_env("Toy")
    with pytest.raises(ValueError, match=r"reset of Toy needs a seed"):
        env.reset()
    with pytest.raises(ValueError, match="no episode of Toy is under way"):
        env.step(np.zeros(2))
    env.reset(seed=0)
    with pytest.raises(InputError, match="Toy takes 2 numbers as action"):
        env.step(np.zeros(3))
    for action in (np.array([0.0, np.nan]), np.array([np.inf, 0.0])):
        with pytest.raises(Diverged, match="the policy's action is"):
            env.step(action)
    assert isinstance(env, gymnasium.Env) and env.action_space.contains(np.ones(2, np.float32))
