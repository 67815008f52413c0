"""The table of differences: every pair of methods, seed by seed."""

import numpy as np
import pandas as pd
import pytest
from evidence import study
from scipy import stats

from workflow.statistics.measures import measured
from workflow.tables import differences
from workflow.tables.source import Source


def table_of(scores: pd.DataFrame) -> pd.DataFrame:
    return differences.differences(measured(scores))


def test_differences_are_those_of_the_seeds_in_common():
    scores = study(seeds=5, tasks=("BallRun",))
    scores = scores[(scores["method"] != "pex") | (scores["seed"] < 3)]
    table = table_of(scores).set_index(["first", "second", "metric"])
    seeds = measured(scores).set_index(["method", "seed"])["feasible_return_normalized"]
    pairs = (seeds["marvel"] - seeds["pex"]).dropna().to_numpy()
    row = table.loc[("marvel", "pex", "feasible_return_normalized")]
    assert row["n"] == len(pairs) == 3
    test = stats.ttest_1samp(pairs, 0.0)
    interval = test.confidence_interval(0.95)
    assert row[["effect", "low", "high"]].tolist() == pytest.approx([pairs.mean(), interval.low, interval.high])
    assert row["p"] == pytest.approx(test.pvalue) and row["standardized"] == pytest.approx(
        pairs.mean() / pairs.std(ddof=1)
    )
    assert table.loc[("marvel", "warm_start", "feasible_return_normalized"), "n"] == 5
    methods = scores["method"].nunique()
    assert len(table.xs("feasible_return_normalized", level="metric")) == methods * (methods - 1) / 2
    evaluated = table.xs("violation_rate", level="metric").reset_index()
    assert not {"offline_only"} & {*evaluated["first"], *evaluated["second"]}  # it plays no training episode


def test_one_seed_gives_no_difference_and_equal_runs_no_effect():
    scores = study(seeds=4, tasks=("BallRun",))
    assert table_of(scores[scores["seed"] == 0]).empty
    twin = scores[scores["method"] == "marvel"].assign(method="twin")
    row = table_of(pd.concat([scores, twin])).set_index(["first", "second", "metric"])
    same = row.loc[("marvel", "twin", "train_cost")]
    assert same["effect"] == 0 and same["p"] == 1 and np.isnan(same["standardized"])


def test_page_compares_the_first_method_with_each_other(tmp_path):
    study(seeds=4, warm_start=(0.4, 10.0)).to_csv(tmp_path / "scores.csv", index=False)
    page, frames = differences.make(Source(tmp_path / "scores.csv"))
    line = next(line for line in page.splitlines() if line.startswith("| `warm_start`"))
    assert line.count("**0.40 [") == 2  # on both tasks; intervals that leave out 0 are bold
    assert "| `marvel` |" not in page and set(frames["differences.csv"]["metric"]) == set(differences.METRICS)
