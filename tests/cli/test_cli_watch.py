"""`marvel watch`: the policies that are played, what is drawn of them, and the files."""

import json
import shutil

import numpy as np
import pytest
from conftest import SMALL, make_spec
from PIL import Image

from marvel.cli import main
from marvel.cli.clip import COST, Picture
from marvel.cli.scene import outline, setting_of
from marvel.cli.watch import offline_activation, play, policies
from marvel.rollout import play_episode
from marvel.run.execute import execute
from marvel.run.spec import read_spec
from marvel.simulators import make_env

TASKS = ("BallRun", "BallCircle", "CarRun", "DroneCircle", "AntRun", "SwimmerVelocity", "HopperVelocity", "AntVelocity")


@pytest.fixture(scope="module")
def run(toy_offline, tmp_path_factory):
    """run.json of an online run on the toy task that began with the CPQ model."""
    out = tmp_path_factory.mktemp("run")
    execute(make_spec("baselines.warm_start", start=str(toy_offline)), out)
    return out / "run.json"


def test_a_gif_and_a_strip_are_made_of_the_same_episode(run, tmp_path, capsys):
    sums = []
    for name in ("clip.gif", "strip.png"):
        assert main(["watch", str(run), "--out", str(tmp_path / name), "--frames", "6", "--json"]) == 0
        sums.append(json.loads(capsys.readouterr().out)["policies"])
    assert sums[0] == sums[1] and [each["label"] for each in sums[0]] == ["offline policy", "fine-tuned"]
    clip, strip = Image.open(tmp_path / "clip.gif"), Image.open(tmp_path / "strip.png")
    assert clip.n_frames == 6 and clip.info["loop"] == 0
    assert strip.width > clip.width and len(np.unique(np.asarray(strip.convert("RGB")).reshape(-1, 3), axis=0)) > 20


def test_the_two_policies_are_those_of_the_run(run):
    (_, offline), (_, tuned) = policies(run, read_spec(str(run)))
    env = make_env("Toy")
    sums = [float(play_episode(env, policy, 0).rewards.sum()) for policy in (offline, tuned)]
    clips = [play(env, policy, 0, "") for policy in (offline, tuned)]
    assert np.allclose([sum(clip.rewards) for clip in clips], sums, rtol=1e-5) and sums[0] != sums[1]


def test_the_offline_actor_keeps_its_own_last_activation(toy_dataset, tmp_path):
    """The official online actor ends in tanh where the offline one ends in ReLU (Q7); pre-alignment names tanh too."""
    execute(make_spec("marvel.cpq", dataset=str(toy_dataset), options={"steps": 4}), tmp_path / "offline")
    start = tmp_path / "offline" / "checkpoint.pt"
    official = SMALL | {"trunk_activation": "tanh"}
    spec = make_spec("marvel.prealign", start=str(start), dataset=str(toy_dataset), hyperparameters=official)
    execute(spec | {"options": {"calls": 2}}, tmp_path / "prealigned")
    assert offline_activation(tmp_path / "prealigned" / "checkpoint.pt") == "relu"
    shutil.rmtree(tmp_path / "offline")
    assert offline_activation(tmp_path / "prealigned" / "checkpoint.pt") == "tanh"  # after a warning


@pytest.mark.parametrize("name", TASKS)
def test_every_robot_is_drawn_where_it_is_and_watching_changes_nothing(name):
    env = make_env(name)

    def act(observation, noise=None):
        return np.tanh(np.arange(env.task.action_dim) + observation[: env.task.action_dim].sum()).astype(np.float32)

    episode, clip = play_episode(env, act, 3), play(env, act, 3, name)
    assert np.array_equal(episode.rewards, np.float32(clip.rewards)) and np.array_equal(episode.costs, clip.costs)
    setting = setting_of(env.task, env.simulator)
    if setting.limit is not None:  # the speed that is shown is the one that costs
        assert [scene.speed > setting.limit for scene in clip.scenes[1:]] == [cost > 0 for cost in clip.costs]
    env.close()
    picture = Picture([clip], setting, name, 20.0)
    picture.image(len(clip.rewards))
    (view,) = picture.views.ravel()
    x, y = clip.scenes[-1].place
    assert view.get_xlim()[0] < x < view.get_xlim()[1] and view.get_ylim()[0] < y < view.get_ylim()[1]


def test_steps_that_cost_are_red():
    env = make_env("Toy")
    clip = play(env, lambda observation: np.array([1, 0], np.float32), 0, "right")
    assert sum(clip.costs) > 0 and clip.costs[0] == 0
    picture = Picture([clip], setting_of(env.task, env.simulator), "", 5.0)
    marks = []
    for step in (1, len(clip.costs)):
        picture.draw(step)
        (view,) = picture.views.ravel()
        marks.append(sum(len(line.get_xdata()) for line in view.lines if line.get_color() == COST))
    assert marks == [0, sum(cost > 0 for cost in clip.costs)]


def test_a_capsule_has_its_size():
    shape = outline(np.array([[0.0, 0.0], [2.0, 0.0]]), 0.5)
    assert np.allclose([*shape.min(axis=0), *shape.max(axis=0)], [-0.5, -0.5, 2.5, 0.5], atol=0.01)


def test_faults_are_one_sentence(run, toy_offline, tmp_path, capsys):
    assert main(["watch", str(toy_offline.with_name("run.json"))]) == 1
    assert "is the record of the stage pretrain" in capsys.readouterr().err
    shutil.copy(run, tmp_path / "run.json")
    assert main(["watch", str(tmp_path / "run.json")]) == 1
    assert "actor.pt does not exist" in capsys.readouterr().err
    spec = json.loads(run.read_text()) | {"task": "PointGoal1"}
    (tmp_path / "run.json").write_text(json.dumps(spec))
    shutil.copy(run.with_name("actor.pt"), tmp_path)
    assert main(["watch", str(tmp_path / "run.json")]) == 1
    assert "holds an actor of another task than PointGoal1" in capsys.readouterr().err
