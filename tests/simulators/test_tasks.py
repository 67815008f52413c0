"""The task table, DSRL's normalised scores, and the toy task."""

import subprocess
import sys

import numpy as np
import pytest

from marvel.simulators import import_dsrl, make_env
from marvel.tasks import TASKS, get_task, normalize_cost, normalize_return

# dsrl's get_normalized_score for (return, cost) pairs, computed with dsrl 0.1.0: task, return, normalised return.
DSRL_RETURNS = [
    ("BallRun", 0.0, -0.020244129303915892),
    ("BallRun", 123.456, 0.07464131333984875),
    ("BallRun", 900.0, 0.6714751745726731),
    ("SwimmerVelocity", -50.5, -0.21169468799005622),
    ("SwimmerVelocity", 900.0, 3.767171177165372),
    ("harddense", 31.0, 0.03313130989336883),
]
# The same for costs, which are scored alike in every task: cost, limit, normalised cost.
DSRL_COSTS = [
    (0.0, 0, 1.0),
    (20.0, 0, 21.0),
    (0.5, 0, 1.5),
    (20.0, 5, 4.0),
    (7.25, 5, 1.45),
    (310.0, 20, 15.5),
    (0.0, 20, 0.0),
]


def test_table_has_the_38_tasks_of_dsrl_and_the_toy():
    suites = [task.suite for task in TASKS.values()]
    counts = {suite: suites.count(suite) for suite in set(suites)}
    assert counts == {"bullet": 8, "navigation": 16, "velocity": 5, "metadrive": 9, "toy": 1}
    for name, task in TASKS.items():
        assert task.name == name
        assert task.min_return < task.max_return and 0 <= task.min_cost < task.max_cost
        assert isinstance(task.max_episode_steps, int) and task.max_episode_steps > 0
        assert task.suite == "toy" or (task.env_id.startswith("Offline") and task.dataset_file.endswith(".hdf5"))


def test_table_agrees_with_dsrl():
    import_dsrl()
    from dsrl import infos

    for name, task in TASKS.items():
        if task.suite == "toy":
            continue
        assert task.max_episode_steps == infos.DEFAULT_MAX_EPISODE_STEPS[name], name
        assert (task.min_return, task.max_return) == (infos.MIN_EPISODE_REWARD[name], infos.MAX_EPISODE_REWARD[name])
        assert (task.min_cost, task.max_cost) == (infos.MIN_EPISODE_COST[name], infos.MAX_EPISODE_COST[name]), name
        assert infos.DATASET_URLS[name].endswith("/" + task.dataset_file), name


@pytest.mark.parametrize(("name", "episode_return", "expected"), DSRL_RETURNS)
def test_normalized_return_is_dsrl_s(name, episode_return, expected):
    assert normalize_return(TASKS[name], episode_return) == expected


@pytest.mark.parametrize(("cost", "limit", "expected"), DSRL_COSTS)
def test_normalized_cost_is_dsrl_s(cost, limit, expected):
    assert normalize_cost(TASKS["BallRun"], cost, limit) == expected


def test_scores_equal_dsrl_s_own_function():
    """Also over arrays, against the code that the paper's numbers came from."""
    import_dsrl()
    from dsrl import offline_env

    rng = np.random.default_rng(0)
    returns, costs = rng.uniform(-100, 2000, (4, 5)), rng.uniform(0, 300, (4, 5))
    for task in TASKS.values():
        env = offline_env.OfflineEnv(max_episode_reward=task.max_return, min_episode_reward=task.min_return)
        for limit in (0, 10, 20.0, 40):
            env.set_target_cost(limit)
            expected_return, expected_cost = env.get_normalized_score(returns, costs)
            np.testing.assert_array_equal(normalize_return(task, returns), expected_return)
            np.testing.assert_array_equal(normalize_cost(task, costs, limit), expected_cost)


def test_negative_limit_is_refused():
    with pytest.raises(ValueError, match=r"the cost limit of BallRun is -1; it must be 0 or more"):
        normalize_cost(TASKS["BallRun"], 3.0, -1)


def test_unknown_task_names_the_nearest():
    with pytest.raises(ValueError, match=r"no task 'ballrun'; did you mean BallRun"):
        get_task("ballrun")
    with pytest.raises(ValueError, match="HopperVelocity"):
        make_env("Hopper-Velocity")
    with pytest.raises(ValueError, match="known tasks: AntCircle, "):
        get_task("chess")


def test_metadrive_task_without_metadrive_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    sentence = r"task 'easymean' needs MetaDrive, which is not installed: \./run install metadrive$"
    with pytest.raises(ValueError, match=sentence) as error:
        make_env("easymean")
    assert "\n" not in str(error.value)


def test_import_is_light():
    """The workflow imports the table for every job, so no simulator or learning library may come with it."""
    code = "import sys, marvel.tasks; print(*sys.modules)"
    modules = set(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    )
    assert "marvel.tasks" in modules
    assert not modules & {"dsrl", "torch", "gymnasium", "pybullet", "mujoco", "safety_gymnasium", "pandas"}


def play(env, seed, policy):
    """Play an episode of the toy; returns the observations, the return, the cost and the length."""
    observation, _ = env.reset(seed=seed)
    observations, total, cost, truncated = [observation], 0.0, 0.0, False
    while not truncated:
        observation, reward, terminated, truncated, info = env.step(policy(observation))
        assert not terminated
        observations.append(observation)
        total, cost = total + reward, cost + info["cost"]
    return np.array(observations), total, cost, len(observations) - 1


def test_toy_pays_for_leaving_the_circle():
    env = make_env("Toy")
    _, bold_return, bold_cost, length = play(env, 0, lambda o: (np.array([2.0, 0.0]) - o[:2]).clip(-1, 1))
    _, shy_return, shy_cost, _ = play(env, 0, lambda o: (np.array([0.95, 0.0]) - o[:2]).clip(-1, 1))
    _, lost_return, _, _ = play(env, 0, lambda o: np.array([-1.0, 0.0]))
    assert length == TASKS["Toy"].max_episode_steps
    assert bold_return > shy_return + 5 > lost_return and bold_cost >= 15 and shy_cost == 0
    assert TASKS["Toy"].min_return <= lost_return and bold_return <= TASKS["Toy"].max_return


def test_toy_episode_depends_on_seed_and_actions_only():
    env, other = make_env("Toy"), make_env("Toy")

    def policy(observation):
        return np.sin(40 * observation[:2])

    first = play(env, 3, policy)
    different = play(env, 4, policy)
    for again in (play(env, 3, policy), play(other, 3, policy)):
        np.testing.assert_array_equal(again[0], first[0])
        assert again[1:] == first[1:]
    assert (different[0] != first[0]).any()
