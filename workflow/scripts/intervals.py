"""Means, interquartile means and bootstrap intervals over seeds (and tasks), from an explicit random generator.

A score matrix has one row per run (seed) and one column per task, as in Agarwal et al. 2021 ("Deep reinforcement
learning at the edge of the statistical precipice"), whose stratified bootstrap this follows: seeds are drawn with
replacement inside each task, and tasks are never drawn.
"""

from collections.abc import Callable

import numpy as np

from marvel.errors import InputError

RESAMPLES = 2000
LEVEL = 0.95
SEED = 0  # tables and figures start a fresh generator from it for each cell, so adding a method moves no other number


def interquartile_mean(scores: np.ndarray) -> np.ndarray:
    """Mean of the middle half of all runs on all tasks.

    Args:
        scores: (..., runs, tasks).

    Returns:
        (...): the mean after a quarter of the runs * tasks values, rounded down, was cut from either end.
    """
    flat = np.sort(np.reshape(scores, (*np.shape(scores)[:-2], -1)), axis=-1)
    cut = flat.shape[-1] // 4
    return flat[..., cut : flat.shape[-1] - cut].mean(axis=-1)


def mean(scores: np.ndarray) -> np.ndarray:
    """Mean over all runs and tasks, (..., runs, tasks) -> (...)."""
    return np.mean(scores, axis=(-2, -1))


def stratified_bootstrap(
    scores: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    generator: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> tuple[float, float, float]:
    """Value and percentile interval of a statistic of a score matrix.

    Args:
        scores: (runs, tasks), no missing values.
        statistic: maps (..., runs, tasks) to (...), for instance `interquartile_mean`.
        generator: source of all randomness.
        resamples: number of bootstrap samples.
        level: coverage aimed at, between 0 and 1.

    Returns:
        The statistic of the scores themselves, lower and upper end; both ends are NaN with fewer than two runs.

    Raises:
        InputError: the scores are not a matrix or hold missing values.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 2 or scores.size == 0 or np.isnan(scores).any():
        raise InputError(f"scores of shape {scores.shape} must be a (runs, tasks) matrix without missing values.")
    value = float(statistic(scores))
    runs, tasks = scores.shape
    if runs < 2:
        return value, np.nan, np.nan
    chosen = generator.integers(runs, size=(resamples, runs, tasks))
    low, high = np.quantile(statistic(scores[chosen, np.arange(tasks)]), _tails(level))
    return value, float(low), float(high)


def mean_interval(
    values: np.ndarray, generator: np.random.Generator, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the seeds of one task with its percentile bootstrap interval.

    Args:
        values: (seeds,) or (seeds, points); whole seeds are drawn, so the points of a curve stay together.
        generator: source of all randomness.
        resamples: number of bootstrap samples.
        level: coverage aimed at, between 0 and 1.

    Returns:
        Mean, lower and upper end, each () or (points,); the ends are NaN with fewer than two seeds.
    """
    values = np.asarray(values, dtype=np.float64)
    seeds = values.shape[0]
    centre = values.mean(axis=0)
    if seeds < 2:
        return centre, np.full_like(centre, np.nan), np.full_like(centre, np.nan)
    chosen = generator.integers(seeds, size=(resamples, seeds))
    low, high = np.quantile(values[chosen].mean(axis=1), _tails(level), axis=0)
    # A mean of three equal numbers is not always that number in floating point: the ends stay inside the data.
    return centre, np.maximum(low, values.min(axis=0)), np.minimum(high, values.max(axis=0))


def describe(n: int) -> str:
    """One or two sentences for a caption: what the interval over `n` seeds is and how far to trust it."""
    if n < 2:
        return "With n = 1 there is no interval."
    text = f"Intervals are {100 * LEVEL:.0f} % percentile bootstrap intervals of the mean over n = {n} seeds."
    if n <= 3:
        return f"{text} With n = {n} such an interval is just the range of the seeds and covers less than it says."
    if n < 10:
        return f"{text} With n = {n} such an interval is only a little narrower than the range of the seeds."
    return text


def _tails(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2
