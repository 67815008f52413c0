"""Interquartile means and intervals against numbers worked out by hand; how often intervals hold the mean."""

import numpy as np
import pytest
from scipy import stats

from workflow.captions import difference_sentence, interval_sentence, interval_sentences
from workflow.statistics.intervals import (
    bootstrap,
    interquartile_mean,
    mean,
    mean_interval,
    percentile_coverage,
    t_interval,
    t_interval_over_tasks,
)


def test_interquartile_mean_cuts_a_quarter_from_either_end():
    assert interquartile_mean(np.array([[1.0, 100.0], [3.0, 2.0]])) == 2.5
    assert interquartile_mean(np.array([[1.0], [2.0], [6.0]])) == 3  # a quarter of three, rounded down, is none
    scores = np.random.default_rng(0).normal(size=(4, 5, 11))
    expected = [stats.trim_mean(matrix, 0.25, axis=None) for matrix in scores]
    np.testing.assert_allclose(interquartile_mean(scores), expected)


def test_three_seeds_give_the_range_of_the_seeds():
    # All three draws fall on the lowest seed once in 27, which is more often than the 2.5 % cut off.
    middle, low, high = mean_interval(np.array([1.0, 2.0, 6.0]), np.random.default_rng(0))
    assert (middle, low, high) == (3, 1, 6)


def test_interval_approaches_the_normal_one_with_many_seeds():
    values = np.random.default_rng(1).normal(size=400)
    middle, low, high = mean_interval(values, np.random.default_rng(0), resamples=4000)
    half = 1.96 * values.std() / 20
    assert (low, high) == (pytest.approx(middle - half, abs=0.01), pytest.approx(middle + half, abs=0.01))


def test_curves_keep_their_seeds_together_and_constants_have_no_width():
    values = np.array([[1.0, 10.0, 0.1], [2.0, 20.0, 0.1], [3.0, 30.0, 0.1], [4.0, 40.0, 0.1]])
    middle, low, high = mean_interval(values, np.random.default_rng(0))
    np.testing.assert_allclose(low[1], 10 * low[0])
    assert low[2] == high[2] == 0.1
    np.testing.assert_allclose(middle, [2.5, 25, 0.1])


def test_stratified_bootstrap_draws_seeds_inside_each_task():
    # The tasks differ, the seeds do not: whatever is drawn, the mean stays.
    value, low, high = bootstrap((np.array([[0.0, 1.0]] * 3),), mean, np.random.default_rng(0))
    assert (value, low, high) == (0.5, 0.5, 0.5)
    scores = np.random.default_rng(0).normal(size=(5, 4))
    value, low, high = bootstrap((scores,), interquartile_mean, np.random.default_rng(0))
    assert low < value < high
    assert (value, low, high) == bootstrap((scores,), interquartile_mean, np.random.default_rng(0))


def test_one_seed_has_no_interval_and_holes_are_refused():
    assert np.isnan(mean_interval(np.array([1.0]), np.random.default_rng(0))[1])
    assert np.isnan(bootstrap((np.ones((1, 2)),), mean, np.random.default_rng(0))[2])
    with pytest.raises(ValueError, match="without missing values"):
        bootstrap((np.array([[np.nan]]),), mean, np.random.default_rng(0))


def draws(kind: str, n: int, datasets: int) -> tuple[np.ndarray, float]:
    """Values (datasets, n) from a distribution, and its mean."""
    generator = np.random.default_rng([7, n])
    if kind == "normal":
        return generator.normal(size=(datasets, n)), 0.0
    return generator.exponential(size=(datasets, n)), 1.0


@pytest.mark.parametrize(("kind", "least", "most"), [("normal", 0.945, 0.955), ("exponential", 0.875, 0.905)])
@pytest.mark.parametrize("n", [3, 5, 10])
def test_t_intervals_hold_the_mean_as_often_as_captions_say(kind, least, most, n):
    values, expected = draws(kind, n, 40_000)
    _, low, high = t_interval(values)
    assert least < np.mean((low <= expected) & (expected <= high)) < most


@pytest.mark.parametrize(("n", "stated"), [(3, 0.74), (5, 0.83), (10, 0.90)])
def test_percentile_intervals_hold_the_mean_as_often_as_captions_say(n, stated):
    assert percentile_coverage(n) == stated
    values, expected = draws("normal", n, 1500)  # a standard error of 1 point
    generator = np.random.default_rng(8)
    ends = np.array([mean_interval(row, generator, resamples=500)[1:] for row in values])
    assert np.mean((ends[:, 0] <= expected) & (expected <= ends[:, 1])) == pytest.approx(stated, abs=0.03)


def test_the_fast_way_to_resample_a_mean_draws_what_the_bootstrap_draws():
    curves = np.random.default_rng(1).normal(size=(6, 40))
    slow = bootstrap((curves[:, None],), lambda part: part[..., 0, :].mean(axis=-2), np.random.default_rng(0))
    np.testing.assert_allclose(mean_interval(curves, np.random.default_rng(0)), slow, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="no values"):
        mean_interval(np.array([]), np.random.default_rng(0))


def test_t_interval_is_scipys():
    values = np.array([1.0, 2.0, 4.0, 9.0])
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert t_interval(values) == pytest.approx((4, low, high))
    assert np.isnan(t_interval(np.array([1.0]))[1])


def test_t_interval_over_tasks_is_welchs():
    """The mean over two tasks is half a difference of which one sign is turned, whose interval scipy knows."""
    table = np.random.default_rng(3).normal(size=(6, 2)) * [1, 5]
    low, high = stats.ttest_ind(table[:, 0], -table[:, 1], equal_var=False).confidence_interval(0.95)
    assert t_interval_over_tasks(table.T) == pytest.approx((table.mean(), low / 2, high / 2))
    columns = [table[:, 0], table[:4, 1]]  # with unequal numbers of seeds
    low, high = stats.ttest_ind(columns[0], -columns[1], equal_var=False).confidence_interval(0.95)
    assert t_interval_over_tasks(columns)[1:] == pytest.approx((low / 2, high / 2))
    assert t_interval_over_tasks(np.ones((2, 3))) == (1, 1, 1)
    assert np.isnan(t_interval_over_tasks([np.ones(3), np.ones(1)])[1:]).all()


def test_captions_state_coverage():
    assert "n = 3 seeds" in interval_sentence(3) and "in 74 % of cases" in interval_sentence(3)
    assert "in 86 % of cases" in interval_sentence(7)  # between the simulated numbers of seeds
    assert "no interval" in interval_sentence(1) and "no interval" in difference_sentence(1)
    assert "95 % t intervals" in difference_sentence(5) and "in 89 % if they are skewed" in difference_sentence(5)
    assert interval_sentences([5, 3, 3]).count("n = 3") == 1
