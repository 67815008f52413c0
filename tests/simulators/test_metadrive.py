"""MetaDrive: DSRL's task definition, one engine at a time, quiet but not deaf."""

import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, needs_metadrive
from episodes import actions_for, play, same

from marvel.simulators import make_env, make_unwrapped, numpy_stream
from marvel.tasks import TASKS

NAMES = [name for name, task in TASKS.items() if task.suite == "metadrive"]
MAPS = {"easy": (0, "SCS"), "medium": (100, "XST"), "hard": (200, "TRO")}
TRAFFIC = {"sparse": 0.1, "mean": 0.15, "dense": 0.2}


def drive(name, number, steps=150):
    """Actions (steps, 2) that go forward and hardly swerve."""
    return np.array([0.0, 0.5], np.float32) + np.array([0.02, 0.2], np.float32) * actions_for(name, number, steps)


@needs_metadrive
@pytest.mark.parametrize("name", ["easydense", "mediummean", "hardsparse"])
def test_equals_dsrl_s_environment_with_the_same_traffic(name):
    """A new engine of DSRL's own class, whose traffic gets a seed and whose bodies are all new for lack of old ones."""
    ours = make_env(name)
    play(ours, 4, drive(name, 1))
    trace = play(ours, 3, drive(name, 0))
    ours.close()
    stock = make_unwrapped(TASKS[name].env_id)
    stock.lazy_init()
    assert not stock.config["force_destroy"] and stock.config["random_traffic"]
    stock.engine.traffic_manager.np_random = np.random.RandomState(3)
    with numpy_stream(0):
        observations, rows = [stock.reset()[0]], []
    for action in drive(name, 0):
        observation, reward, terminated, truncated, info = stock.step(action)
        observations.append(observation)
        rows.append((reward, info["cost"], terminated, truncated))
        if terminated or truncated:
            break
    stock.close()
    assert len(rows) > 50 and sum(row[1] for row in rows) > 1
    assert same(trace, (np.array(observations), np.array(rows, dtype=np.float64)))


@needs_metadrive
@pytest.mark.parametrize("name", NAMES)
def test_task_definition(name):
    env = make_env(name)
    config = env.simulator._env.config
    road, traffic = next((road, name.removeprefix(road)) for road in MAPS if name.startswith(road))
    assert (config["start_seed"], config["map_config"]["config"]) == MAPS[road]
    assert config["traffic_density"] == TRAFFIC[traffic] and config["environment_num"] == 1
    assert config["accident_prob"] == 0 and config["traffic_mode"] == "hybrid" and config["horizon"] == 1000
    assert config["crash_vehicle_penalty"] == 0 and config["out_of_road_penalty"] == 5
    assert config["success_reward"] == 10 and not config["use_lateral_reward"]
    env.close()


@needs_metadrive
@pytest.mark.parametrize("name", NAMES)
def test_seeds_differ_in_traffic(name):
    """Also beyond the lidar's reach, where the first observation does not tell."""
    env, places = make_env(name), []
    for seed in (0, 1, 0):
        env.reset(seed=seed)
        vehicles = env.simulator._env.engine.traffic_manager.spawned_objects.values()
        places.append(np.array([vehicle.position for vehicle in vehicles]))
    env.close()
    assert len(places[0]) > 3 and (places[0] == places[2]).all()
    assert places[0].shape != places[1].shape or (places[0] != places[1]).any()


@needs_metadrive
def test_the_environment_that_was_reset_last_has_the_engine():
    first, second = make_env("easymean"), make_env("harddense")
    expected = play(first, 1, drive("easymean", 0, 20))
    first.reset(seed=1)
    second.reset(seed=1)
    with pytest.raises(ValueError, match="another MetaDrive environment of this process has taken over the engine of"):
        first.step(np.zeros(2))
    first.close()  # not its engine any more
    second.step(np.zeros(2))
    assert same(play(first, 1, drive("easymean", 0, 20)), expected)
    second.close()
    first.step(np.zeros(2))
    first.close()


@needs_metadrive
def test_process_ends_well_and_quietly_with_an_engine_running():
    code = (
        "from marvel.simulators import make_env\n"
        "for name in ('easymean', 'hardmean'):\n"
        "    env = make_env(name); env.reset(seed=0); env.step([0, 0.5])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_metadrive
def test_real_errors_are_not_silenced(capfd):
    from marvel.simulators.metadrive import _without_noise

    def speak():
        os.write(2, b":device(error): Error opening directory /dev/input: No such file or directory\n")
        os.write(2, b":task(warning): Creating implicit AsyncTaskChain default for AsyncTaskManager TaskManager\n")
        os.write(2, b":audio(error): no sound\n")

    with _without_noise():
        speak()
    assert capfd.readouterr().err == ":audio(error): no sound\n"
    with pytest.raises(RuntimeError), _without_noise():
        speak()
        raise RuntimeError
    assert capfd.readouterr().err == ":audio(error): no sound\n"


@needs_metadrive
@pytest.mark.slow
def test_one_map_caps_the_return():
    """The numbers of docs/metadrive.md: MetaDrive's own driver on the ten maps of DSRL's data, without traffic."""
    make_env("easymean").close()
    from dsrl.offline_metadrive.gym_envs import SafeMetaDriveEnv_FSRL
    from metadrive.policy.idm_policy import IDMPolicy

    for road, first_map, best in (("easy", 425, 425), ("medium", 258, 270), ("hard", 305, 486)):
        seed, blocks = MAPS[road]
        config = {"start_seed": seed, "environment_num": 10, "map": 3, "accident_prob": 0.0, "traffic_density": 0.0}
        layout = {"type": "block_sequence", "config": blocks}
        env = SafeMetaDriveEnv_FSRL(config | {"map_config": layout, "horizon": 1000, "agent_policy": IDMPolicy})
        returns = []
        for number in range(10):
            env.reset(seed=seed + number)
            total, ended = 0.0, False
            while not ended:
                _, reward, terminated, truncated, _ = env.step(np.zeros(2))
                total, ended = total + reward, terminated or truncated
            returns.append(total)
        env.close()
        env.engine = None
        assert returns[0] == pytest.approx(first_map, abs=1) and max(returns) == pytest.approx(best, abs=1)
        assert max(returns) == pytest.approx(TASKS[f"{road}mean"].max_return, abs=1)
