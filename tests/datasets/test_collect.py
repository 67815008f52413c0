"""The collector: DSRL's schema and ranges, same seed same data, resumable, thinned where it is crowded."""

import math

import numpy as np
import pytest
import torch
from conftest import rows_of

from marvel import datasets
from marvel.datasets import collect
from marvel.datasets.expert import Expert
from marvel.hyperparameters import Hyperparameters
from marvel.run import context
from marvel.run.context import Context
from marvel.tasks import get_task

SMALL = {"steps": 1500, "rollout_steps": 1000, "update_ratio": 0.05, "hidden_units": 16, "batch_size": 32}


def make(scratch=None, seed=0, task="Toy"):
    return Context(get_task(task), 10.0, seed, "collect", scratch=scratch)


def run(trial, stop=None, **options):
    """Drive the collector as `marvel.run` does; `stop` breaks off after that many rows."""
    torch.set_num_threads(1)  # as marvel.run does
    return rows_of(trial, collect.train(trial, Hyperparameters(), **SMALL | options), stop)


def test_what_comes_out_is_a_dataset_within_dsrls_ranges(tmp_path):
    trial = make()
    arrays = run(trial)
    datasets.write(tmp_path / "Toy.hdf5", arrays)
    again = datasets.read(tmp_path / "Toy.hdf5", "Toy")
    cut = datasets.episodes(again)
    task = get_task("Toy")
    assert len(cut.returns) > 20
    assert cut.returns.min() >= task.min_return and cut.returns.max() <= task.max_return
    assert cut.costs.max() <= task.max_cost
    inner = np.setdiff1d(np.arange(len(again["rewards"])), cut.stops - 1)
    inner = inner[inner + 1 < len(again["rewards"])]
    np.testing.assert_array_equal(again["next_observations"][inner], again["observations"][inner + 1])
    assert [row["env_steps"] for row in trial.rows] == sorted({row["env_steps"] for row in trial.rows})
    assert trial.rows[-1]["env_steps"] >= 2500 and trial.rows[-1]["inside"] >= len(cut.returns)


def test_same_seed_same_data_other_seed_other_data():
    first, second, other = run(make()), run(make()), run(make(seed=1))
    for key, data in first.items():
        np.testing.assert_array_equal(data, second[key])
    assert not np.array_equal(first["actions"][:50], other["actions"][:50])


@pytest.mark.parametrize("stop", [2, 4])
def test_an_interrupted_collection_ends_with_the_same_data(tmp_path, monkeypatch, stop):
    monkeypatch.setattr(context, "SNAPSHOT_SECONDS", 0.0)
    monkeypatch.setattr(collect, "ROW_EVERY", 2)
    whole = make()
    arrays = run(whole)
    assert run(make(tmp_path), stop=stop) is None
    second = make(tmp_path)
    again = run(second)
    assert second.earlier["resumed"] == 1
    assert second.rows == whole.rows
    for key, data in arrays.items():
        np.testing.assert_array_equal(data, again[key])


def test_thinning_keeps_lone_episodes_and_thins_crowds():
    task = get_task("BallRun")
    log = collect.Log()
    rng = np.random.default_rng(0)
    log.returns = [*(300 + rng.uniform(0, 5, 3000)), *np.linspace(400, 1300, 50), 5000.0, 300.0, 1.0]
    log.costs = [*np.zeros(3000), *np.linspace(5, 80, 50), 10.0, 81.0, 0.0]
    kept = collect.thin(log, task, torch.Generator().manual_seed(0))
    assert set(range(3000, 3050)) <= set(kept.tolist())  # one to a cell
    assert not {3050, 3051, 3052} & set(kept.tolist())  # return or cost beyond DSRL's
    assert len(kept) <= task.dataset_episodes and np.count_nonzero(kept < 3000) > 400
    assert kept.tolist() == sorted(set(kept.tolist()))


def test_an_expert_that_never_comes_within_the_ranges_is_one_sentence(monkeypatch):
    monkeypatch.setattr(collect.Log, "inside", lambda self, task: np.zeros(0, int))
    with pytest.raises(
        ValueError, match=r"collect Toy: none of .* episodes lies within DSRL's ranges .*raise steps above"
    ):
        run(make())


def test_prices_reach_the_networks_and_plans_switch_them():
    expert = Expert(make(), Hyperparameters(hidden_units=8), (0.03, 2.0))
    assert expert.feature(0.0) == -1 and expert.feature(2.0) == pytest.approx(1, abs=0.02)
    generator = torch.Generator().manual_seed(0)
    drawn = expert.draw(4000, generator)
    assert float(drawn.max()) <= 2 and float((drawn == 0).float().mean()) == pytest.approx(0.15, abs=0.03)
    np.testing.assert_allclose(expert.feature(drawn)[:5], [expert.feature(float(m)) for m in drawn[:5]], rtol=1e-5)
    task = get_task("Toy")
    plans = [expert.plan(task, generator, learning=True) for _ in range(400)]
    fixed = sum(plan.first == plan.then for plan in plans)
    spend = [plan for plan in plans if plan.budget < math.inf]
    late = [plan for plan in plans if plan.step < math.inf]
    assert 140 < fixed < 260 and len(spend) > 60 and len(late) > 60
    assert all(plan.first < plan.then for plan in spend) and all(plan.first > plan.then for plan in late)
    rolled = [expert.plan(task, generator, learning=False) for _ in range(50)]
    assert all(plan.first != plan.then for plan in rolled) and len({plan.noise for plan in rolled}) == 50


def test_the_real_simulator_in_small(tmp_path):
    arrays = run(make(task="BallRun"), steps=2000, rollout_steps=1000, update_ratio=0.25)
    datasets.write(tmp_path / "BallRun.hdf5", arrays)
    assert datasets.read(tmp_path / "BallRun.hdf5", "BallRun")["timeouts"].sum() >= 3
