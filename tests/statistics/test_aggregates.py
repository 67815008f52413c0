"""Numbers over several tasks: by hand, and against rliable (Agarwal et al. 2021), whose definitions they follow."""

import numpy as np
import pandas as pd
import pytest
from made_up import made_up

from workflow.statistics import aggregates
from workflow.statistics.intervals import bootstrap, fresh, interquartile_mean
from workflow.statistics.per_seed import per_seed, with_evaluated


def rliable_metrics():
    """rliable's metrics, or a skip that says how to get them (its library module needs packages that these do not)."""
    return pytest.importorskip(
        "rliable.metrics", reason="rliable is not installed; pip install --no-deps -r requirements-test.txt"
    )


@pytest.fixture(scope="module")
def matrices() -> tuple[np.ndarray, np.ndarray]:
    """Two score matrices, (6 runs, 4 tasks), with ties."""
    generator = np.random.default_rng(0)
    return generator.normal(size=(6, 4)).round(1), generator.normal(0.3, size=(6, 4)).round(1)


def test_probability_of_improvement_by_hand():
    # Task 1: 2 of 4 pairs won and one tied; task 2: all lost.
    first, second = np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([[1.0, 5.0], [2.0, 5.0]])
    assert aggregates.improvement(first, second) == pytest.approx((2.5 / 4 + 0) / 2)
    assert aggregates.improvement(first, first) == 0.5


def test_profile_by_hand():
    scores = np.array([[0.0, 1.0], [0.5, 2.0]])
    np.testing.assert_allclose(aggregates.profile(scores, np.array([-1.0, 0.0, 0.5, 1.5])), [1, 0.75, 0.5, 0.25])


def test_interquartile_mean_is_rliables(matrices):
    rliable = rliable_metrics()
    for scores in (*matrices, matrices[0][:3], matrices[0][:5, :1]):
        assert interquartile_mean(scores) == pytest.approx(rliable.aggregate_iqm(scores), abs=1e-12)


def test_probability_of_improvement_is_rliables(matrices):
    rliable = rliable_metrics()
    first, second = matrices
    assert (first[:, None] == second[None]).any()  # ties are in it
    expected = rliable.probability_of_improvement(first, second)
    assert aggregates.improvement(first, second) == pytest.approx(expected, abs=1e-12)
    batch = aggregates.improvement(np.stack([first, second]), np.stack([second, first]))
    np.testing.assert_allclose(batch, [expected, 1 - expected])


def test_bootstrap_draws_inside_tasks_and_one_run_has_no_interval(matrices):
    constant = np.tile([1.0, 5.0], (4, 1))  # tasks differ, runs do not
    value, low, high = bootstrap((constant,), lambda scores: scores.mean((-2, -1)), fresh())
    assert value == low == high == 3
    value, low, high = bootstrap(matrices, aggregates.improvement, fresh())
    assert low < value < high
    assert np.isnan(bootstrap((matrices[0][:1],), interquartile_mean, fresh())[1])


def test_matrices_refuse_holes_and_mixed_limits():
    seeds = per_seed(made_up(["BallRun", "CarRun"], ["marvel"], seeds=2, rounds=6))
    assert aggregates.matrices(seeds, "train_return")["marvel"].shape == (2, 2)
    with pytest.raises(ValueError, match="no train_return on CarRun with seed 1"):
        aggregates.matrices(seeds[:3], "train_return")
    with pytest.raises(ValueError, match=r"cost limits \[20.0, 40.0\]; an aggregate needs one"):
        aggregates.matrices(seeds.assign(cost_limit=[20.0, 20.0, 40.0, 40.0]), "train_return")


def test_evaluated_policies_stand_for_themselves():
    scores = made_up(["BallRun"], ["offline_only"], seeds=2)
    scores.loc[scores["seed"] == 1, "eval_cost"] = 25.0
    seeds = with_evaluated(per_seed(scores))
    assert seeds["train_return_normalized"].tolist() == seeds["eval_return_normalized"].tolist()
    assert seeds["feasible_return_normalized"].tolist() == [seeds["eval_return_normalized"][0], 0.0]
    assert seeds["violation_rate"].isna().all()


def test_steps_are_a_chain_of_paired_differences():
    methods = ["official", "half", "marvel"]
    seeds = pd.DataFrame(
        [("BallRun", m, s, 10 * p + s * (p == 2)) for p, m in enumerate(methods) for s in (0, 1, 2)],
        columns=["task", "method", "seed", "train_return"],
    )
    table = aggregates.changes(seeds, methods, "train_return")
    assert table["method"].tolist() == ["half", "marvel"]
    assert table["change"].tolist() == [10, 11]
    assert (table["low"][0], table["high"][0]) == (10, 10)
    half = 4.3027 / np.sqrt(3)  # Student's quantile with two degrees of freedom; the changes are 10, 11, 12
    assert (table["low"][1], table["high"][1]) == pytest.approx((11 - half, 11 + half), abs=1e-3)
