"""Verdicts: rules against scipy, Holm by hand, and how often studies of equal methods end with a false one."""

import numpy as np
import pytest
import yaml
from conftest import ROOT
from scipy import stats

from benchmarks.verdicts import KINDS, Equal, false_verdicts
from workflow.statistics.verdicts import (
    CONTRADICTED,
    ERROR,
    SUPPORTED,
    combine,
    decide,
    detectable,
    holds,
    holm,
    joined,
    overall,
    p_value,
    part_p_values,
)
from workflow.tables.claims import CLAIMS

RULES = yaml.safe_load(CLAIMS.read_text())["claims"]
NUMBERS = np.array([1.0, 2.0, 4.0, 9.0])


def t_test(bound: float, alternative: str) -> float:
    return stats.ttest_1samp(NUMBERS, bound, alternative=alternative).pvalue


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"above": 3}, t_test(3, "greater")),
        ({"below": 5}, t_test(5, "less")),
        ({"above": "cost_limit"}, t_test(20, "greater")),
        ({"inside": [0, 6]}, t_test(6, "less")),  # the farther end is easier
        ({"outside": [-1, 0]}, 2 * t_test(0, "greater")),
        ({"mean_at_most": "cost_limit"}, 0),
        ({"mean_at_most": 3}, 1),
    ],
)
def test_rules_are_t_tests(rule, expected):
    assert p_value(rule, NUMBERS, cost_limit=20) == pytest.approx(expected)


def test_equal_numbers_are_certain_on_their_side_and_nowhere_else():
    same = np.full(5, 0.3)
    assert p_value({"above": 0}, same, 20) == 0 and p_value({"below": 0}, same, 20) == 1
    assert p_value({"above": 0.3}, same, 20) == p_value({"below": 0.3}, same, 20) == 1
    rounding = np.full(5, 0.1 + 0.2) - np.array([0.3, 0.3, 0.3, 0.3, 0.1 + 0.2])
    assert p_value({"above": 0.3}, 0.3 + rounding, 20) == 1  # 5e-17 is no difference


def test_unknown_rules_are_refused():
    with pytest.raises(ValueError, match="'over' is no rule; allowed are above, below"):
        p_value({"over": 1}, NUMBERS, 20)


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ({"above": 0}, 0.1, True),
        ({"above": 0}, 0.0, False),
        ({"outside": [-1, 1]}, -2, True),
        ({"outside": [-1, 1]}, 1, False),
        ({"inside": [-1, 1]}, 1, True),
        ({"mean_at_most": "cost_limit"}, 20, True),
    ],
)
def test_where_a_mean_points(rule, value, expected):
    assert holds(rule, value, cost_limit=20) is expected


def test_otherwise_needs_that_the_part_is_not_significant():
    part = {"supported": {"above": 0}, "contradicted": "otherwise"}
    assert part_p_values(part, np.array([1.0, 1.1, 0.9]), 20)[1] == 1
    assert part_p_values(part, np.array([1.0, -1.1, 0.9]), 20)[1] == 0


def test_all_parts_need_no_correction_and_any_part_does():
    parts = [np.array([0.01, 0.5]), np.array([0.02, 0.03]), np.array([0.004, 0.6])]
    np.testing.assert_allclose(joined(parts, "all"), [0.02, 0.6])
    np.testing.assert_allclose(joined(parts, "any"), [0.012, 0.09])


def test_holm_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.5 times 4, 3, 2, 1, never falling.
    np.testing.assert_allclose(holm(np.array([0.5, 0.01, 0.03, 0.02])), [0.5, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm(np.array([[0.5, 0.01], [0.02, 0.03]])), [[0.5, 0.02], [0.04, 0.04]])


def test_verdicts_are_two_sided_and_adjusted():
    verdicts, p = decide([0.001, 0.9, 0.02], [0.9, 0.002, 0.9])
    assert verdicts.tolist() == [SUPPORTED, CONTRADICTED, SUPPORTED]
    np.testing.assert_allclose(p, [0.006, 0.008, 0.04])
    assert decide([0.03], [0.9])[0].tolist() == ["undecided"]


def test_parts_make_a_claim_and_tasks_make_a_verdict():
    yes, no, open_, never = "supported", "contradicted", "undecided", "not tested"
    assert combine([yes, yes], "all", "any") == yes
    assert combine([yes, no], "all", "any") == no
    assert combine([yes, no], "all", "all") == open_
    assert combine([no, yes], "any", "all") == yes
    assert overall([yes, yes, open_]) == yes
    assert overall([yes, yes, yes, no]) == open_
    assert overall([yes, open_]) == overall([yes, never]) == open_  # not more than half
    assert overall([no]) == no
    assert overall([never, never]) == overall([]) == never


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seeds", [5, 10])
def test_studies_of_equal_methods_end_with_a_false_verdict_in_at_most_one_of_twenty(kind, seeds):
    """Any verdict of any claim on any of four tasks counts, but that C1 holds: equal methods are no better."""
    assert false_verdicts(RULES, Equal(kind, seeds, studies=4000)).mean() <= ERROR


def test_detectable_difference_is_found_four_times_in_five():
    """In a family of 32, eight claims on four tasks, and alone; docs/claims.md quotes both."""
    text = (ROOT / "docs" / "claims.md").read_text()
    for family in (32, 1):
        effect = detectable(10, family)
        assert f"{effect:.2f}" in text
        numbers = np.random.default_rng(2).normal(effect, 1, size=(20_000, 10))
        supported = p_value({"above": 0}, numbers, 20.0)
        assert np.mean(2 * family * supported <= ERROR) == pytest.approx(0.8, abs=0.01)
