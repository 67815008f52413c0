"""One row per task, method and seed: what a run ended with, in raw and in DSRL's units."""

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


def last_fifth(rows: pd.DataFrame) -> pd.DataFrame:
    """Rounds that end in the last 20 % of a run's env_steps, without row 0.

    Args:
        rows: of scores.csv, one method, task and seed.
    """
    return rows[(rows["round"] > 0) & (rows["env_steps"] > (1 - LAST) * rows["env_steps"].max())]


def summarize_run(rows: pd.DataFrame, min_return: float) -> dict[str, float]:
    """The numbers of one run.

    train_return and train_cost are means per training episode of the last fifth. A run is feasible (1 or 0) if that
    cost is within the limit. safe_rounds and safe_rounds_last are the shares of rounds, of all and of the last fifth,
    whose mean cost is within it. A run that diverged is
    infeasible and counts with the lowest return, in training and evaluation; its costs are those of what it played.

    Args:
        rows: (rounds, columns of scores.csv), one method, task and seed, in order.
        min_return: the task's lowest return, which an infeasible run counts as.

    Returns:
        `METRICS` and `COUNTS`; training metrics are NaN for a run that holds the start policy alone.
    """
    summary = dict.fromkeys([*METRICS, *COUNTS], np.nan)
    last = rows.iloc[-1]
    summary.update({name: float(last[name]) for name in COUNTS})
    evaluated = rows[rows["eval_return"].notna()]
    if len(evaluated):
        for name in ("eval_return", "eval_cost", "eval_return_normalized", "eval_cost_normalized"):
            summary[name] = float(evaluated[name].iloc[-1])
    trained = rows[rows["round"] > 0]
    if len(trained):
        summary.update(_trained(rows, trained, min_return))
    if last["status"] == DIVERGED:
        names = ("train_return", "eval_return", "feasible_return")
        summary.update(dict.fromkeys(names, min_return) | {f"{name}_normalized": 0.0 for name in names})
        summary["feasible"] = 0.0
    return summary


def _trained(rows: pd.DataFrame, trained: pd.DataFrame, min_return: float) -> dict[str, float]:
    """The training metrics of `summarize_run`; `trained` are the rows after row 0."""
    summary, last = {}, rows.iloc[-1]
    limit, within = last["cost_limit"], trained["train_cost"] <= last["cost_limit"]
    fifth = last_fifth(rows)
    episodes = rows["episodes"].diff()[fifth.index]
    for name in ("train_return", "train_cost", "train_return_normalized", "train_cost_normalized"):
        summary[name] = float(np.average(fifth[name], weights=episodes))
    summary["feasible"] = float(summary["train_cost"] <= limit)
    for unit, lowest in (("", min_return), ("_normalized", 0.0)):
        value = feasible_return(summary[f"train_return{unit}"], summary["train_cost"], limit, lowest)
        summary[f"feasible_return{unit}"] = float(value)
    summary["safe_rounds"], summary["safe_rounds_last"] = float(within.mean()), float(within[fifth.index].mean())
    summary["violation_rate"] = float(last["train_violations"] / last["episodes"])
    summary["cumulative_cost"] = float(last["cumulative_cost"])
    return summary


def per_seed(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per task, method and seed: status, `METRICS` and `COUNTS`.

    Args:
        scores: rows of scores.csv.
    """
    rows = []
    for (task, method, seed), run in scores.groupby(["task", "method", "seed"], sort=False):
        summary = summarize_run(run.sort_values("round"), get_task(task).min_return)
        head = {"task": task, "method": method, "seed": seed}
        rows.append(head | {name: run[name].iloc[0] for name in ("cost_limit", "status")} | summary)
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
