"""Means and their intervals over seeds (and tasks): percentile bootstrap for levels, Student's t for differences.

Bootstraps draw from an explicit generator. A score matrix has one row per run (seed) and one column per task, as in
Agarwal et al. 2021 ("Deep reinforcement learning at the edge of the statistical precipice"), whose stratified bootstrap
this follows: seeds are drawn with replacement inside each task, and tasks are never drawn.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import special

from marvel.errors import InputError

RESAMPLES = 2000
LEVEL = 0.95
SEED = 0
# seeds: coverage of the 95 % percentile bootstrap interval of the mean of normal values; 8,000 to 20,000 datasets each
COVERAGE = {2: 0.51, 3: 0.74, 4: 0.80, 5: 0.83, 10: 0.90, 20: 0.93}


def fresh() -> np.random.Generator:
    """A generator of its own for each number, so that adding a method moves no other."""
    return np.random.default_rng(SEED)


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


def bootstrap(
    matrices: tuple[np.ndarray, ...],
    statistic: Callable[..., np.ndarray],
    generator: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value and stratified percentile interval of a statistic of one or several score matrices.

    Args:
        matrices: each (runs, tasks, ...) without missing values; each is drawn from by itself, runs inside each task,
            and what follows the second axis stays together.
        statistic: maps matrices (..., runs, tasks, ...) to (..., points) or (...).
        generator: source of all randomness.
        resamples: number of bootstrap samples.
        level: coverage aimed at, between 0 and 1.

    Returns:
        The statistic, its lower and its upper end; the ends are NaN where some matrix has a single run.

    Raises:
        InputError: a matrix is empty, has fewer than two axes or holds missing values.
    """
    for matrix in matrices:
        if np.ndim(matrix) < 2 or np.size(matrix) == 0 or np.isnan(matrix).any():
            shape = np.shape(matrix)
            raise InputError(f"scores of shape {shape} must be a (runs, tasks) matrix without missing values.")
    value = np.asarray(statistic(*matrices))
    if min(len(matrix) for matrix in matrices) < 2:
        return value, np.full_like(value, np.nan), np.full_like(value, np.nan)
    drawn = []
    for matrix in matrices:
        runs, tasks = matrix.shape[:2]
        chosen = generator.integers(runs, size=(resamples, runs, tasks))
        drawn.append(matrix[chosen, np.arange(tasks)])
    return value, *percentiles(statistic(*drawn), level)


def percentiles(values: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """What (1 - level) / 2 of the values lie below, and as many above, (resamples, ...) -> two of (...)."""
    low, high = np.quantile(values, ((1 - level) / 2, (1 + level) / 2), axis=0)
    return low, high


def mean_interval(
    values: np.ndarray, generator: np.random.Generator, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the seeds of one task with its percentile bootstrap interval.

    Args:
        values: (seeds,) or (seeds, points); whole seeds are drawn, so the points of a curve stay together. A missing
            value makes mean and ends of its point missing.
        generator: source of all randomness.
        resamples: number of bootstrap samples.
        level: coverage aimed at, between 0 and 1.

    Returns:
        Mean, lower and upper end, each () or (points,); the ends are NaN with fewer than two seeds.

    Raises:
        InputError: there is no value.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size:
        raise InputError("there are no values to take a mean of.")
    if values.ndim == 1:
        middle, low, high = mean_interval(values[:, None], generator, resamples, level)
        return middle[0], low[0], high[0]
    holes = np.isnan(values).any(axis=0)
    filled = np.where(holes, 0.0, values)
    middle, runs = filled.mean(axis=0), len(filled)
    low = high = np.full_like(middle, np.nan)
    if runs > 1:  # as `bootstrap`, whose copies of whole curves would be slow: how often each seed is drawn suffices
        chosen = generator.integers(runs, size=(resamples, runs))
        cells = chosen + runs * np.arange(resamples)[:, None]
        times = np.bincount(cells.ravel(), minlength=resamples * runs).reshape(resamples, runs)
        low, high = percentiles(times @ filled / runs, level)
    middle, low, high = (np.where(holes, np.nan, end) for end in (middle, low, high))
    # A mean of three equal numbers is not always that number in floating point: the ends stay inside the data.
    return middle, np.maximum(low, values.min(axis=0)), np.minimum(high, values.max(axis=0))


def t_interval(values: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean with Student's t interval, for differences of paired seeds.

    Args:
        values: (..., seeds).
        level: coverage aimed at, between 0 and 1.

    Returns:
        Mean, lower and upper end, each (...); the ends are NaN with fewer than two seeds.
    """
    values = np.asarray(values, dtype=np.float64)
    n, middle = values.shape[-1], values.mean(axis=-1)
    if n < 2:
        return middle, np.full_like(middle, np.nan), np.full_like(middle, np.nan)
    half = special.stdtrit(n - 1, (1 + level) / 2) * values.std(axis=-1, ddof=1) / np.sqrt(n)
    return middle, middle - half, middle + half


def t_interval_over_tasks(columns: Sequence[np.ndarray], level: float = LEVEL) -> tuple[float, float, float]:
    """Mean over tasks of the means over seeds, with a t interval; the tasks are fixed and may vary unequally.

    Args:
        columns: (seeds,) a task.
        level: coverage aimed at, between 0 and 1.

    Returns:
        Mean, lower and upper end, which are NaN if a task has fewer than two seeds; degrees of freedom by Welch and
        Satterthwaite.
    """
    middle = float(np.mean([column.mean() for column in columns]))
    seeds = np.array([len(column) for column in columns])
    if seeds.min() < 2:
        return middle, np.nan, np.nan
    variances = np.array([column.var(ddof=1) for column in columns]) / seeds / len(columns) ** 2
    variance = float(variances.sum())
    if variance == 0:
        return middle, middle, middle
    freedom = variance**2 / float((variances**2 / (seeds - 1)).sum())
    half = float(special.stdtrit(freedom, (1 + level) / 2) * np.sqrt(variance))
    return middle, middle - half, middle + half


def percentile_coverage(n: int) -> float:
    """How often the 95 % percentile bootstrap interval of `mean_interval` holds the mean of `n` normal values.

    Simulated (benchmarks/coverage.py, `COVERAGE`), linear between the simulated numbers of seeds.
    """
    return float(np.interp(n, list(COVERAGE), list(COVERAGE.values())))
