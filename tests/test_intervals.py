"""Interquartile means and bootstrap intervals against numbers worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from workflow.scripts.captions import interval_sentence
from workflow.statistics.intervals import bootstrap, interquartile_mean, mean, mean_interval


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


def test_captions_admit_few_seeds():
    assert "range of the seeds and covers less" in interval_sentence(3)
    assert "no interval" in interval_sentence(1)
    assert interval_sentence(20).endswith("n = 20 seeds.")
