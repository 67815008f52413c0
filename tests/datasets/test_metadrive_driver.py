"""Data of the driving tasks: MetaDrive's driver, its speeds, same seed same data, resumable."""

import itertools

import numpy as np
import pytest
import torch
from conftest import needs_metadrive, rows_of

from marvel import datasets
from marvel.datasets import metadrive_driver as drive
from marvel.datasets.sources import collector
from marvel.hyperparameters import Hyperparameters
from marvel.run import context
from marvel.run.context import Context
from marvel.tasks import get_task
from workflow.data import check_collect

BRIEF = {"steps": 1000, "rollout_steps": 1000, "speeds": (18.0, 24.0)}  # two episodes


def make(scratch=None, task="easysparse"):
    return Context(get_task(task), 10.0, 0, "collect", scratch=scratch)


def run(trial, stop=None):
    """Drive the collector as `marvel.run` does; `stop` breaks off after that many rows."""
    return rows_of(trial, drive.train(trial, Hyperparameters(), **BRIEF), stop)


def test_half_of_the_plans_change_speed_and_noise_is_drawn():
    generator = torch.Generator().manual_seed(0)
    plans = [drive.plan(1000, (5.0, 40.0), 0.2, generator) for _ in range(400)]
    assert 160 < sum(one.first != one.then for one in plans) < 240
    speeds = [one.first for one in plans] + [one.then for one in plans]
    assert 5 <= min(speeds) < 6 and 39 < max(speeds) <= 40
    assert min(one.switch for one in plans) >= 0 and 450 < max(one.switch for one in plans) < 500
    assert min(one.noise for one in plans) > 0 and 0.19 < max(one.noise for one in plans) < 0.2
    assert {drive.plan(1000, (5.0, 40.0), 0.0, generator).noise for _ in range(9)} == {0.0}


def test_only_driving_tasks_have_a_driver():
    with pytest.raises(ValueError, match=r"BallRun has none; use marvel\.datasets\.collect"):
        next(drive.train(make(task="BallRun"), Hyperparameters()))
    assert collector("harddense") == "marvel.datasets.metadrive_driver"
    assert collector("BallRun") == "marvel.datasets.collect"


def test_options_go_to_the_collectors_that_have_them():
    check_collect({"collect": {"lr": 0.01, "noise": 0.1, "steps": 5}}, ["BallRun", "easymean"])
    with pytest.raises(ValueError, match=r"collect: 'noise' is no option of marvel\.datasets\.collect; allowed are"):
        check_collect({"collect": {"noise": 0.1}}, ["BallRun"])
    with pytest.raises(
        ValueError,
        match=r"easymean: 'stesp' is no option of marvel\.datasets\.metadrive_driver; did you mean",
    ):
        check_collect({"collect_per_task": {"easymean": {"stesp": 5}}}, ["BallRun"])


@needs_metadrive
def test_the_driver_gets_along_the_road_and_an_interruption_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(drive, "ROW_EVERY", 1)
    whole = make()
    arrays = run(whole)
    datasets.write(tmp_path / "easysparse.hdf5", arrays)
    cut = datasets.episodes(datasets.read(tmp_path / "easysparse.hdf5", "easysparse"))
    assert cut.returns.max() > 50 and cut.costs.max() > 5
    actions = arrays["actions"]
    assert np.abs(actions).max() <= 1 and actions.std(axis=0).min() > 0
    longest = whole.task.max_episode_steps  # a round plays whole episodes until it is worth one time limit more
    assert all(index * longest <= row["env_steps"] < (index + 1) * longest for index, row in enumerate(whole.rows))
    assert all(row["env_steps"] < following["env_steps"] for row, following in itertools.pairwise(whole.rows))

    monkeypatch.setattr(context, "SNAPSHOT_SECONDS", 0.0)
    (tmp_path / "state").mkdir()
    whole.env.close()
    assert run(make(tmp_path / "state"), stop=2) is None
    second = make(tmp_path / "state")
    again = run(second)
    second.env.close()
    assert second.earlier["resumed"] == 1 and second.rows == whole.rows
    for key, data in arrays.items():
        np.testing.assert_array_equal(data, again[key])
