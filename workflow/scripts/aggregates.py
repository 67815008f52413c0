"""Numbers over several tasks: score matrices, performance profiles and probabilities of improvement.

After Agarwal et al. 2021 (rliable): a score matrix has one row per run and one column per task; intervals are
stratified bootstrap intervals, which draw runs inside each task. A return never stands alone: `RETURN_AND_COST` names
what is shown together.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from marvel.errors import InputError
from workflow.scripts.intervals import LEVEL, RESAMPLES, SEED
from workflow.scripts.tuning import sentence

RETURN_AND_COST = {  # per-seed column: axis label
    "train_return_normalized": "return\n(DSRL's 0 to 1)",
    "feasible_return_normalized": "feasible return\n(0 where unsafe)",
    "train_cost_normalized": "cost\n(1 = the limit)",
    "violation_rate": "violation rate\n(share of episodes)",
}


def with_evaluated(seeds: pd.DataFrame) -> pd.DataFrame:
    """Let a run that only evaluated its start policy stand for itself by that evaluation.

    Args:
        seeds: as made by `tables.per_seed`.

    Returns:
        The same with return, cost and feasible return taken from the evaluation where nothing was trained; the
        violation rate stays empty there.
    """
    seeds, empty = seeds.copy(), seeds["train_return"].isna()
    for name in ("return", "cost", "return_normalized", "cost_normalized"):
        seeds.loc[empty, f"train_{name}"] = seeds.loc[empty, f"eval_{name}"]
    within = seeds["eval_cost"] <= seeds["cost_limit"]
    seeds.loc[empty, "feasible_return_normalized"] = seeds["eval_return_normalized"].where(within, 0.0)[empty]
    return seeds


def matrices(seeds: pd.DataFrame, metric: str) -> dict[str, np.ndarray]:
    """Score matrix of each method that has the metric.

    Args:
        seeds: one row per task, method and seed.
        metric: the column.

    Returns:
        {method: (runs, tasks)}, tasks in order of first appearance, runs by seed; methods without a value are left out.

    Raises:
        InputError: a method lacks a seed on a task, or runs of one method have several cost limits.
    """
    made = {}
    tasks = list(dict.fromkeys(seeds["task"]))
    for method, rows in seeds.groupby("method", sort=False):
        if rows[metric].isna().all():
            continue
        limits = sorted(rows["cost_limit"].unique())
        if len(limits) > 1:
            raise InputError(f"{method} has runs with cost limits {limits}; an aggregate needs one.")
        table = rows.pivot(index="seed", columns="task", values=metric).reindex(columns=tasks)
        if table.isna().to_numpy().any():
            seed, task = table.stack(future_stack=True).isna().idxmax()
            raise InputError(
                f"{method} has no {metric} on {task} with seed {seed}; an aggregate needs the same seeds on every task."
            )
        made[method] = table.to_numpy(dtype=np.float64)
    return made


def profile(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Performance profile: the share of runs above each threshold, mean over tasks.

    Args:
        scores: (..., runs, tasks).
        thresholds: (points,).

    Returns:
        (..., points)
    """
    return np.stack([(scores > level).mean(axis=(-2, -1)) for level in thresholds], axis=-1)


def improvement(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Probability that a run of the first method beats one of the second on the same task; ties count half.

    Args:
        first: (..., runs, tasks).
        second: (..., other_runs, tasks).

    Returns:
        (...): the mean over tasks of the Mann-Whitney statistic divided by the number of pairs.
    """
    left, right = first[..., :, None, :], second[..., None, :, :]
    return ((left > right) + 0.5 * (left == right)).mean(axis=(-3, -2, -1))


def bootstrap(
    matrices: tuple[np.ndarray, ...], statistic: Callable[..., np.ndarray], generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value and stratified percentile interval of a statistic of one or several score matrices.

    Args:
        matrices: each (runs, tasks); each is drawn from by itself, seeds inside each task.
        statistic: maps matrices (..., runs, tasks) to (..., points) or (...).
        generator: source of all randomness.

    Returns:
        The statistic, its lower and its upper end; the ends are NaN where some matrix has a single run.
    """
    value = np.asarray(statistic(*matrices))
    if min(len(matrix) for matrix in matrices) < 2:
        return value, np.full_like(value, np.nan), np.full_like(value, np.nan)
    drawn = []
    for matrix in matrices:
        runs, tasks = matrix.shape
        chosen = generator.integers(runs, size=(RESAMPLES, runs, tasks))
        drawn.append(matrix[chosen, np.arange(tasks)])
    low, high = np.quantile(statistic(*drawn), ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=0)
    return value, low, high


def fresh() -> np.random.Generator:
    """A generator of its own for each number, so that adding a method moves no other."""
    return np.random.default_rng(SEED)


def describe(seeds: pd.DataFrame) -> str:
    """Sentences for a caption: over what the numbers are and what the intervals cover."""
    n = seeds.groupby(["task", "method"])["seed"].nunique()
    tasks = list(dict.fromkeys(seeds["task"]))
    text = (
        f"Over {len(tasks)} task{'s' if len(tasks) > 1 else ''} ({', '.join(tasks)}) with n = {n.min()}"
        f"{'' if n.min() == n.max() else f' to {n.max()}'} seeds each, cost limit "
        f"{', '.join(f'{limit:g}' for limit in sorted(seeds['cost_limit'].unique()))} per episode." + sentence(tasks)
    )
    if n.min() < 2:
        return f"{text} With one seed there is no interval."
    text += (
        f" Intervals are {100 * LEVEL:.0f} % stratified percentile bootstrap intervals (seeds drawn inside each task)."
    )
    if n.min() < 10:
        text += " With so few seeds they cover less than they say."
    return f"{text} They hold for these tasks and say nothing about others."
