"""DSRL's filters, against dsrl's own `pre_process_data` on the same random stream."""

import contextlib
import io

import numpy as np
import pytest
import torch
from numpy.random import PCG64, Generator

from marvel import datasets
from marvel.datasets import filters
from marvel.simulators import import_dsrl
from marvel.tasks import TASKS

TASK, LIMIT = TASKS["BallRun"], 20


@pytest.fixture(scope="module")
def arrays():
    """249 episodes of unequal length, poor to rich and safe to risky in clusters, and a tail that no flag ends."""
    rng = np.random.default_rng(0)
    parts = []
    for number in range(250):
        steps, quality = int(rng.integers(80, 90)), rng.integers(0, 7) / 6
        noise = rng.normal(0, 1, (steps, TASK.observation_dim)).astype(np.float32)
        cost = 70 * quality * rng.integers(0, 4) / 3 + rng.integers(4)
        parts.append(
            {
                "observations": noise,
                "next_observations": (noise + 1).astype(np.float32),
                "actions": rng.uniform(-1, 1, (steps, 2)).astype(np.float32),
                "rewards": (12 * quality + rng.random(steps)).astype(np.float32),
                "costs": (rng.permutation(steps) < cost).astype(np.float32),
                "terminals": np.zeros(steps, bool),
                "timeouts": np.arange(steps) == (steps - 1 if number < 249 else -1),
            }
        )
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def dsrl_s(arrays, monkeypatch, tmp_path, seed=1234, **options):
    """What dsrl makes of the arrays; its sampling from the standard library's stream follows its own one here."""
    import_dsrl()
    import matplotlib.pyplot as plt
    from dsrl import offline_env

    monkeypatch.chdir(tmp_path)  # it saves a picture
    env = offline_env.OfflineEnv(
        max_episode_reward=TASK.max_return,
        min_episode_reward=TASK.min_return,
        max_episode_cost=TASK.max_cost,
        min_episode_cost=TASK.min_cost,
    )
    env.set_target_cost(LIMIT)
    env.rng = Generator(PCG64(seed))
    monkeypatch.setattr(offline_env, "sample", lambda members, n: list(env.rng.choice(members, n, replace=False)))
    copies = {key: data.copy() for key, data in arrays.items()}
    with contextlib.redirect_stdout(io.StringIO()):
        result = env.pre_process_data(copies, **options)
    plt.close("all")
    return result


def prepared(arrays, seed=1234, **options):
    """What `prepare` makes of them."""
    return filters.prepare(arrays, TASK, LIMIT, Generator(PCG64(seed)), **options)


CASES = [
    ({}, {}),
    ({"density": 0.5}, {"density": 0.5}),
    ({"outliers": 0.1}, {"outliers_percent": 0.1}),
    ({"outliers": 0.0}, {"outliers_percent": 0.0}),
    ({"inpaint": [[0.1, 0.6, 0.0, 0.5]]}, {"inpaint_ranges": [(0.1, 0.6, 0.0, 0.5)]}),
    ({"inpaint": [[0.0, 1.0, 0.3, 1.0]]}, {"inpaint_ranges": [(0.0, 1.0, 0.3, 1.0)]}),
    ({"epsilon": 300.0}, {"epsilon": 300.0}),
    ({"epsilon": -400.0}, {"epsilon": -400.0}),
    ({"noise": 0.2}, {"noise_scale": 0.2}),
    (
        {"density": 0.9, "outliers": 0.05, "inpaint": [[0.0, 0.8, 0.2, 1.0]], "noise": 0.1},
        {"density": 0.9, "outliers_percent": 0.05, "inpaint_ranges": [(0.0, 0.8, 0.2, 1.0)], "noise_scale": 0.1},
    ),
    ({"outliers": 0.1, "epsilon": 500.0}, {"outliers_percent": 0.1, "epsilon": 500.0}),
]


@pytest.mark.parametrize(("ours", "theirs"), CASES)
@pytest.mark.parametrize("seed", [1234, 5])
def test_equals_dsrl_number_by_number(ours, theirs, seed, arrays, monkeypatch, tmp_path):
    before = {key: data.copy() for key, data in arrays.items()}
    result = prepared(arrays, seed, **ours)
    expected = dsrl_s(arrays, monkeypatch, tmp_path, seed, **theirs)
    assert set(result) == set(expected)
    for key in expected:
        np.testing.assert_array_equal(result[key], expected[key], err_msg=key)
        assert result[key].dtype == expected[key].dtype
        np.testing.assert_array_equal(arrays[key], before[key])  # not changed
    # teeth: the filter did something
    whole = prepared(arrays)
    if ours:
        assert any(len(result[key]) != len(whole[key]) or (result[key] != whole[key]).any() for key in whole)


def test_what_is_left(arrays):
    found = filters.sums(arrays)
    assert len(found.costs) == 249
    risky = found.costs > LIMIT
    easier = filters.sums(prepared(arrays, epsilon=-400.0))
    assert easier.returns[easier.costs > LIMIT].max() < found.returns[risky].max() - 400
    assert (easier.costs <= LIMIT).sum() == (~risky).sum()
    harder = filters.sums(prepared(arrays, epsilon=300.0))
    assert harder.returns[harder.costs <= LIMIT].max() < found.returns[~risky].max() - 300
    assert (harder.costs > LIMIT).sum() == risky.sum()
    # two rectangles, one after another, and epsilon among what is left
    both = filters.sums(prepared(arrays, inpaint=[[0.0, 0.3, 0.0, 0.5], [0.5, 1.0, 0.0, 1.0]], epsilon=1.0))
    assert 0 < len(both.costs) < 200 and both.costs.max() < 0.5 * found.costs.max() + 0.5


def test_faults_are_one_sentence(arrays):
    with pytest.raises(ValueError, match=r"outliers: 224 episodes of BallRun were to be relabelled and \d+ have at"):
        prepared(arrays, outliers=0.9)
    with pytest.raises(ValueError, match="outliers: their costs are drawn from below the cost limit, which is 0"):
        filters.prepare(arrays, TASK, 0, np.random.default_rng(0), outliers=0.05)
    with pytest.raises(ValueError, match=r"inpaint: no episode costs between 1\.5 and 2 of the range; widen"):
        prepared(arrays, inpaint=[[1.5, 2, 0, 1]])
    with pytest.raises(ValueError, match="the filters leave no episode of BallRun"):
        prepared(arrays, inpaint=[[0, 1, 0, 1]])
    with pytest.raises(ValueError, match="density: no cell of the grid holds more than 2 episodes of BallRun"):
        prepared(filters.take(arrays, np.arange(2)), density=0.5)


def test_relabelling_for_cpq_follows_its_generator(arrays):
    first, again, other = (
        filters.relabel_outliers(arrays, TASK, 0.1, LIMIT, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert (first["rewards"] == again["rewards"]).all() and (first["costs"] == again["costs"]).all()
    assert (first["rewards"] != other["rewards"]).any()
    changed = filters.sums(first).returns != filters.sums(arrays).returns
    assert changed.sum() == 24 and (filters.sums(first).costs[changed] < LIMIT).all()


def test_command_filters_a_file(arrays, tmp_path, capsys):
    stop = filters.sums(arrays).stops[-1]
    datasets.write(tmp_path / "whole.hdf5", {key: data[:stop] for key, data in arrays.items()})
    words = [str(tmp_path / "whole.hdf5"), "--task", "BallRun", "--cost-limit", "20", "--seed", "3"]
    words += ["--out", str(tmp_path / "less.hdf5"), "--filters"]
    assert filters.main([*words, '{"epsilon": 300}']) == 0
    less = datasets.read(tmp_path / "less.hdf5", TASK)
    np.testing.assert_array_equal(less["rewards"], prepared(arrays, epsilon=300)["rewards"])
    assert filters.main([*words, '{"inpaint": [[0, 1, 0, 1]]}']) == 1
    assert capsys.readouterr().err == "error: the filters leave no episode of BallRun; weaken them.\n"
