"""Details of scores and statistics that a refactoring can change without a sound: pairs, sides, limits, units."""

import numpy as np
import pandas as pd
import pytest
from made_runs import progress, write_run
from scipy import stats

from workflow.runs import scores
from workflow.statistics import aggregates, ranks
from workflow.statistics.claims import judge
from workflow.statistics.conditions import complete
from workflow.statistics.intervals import bootstrap, mean
from workflow.statistics.measures import Evidence, values
from workflow.statistics.per_seed import feasible_return
from workflow.statistics.verdicts import part_p_values


def test_a_runs_start_is_the_last_stage_of_its_path():
    assert scores.start_kind({"start": "scratch/study/prealigned/vpa/cpq/BallRun/seed0/checkpoint.pt"}) == "prealigned"
    assert scores.start_kind({"start": "prealigned/offline/cpq/BallRun/seed0/checkpoint.pt"}) == "offline"
    assert scores.start_kind({"start": "elsewhere/checkpoint.pt"}) == scores.start_kind({}) == ""


def test_a_runs_own_limit_goes_before_the_studys(tmp_path):
    folder = write_run(tmp_path, "marvel", "BallRun", 0, progress([1.0], [1.0]))  # limit 20
    assert scores.score_run(folder, "marvel", "BallRun", 0, cost_limit=40.0)["cost_limit"].unique() == [20]


def test_costs_are_normalised_by_the_runs_own_limit(tmp_path):
    folder = write_run(tmp_path, "marvel", "BallRun", 0, progress([1.0], [10.0]), cost_limit=40.0)
    last = scores.score_run(folder, "marvel", "BallRun", 0).iloc[-1]
    assert (last["train_cost_normalized"], last["eval_cost_normalized"]) == (0.25, 0.25)


def paired() -> pd.DataFrame:
    """Two methods whose returns depend on the seed far more than on the method."""
    rows = [("BallRun", m, s, 100.0 * s + 5 * p + 0.1 * p * s) for p, m in enumerate("ab") for s in range(5)]
    return pd.DataFrame(rows, columns=["task", "method", "seed", "train_return"]).sample(frac=1, random_state=0)


def test_changes_are_paired_by_seed():
    row = aggregates.changes(paired(), ["a", "b"], "train_return").iloc[0]
    assert row["change"] == pytest.approx(5.2) and row["high"] - row["low"] < 1


def test_a_parts_differences_are_paired_by_seed():
    part = {"metric": "train_return", "first": "b", "second": "a"}
    nothing = pd.DataFrame()
    found = values(part, "BallRun", Evidence(nothing, paired(), nothing, nothing))
    assert found.sort_index().tolist() == pytest.approx([5.0, 5.1, 5.2, 5.3, 5.4])


def test_seeds_are_drawn_for_each_task_by_itself():
    """Seeds that are good on one task and bad on the other: drawn together, the mean over both would never move."""
    opposite = np.array([[0.0, 1.0], [1.0, 0.0]] * 5)
    value, low, high = bootstrap((opposite,), mean, np.random.default_rng(0))
    assert value == 0.5 and high - low > 0.3


def test_a_mean_cost_at_the_limit_is_feasible():
    assert feasible_return(np.array([3.0, 3.0]), np.array([20.0, 20.1]), 20.0, lowest=-1.0).tolist() == [3, -1]


BETWEEN = np.array([0.0, 1.0, 2.0]) + 0.917  # a one-sided p-value between a half of the error, 0.025, and the error


def test_otherwise_asks_for_half_the_error():
    supported, contradicted = part_p_values({"supported": {"above": 0}, "contradicted": "otherwise"}, BETWEEN, 20)
    assert 0.03 < supported < 0.05 and contradicted == 0


def test_a_parts_p_value_is_two_sided():
    part = {"metric": "x", "supported": {"above": 0}, "contradicted": {"below": 0}}
    row = judge(part, BETWEEN, 20.0, minimum=3)
    assert row["p"] == pytest.approx(stats.ttest_1samp(BETWEEN, 0).pvalue)
    assert row["p"] == pytest.approx(2 * row["supported"])


def test_a_budget_is_played_in_episodes_or_in_steps():
    assert complete(500, 40_000, 500, 100, "") is True  # episodes that end early
    assert complete(400, 50_000, 500, 100, "") is True
    assert complete(499, 49_999, 500, 100, "") is False
    assert complete(499, 49_999, 500, 100, "diverged") is complete(0, 0, 500, 100, "") is None


def test_active_points_are_those_that_differ_from_the_most():
    assert ranks.active_share(np.array([1.0, 1.0, 1.0, 5.0])) == 0.25
    assert ranks.active_share(np.array([2.0, 2.0])) == 0
