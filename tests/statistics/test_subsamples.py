"""How many seeds a verdict needs, on made-up studies and by hand."""

from itertools import combinations

import numpy as np
import pytest
from evidence import RULES, bear, good_records, study
from scipy import stats

from workflow.statistics.measures import Evidence, measured
from workflow.statistics.subsamples import CHOICES, by_seeds, choices
from workflow.tables import seeds
from workflow.tables.source import Source


def table_of(scores):
    evidence = Evidence(scores, measured(scores), good_records(scores), bear(scores).iloc[:0], None)
    return by_seeds(RULES, evidence, np.random.default_rng(0))


def test_shares_by_hand():
    """C6 is marvel minus warm_start, supported above 0: each choice is one paired t test."""
    scores = study(tasks=("BallRun",))
    numbers = 0.004 * np.array([3, -1, 4, 1, 2, 9, 2, 6])
    rows = (scores["method"] == "marvel") & (scores["round"] > 0)
    scores.loc[rows, "train_return_normalized"] = 0.4 + numbers[scores.loc[rows, "seed"]]
    rows = (scores["method"] == "warm_start") & (scores["round"] > 0)
    scores.loc[rows, "train_return_normalized"] = 0.4
    table = table_of(scores).set_index(["claim", "seeds"])
    for size in (3, 5, 8):
        tests = [stats.ttest_1samp(part, 0) for part in combinations(numbers, size)]
        row = table.loc[("C6", size)]
        assert row["choices"] == len(tests) and row["of"] == 8
        supported = np.mean([test.pvalue <= 0.05 and test.statistic > 0 for test in tests])
        assert row["supported"] == pytest.approx(supported) and row["contradicted"] == 0
    assert 0 < table.loc[("C6", 3), "supported"] < table.loc[("C6", 5), "supported"] < 1


def test_shares_of_each_row_are_whole_and_what_cannot_be_measured_is_left_out():
    table = table_of(study(tasks=("BallRun",), warm_start=(0.9, 10.0)))
    assert np.allclose(table[["supported", "contradicted", "undecided"]].sum(axis=1), 1)
    assert set(table["claim"]) == {"C1", "C4", "C5", "C6", "C7"}  # no BEAR-Lag, no Monte-Carlo values
    assert (table.loc[table["claim"] == "C6", "contradicted"] == 1).all()  # a clear difference, at any number of seeds


def test_all_choices_are_listed_and_too_many_are_drawn():
    generator = np.random.default_rng(0)
    assert sorted(map(tuple, choices(5, 3, generator))) == list(combinations(range(5), 3))
    drawn = choices(20, 10, generator)
    assert drawn.shape == (CHOICES, 10) and all(len(set(row)) == 10 for row in drawn.tolist())


def test_page_needs_six_seeds(tmp_path):
    study(seeds=4).to_csv(tmp_path / "scores.csv", index=False)
    page, frames = seeds.make(Source(tmp_path / "scores.csv"))
    assert "6 seeds or more" in page and len(frames["seeds.csv"])
    study(seeds=7).to_csv(tmp_path / "scores.csv", index=False)
    page, _ = seeds.make(Source(tmp_path / "scores.csv"))
    assert "| 3 seeds | 5 seeds | 7 seeds |" in page and "C4" in page
