"""Numbers over seeds and tasks: means with intervals, score matrices, profiles, probabilities of improvement.

After Agarwal et al. 2021 (rliable): a score matrix has one row per run and one column per task; intervals are
stratified bootstrap intervals, which draw runs inside each task.
"""

import itertools

import numpy as np
import pandas as pd

from marvel.errors import InputError
from workflow.statistics.intervals import fresh, mean_interval, t_interval
from workflow.statistics.per_seed import COUNTS, METRICS


def over_seeds(rows: pd.DataFrame, keys: list[str], metrics: list[str]) -> pd.DataFrame:
    """Mean with interval of each metric over the rows that agree in `keys`.

    Args:
        rows: one per run.
        keys: columns to group by.
        metrics: columns to average.

    Returns:
        Columns of `keys`, n, and {metric}_mean, _low, _high, in order of first appearance.
    """
    ends = [f"{name}_{end}" for name in metrics for end in ("mean", "low", "high")]
    made = []
    for values, group in rows.groupby(keys, sort=False):
        numbers = [mean_interval(group[name].to_numpy(dtype=np.float64), fresh()) for name in metrics]
        made.append([*values, len(group), *(float(end) for triple in numbers for end in triple)])
    return pd.DataFrame(made, columns=[*keys, "n", *ends])


def final(seeds: pd.DataFrame) -> pd.DataFrame:
    """One row per task and method: n, mean with interval of each metric, mean counts.

    Args:
        seeds: as returned by `per_seed`.

    Returns:
        Columns task, method, n, cost_limit, env_steps, updates, feasible_seeds (how many end feasible; missing for a
        method that was not trained) and {metric}_mean, _low, _high for every metric but `feasible`.

    Raises:
        InputError: seeds of one method and task ran under different cost limits.
    """
    groups = seeds.groupby(["task", "method"], sort=False)
    for (task, method), limits in groups["cost_limit"].unique().items():
        if len(limits) > 1:
            raise InputError(f"{method} on {task} has runs with cost limits {sorted(limits)}; one table row needs one.")
    metrics = [name for name in METRICS if name != "feasible"]
    table = over_seeds(seeds, ["task", "method", "cost_limit"], metrics).set_index(["task", "method"])
    table["feasible_seeds"] = groups["feasible"].sum(min_count=1)
    for name in COUNTS:
        table[name] = groups[name].mean()
    ends = [f"{name}_{end}" for name in metrics for end in ("mean", "low", "high")]
    return table.reset_index()[["task", "method", "n", "cost_limit", *COUNTS, "feasible_seeds", *ends]]


def changes(seeds: pd.DataFrame, methods: list[str], metric: str) -> pd.DataFrame:
    """What each step changes: the metric of a method minus that of the one before it, seed by seed.

    Args:
        seeds: as made by `per_seed`.
        methods: the methods, in order.
        metric: a column.

    Returns:
        Columns task, method (the later one), n, change, low, high (a t interval over the pairs).
    """
    rows = []
    for task, part in seeds.groupby("task", sort=False):
        table = part.pivot(index="seed", columns="method", values=metric)
        for before, after in itertools.pairwise(methods):
            difference = (table[after] - table[before]).dropna().to_numpy()
            if len(difference):
                rows.append((task, after, len(difference), *map(float, t_interval(difference))))
    return pd.DataFrame(rows, columns=["task", "method", "n", "change", "low", "high"])


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
