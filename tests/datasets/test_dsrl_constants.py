"""DSRL's own files must pass: every task's constants, reached exactly, go through the checks without a warning."""

import numpy as np
import pytest
from files import genuine, save

from marvel import datasets
from marvel.datasets import card
from marvel.tasks import TASKS, get_task

DSRL = [task for task in TASKS.values() if task.dataset_file]


def test_there_are_38():
    assert len(DSRL) == 38


@pytest.mark.parametrize("task", DSRL, ids=lambda task: task.name)
def test_a_file_with_dsrls_constants_passes(tmp_path, task):
    path = save(tmp_path / task.dataset_file, genuine(task))
    facts, arrays = card.card(path)
    assert (facts["task"], facts["episodes"], facts["warnings"]) == (task.name, task.dataset_episodes, [])
    assert facts["return_range"] == pytest.approx([task.min_return, task.max_return], rel=1e-4, abs=1e-3)
    assert facts["cost_range"] == pytest.approx([task.min_cost, task.max_cost], rel=1e-4, abs=1e-3)
    assert facts["made"]["note"].startswith("named as DSRL's file") and facts["clipped_actions"] > 0
    np.testing.assert_array_equal(arrays["actions"], datasets.read(path, task)["actions"])


def test_metadrive_has_one_step_more_and_only_one(tmp_path):
    arrays = genuine(get_task("hardsparse"))
    assert arrays["timeouts"].argmax() == 1000  # step 1001
    arrays["timeouts"] = np.roll(arrays["timeouts"], 1)
    path = save(tmp_path / "own.hdf5", arrays)
    with pytest.raises(ValueError, match=r"from row 0 has 1,002 steps, but one of hardsparse has at most 1,001"):
        datasets.read(path, "hardsparse")
    arrays = genuine(get_task("CarGoal1"))
    arrays["timeouts"] = np.roll(arrays["timeouts"], 1)
    with pytest.raises(ValueError, match=r"has 1,001 steps, but one of CarGoal1 has at most 1,000"):
        datasets.read(save(tmp_path / "car.hdf5", arrays), "CarGoal1")


@pytest.mark.parametrize("cost, fits", [(85.49, True), (85.51, False), (76.6, True), (76.4, False)])
def test_costs_may_differ_by_a_half_from_the_name(tmp_path, cost, fits):
    task = get_task("hardsparse")
    arrays = genuine(task)
    arrays["costs"] *= cost / task.max_cost
    path = save(tmp_path / task.dataset_file, arrays)
    if fits:
        assert datasets.read(path, task)
    else:
        with pytest.raises(ValueError, match=rf"costs {cost}.*, but its name promises about 85"):
            datasets.read(path, task)
