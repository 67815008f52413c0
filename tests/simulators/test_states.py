"""Going back to a moment of an episode, as Monte-Carlo checks of value functions do."""

import pickle

import numpy as np
import pytest
from episodes import BULLET, INSTALLED, VELOCITY, actions_for, play, same

from marvel.simulators import make_env
from marvel.tasks import TASKS

pytestmark = pytest.mark.filterwarnings("ignore:Conversion of an array:DeprecationWarning")  # Safety-Gymnasium's


def go_on(env, actions):
    """Play actions from here: an array (steps, observation_dim + 4) of observations, rewards, costs and flags."""
    rows = []
    for action in actions:
        observation, reward, terminated, truncated, info = env.step(action)
        rows.append([*observation.tolist(), reward, info["cost"], terminated, truncated])
        if terminated or truncated:
            break
    return np.array(rows)


OTHERS = [name for name in ("PointGoal1", "CarButton1", "hardmean", "Toy") if name in INSTALLED]


@pytest.mark.parametrize("name", [*BULLET, *VELOCITY, *OTHERS])
def test_restored_moment_goes_on_bit_for_bit(name):
    """After other episodes, in another environment, from two moments, and with other actions than the first time."""
    env = make_env(name)
    first, then, other = (0.2 * actions_for(name, number, 10) for number in (1, 2, 3))  # gentle: Hopper and Walker fall
    start, _ = env.reset(seed=3)
    at_start = env.save_state()
    here = go_on(env, first)[-1]
    moment = env.save_state()
    expected = {"then": go_on(env, then)}
    assert (env.restore_state(moment) == here[: TASKS[name].observation_dim]).all()
    expected["other"] = go_on(env, other)
    assert expected["then"].shape != expected["other"].shape or (expected["then"] != expected["other"]).any()
    for where in (env, make_env(name)):
        for actions, key in ((then, "then"), (other, "other"), (then, "then")):
            play(where, 8, np.full_like(actions_for(name, 4, 9), 0.9))  # ends in a strong last action
            again = where.restore_state(pickle.loads(pickle.dumps(moment)))
            assert again.dtype == np.float32 and (again == here[: TASKS[name].observation_dim]).all()
            np.testing.assert_array_equal(go_on(where, actions), expected[key])
        assert (where.restore_state(at_start) == start).all()
        np.testing.assert_array_equal(go_on(where, first)[-1], here)
        where.close()


def test_state_outlives_a_reused_action_array_and_the_time_limit():
    env, action = make_env("Toy"), np.zeros(2, np.float32)
    env.reset(seed=1)
    for number in range(29):
        action[:] = np.sin(number)
        env.step(action)
    moment = env.save_state()
    last = env.step(action)
    assert last[3]
    env.restore_state(moment)
    again = env.step(action)
    assert (again[0] == last[0]).all() and again[1:] == last[1:]
    env.restore_state(env.save_state())  # also at the end, where nothing can be played any more
    with pytest.raises(ValueError, match="no episode of Toy is under way"):
        env.step(action)


def test_faults_are_one_sentence():
    toy, hopper = make_env("Toy"), make_env("HopperVelocity")
    with pytest.raises(ValueError, match=r"no episode of Toy has begun; call reset\(seed=...\) before save_state"):
        toy.save_state()
    toy.reset(seed=0)
    with pytest.raises(ValueError, match="this state is one of Toy, not of HopperVelocity; restore it there"):
        hopper.restore_state(toy.save_state())
    toy.close()
    with pytest.raises(ValueError, match="no episode of Toy has begun"):
        toy.save_state()


def test_play_is_unchanged_by_saving():
    env, actions = make_env("BallRun"), actions_for("BallRun", 0)
    plain = play(env, 0, actions)
    env.reset(seed=0)
    for action in actions:
        env.save_state()
        env.step(action)
    assert same(play(env, 0, actions), plain)
    env.close()
