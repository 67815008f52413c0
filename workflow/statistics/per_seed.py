"""One row per task, method and seed: what a run ended with, in raw and in DSRL's units."""

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd

from marvel.tasks import get_task
from workflow.statistics.scores import DIVERGED

LAST = 0.2  # the "last fifth": rounds that end in the last 20 % of env_steps
METRICS = [
    "train_return",
    "train_cost",
    "violation_rate",
    "cumulative_cost",
    "feasible_return",
    "feasible",
    "safe_rounds",
    "safe_rounds_last",
    "eval_return",
    "eval_cost",
    "train_return_normalized",
    "train_cost_normalized",
    "feasible_return_normalized",
    "eval_return_normalized",
    "eval_cost_normalized",
]
COUNTS = ["env_steps", "updates"]
EVALUATED = [  # what `evaluated` returns beside the identity
    "eval_return",
    "eval_cost",
    "feasible_return",
    "eval_return_normalized",
    "eval_cost_normalized",
    "feasible_return_normalized",
]


def feasible_return(returns, costs, cost_limit, lowest=0.0) -> np.ndarray:
    """Mean returns of runs whose mean cost is within the limit, the lowest return for the others.

    Args:
        returns: mean episode return of each run, a number or (runs,).
        costs: mean episode cost of each run, of the same shape.
        cost_limit: cost per episode.
        lowest: DSRL's minimum in the unit of the returns; 0 in DSRL's normalised unit.

    Returns:
        Of the same shape; NaN where return or cost is missing.
    """
    missing = np.isnan(returns) | np.isnan(costs)
    return np.where(missing, np.nan, np.where(np.less_equal(costs, cost_limit), returns, lowest))


def in_last_fifth(rounds: np.ndarray, env_steps: np.ndarray) -> np.ndarray:
    """Which rounds of a run end in the last 20 % of its env_steps; never row 0.

    Args:
        rounds, env_steps: (rounds,), of one method, task and seed.

    Returns:
        (rounds,) booleans.
    """
    return (rounds > 0) & (env_steps > (1 - LAST) * env_steps.max())


def last_fifth(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of scores.csv that are `in_last_fifth`, of one method, task and seed."""
    return rows[in_last_fifth(rows["round"].to_numpy(), rows["env_steps"].to_numpy())]


def runs_of(scores: pd.DataFrame) -> Iterator[tuple[tuple[str, str, int], dict[str, np.ndarray]]]:
    """The runs of a study as arrays, since thousands of runs are read and pandas is slow on short frames.

    Args:
        scores: rows of scores.csv.

    Yields:
        (task, method, seed), in order of first appearance, and {column: (rounds,)}, in order of the rounds.
    """
    number = scores.groupby(["task", "method", "seed"], sort=False).ngroup().to_numpy()
    order = np.lexsort((scores["round"].to_numpy(), number))
    columns = {name: scores[name].to_numpy()[order] for name in scores}
    edges = np.flatnonzero(np.diff(number[order], prepend=-1))
    for first, last in itertools.pairwise([*edges.tolist(), len(order)]):
        run = {name: column[first:last] for name, column in columns.items()}
        yield (run["task"][0], run["method"][0], int(run["seed"][0])), run


def summarize_run(run: dict[str, np.ndarray], min_return: float) -> dict[str, float]:
    """The numbers of one run.

    train_return and train_cost are means per training episode of the last fifth. A run is feasible (1 or 0) if that
    cost is within the limit. safe_rounds and safe_rounds_last are the shares of rounds, of all and of the last fifth,
    whose mean cost is within it. A run that diverged is
    infeasible and counts with the lowest return, in training and evaluation; its costs are those of what it played.

    Args:
        run: {column of scores.csv: (rounds,)}, one method, task and seed, in order.
        min_return: the task's lowest return, which an infeasible run counts as.

    Returns:
        `METRICS` and `COUNTS`; training metrics are NaN for a run that holds the start policy alone.
    """
    summary = dict.fromkeys([*METRICS, *COUNTS], np.nan)
    summary.update({name: float(run[name][-1]) for name in COUNTS})
    evaluated = np.flatnonzero(~np.isnan(run["eval_return"]))
    if len(evaluated):
        for name in ("eval_return", "eval_cost", "eval_return_normalized", "eval_cost_normalized"):
            summary[name] = float(run[name][evaluated[-1]])
    if (run["round"] > 0).any():
        summary.update(_trained(run, min_return))
    if run["status"][-1] == DIVERGED:
        names = ("train_return", "eval_return", "feasible_return")
        summary.update(dict.fromkeys(names, min_return) | {f"{name}_normalized": 0.0 for name in names})
        summary["feasible"] = 0.0
    return summary


def _trained(run: dict[str, np.ndarray], min_return: float) -> dict[str, float]:
    """The training metrics of `summarize_run`."""
    summary, limit = {}, run["cost_limit"][-1]
    trained, fifth = run["round"] > 0, in_last_fifth(run["round"], run["env_steps"])
    within = run["train_cost"] <= limit
    episodes = np.diff(run["episodes"], prepend=0)[fifth]
    for name in ("train_return", "train_cost", "train_return_normalized", "train_cost_normalized"):
        summary[name] = float(np.average(run[name][fifth], weights=episodes))
    summary["feasible"] = float(summary["train_cost"] <= limit)
    for unit, lowest in (("", min_return), ("_normalized", 0.0)):
        value = feasible_return(summary[f"train_return{unit}"], summary["train_cost"], limit, lowest)
        summary[f"feasible_return{unit}"] = float(value)
    summary["safe_rounds"], summary["safe_rounds_last"] = float(within[trained].mean()), float(within[fifth].mean())
    summary["violation_rate"] = float(run["train_violations"][-1] / run["episodes"][-1])
    summary["cumulative_cost"] = float(run["cumulative_cost"][-1])
    return summary


def per_seed(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per task, method and seed: status, `METRICS` and `COUNTS`.

    Args:
        scores: rows of scores.csv.
    """
    rows = []
    for (task, method, seed), run in runs_of(scores):
        head = {"task": task, "method": method, "seed": seed}
        head |= {name: run[name][0] for name in ("cost_limit", "status")}
        rows.append(head | summarize_run(run, get_task(task).min_return))
    return pd.DataFrame(rows, columns=["task", "method", "seed", "cost_limit", "status", *METRICS, *COUNTS])


def evaluated(scores: pd.DataFrame) -> pd.DataFrame:
    """Row 0 of every method that only evaluates its start policy, with the feasible return beside the return.

    Args:
        scores: rows of scores.csv.

    Returns:
        One row per task, method and seed, with `EVALUATED`.
    """
    trained = set(scores.loc[scores["round"] > 0, "method"])
    rows = scores[~scores["method"].isin(trained) & scores["eval_return"].notna()].copy()
    lowest = rows["task"].map(lambda name: get_task(name).min_return).astype(float)
    for unit, least in (("", lowest), ("_normalized", 0.0)):
        rows[f"feasible_return{unit}"] = feasible_return(
            rows[f"eval_return{unit}"], rows["eval_cost"], rows["cost_limit"], least
        )
    return rows


def with_evaluated(seeds: pd.DataFrame) -> pd.DataFrame:
    """Let a run that only evaluated its start policy stand for itself by that evaluation.

    Args:
        seeds: as made by `per_seed`.

    Returns:
        The same with return, cost and feasible return taken from the evaluation where nothing was trained; the
        violation rate stays empty there.
    """
    seeds, empty = seeds.copy(), seeds["train_return"].isna()
    for name in ("return", "cost", "return_normalized", "cost_normalized"):
        seeds.loc[empty, f"train_{name}"] = seeds.loc[empty, f"eval_{name}"]
    values = feasible_return(seeds["eval_return_normalized"], seeds["eval_cost"], seeds["cost_limit"])
    seeds.loc[empty, "feasible_return_normalized"] = values[empty]
    seeds.loc[empty, "feasible"] = (seeds["eval_cost"] <= seeds["cost_limit"])[empty].astype(float)
    return seeds
