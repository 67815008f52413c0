"""One row per task, method and seed: what a run ended with, in raw and in DSRL's units."""

import numpy as np
import pandas as pd

from marvel.tasks import get_task

LAST = 0.2  # the "last fifth": rounds that end in the last 20 % of env_steps
METRICS = [
    "train_return",
    "train_cost",
    "violation_rate",
    "cumulative_cost",
    "feasible_return",
    "safe_from",
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


def feasible_return(returns: pd.Series, costs: pd.Series, cost_limit, lowest=0.0) -> pd.Series:
    """Returns where the cost is within the limit, the lowest return elsewhere.

    Args:
        returns: mean episode returns.
        costs: mean episode costs, of the same length.
        cost_limit: cost per episode.
        lowest: DSRL's minimum in the unit of the returns; 0 in DSRL's normalised unit.
    """
    return returns.where(costs <= cost_limit, lowest)


def last_fifth(rows: pd.DataFrame) -> pd.DataFrame:
    """Rounds that end in the last 20 % of a run's env_steps, without row 0.

    Args:
        rows: of scores.csv, one method, task and seed.
    """
    return rows[(rows["round"] > 0) & (rows["env_steps"] > (1 - LAST) * rows["env_steps"].max())]


def safe_from(env_steps: np.ndarray, train_cost: np.ndarray, cost_limit: float) -> float:
    """First env_steps after which no round's training cost exceeds the limit.

    Args:
        env_steps: (rounds,) at the end of each round.
        train_cost: (rounds,) mean cost per training episode of the round.
        cost_limit: cost per episode.

    Returns:
        0 if no round exceeds the limit, NaN if the last one does.
    """
    over = np.flatnonzero(train_cost > cost_limit)
    if over.size == 0:
        return 0.0
    return np.nan if over[-1] == len(train_cost) - 1 else float(env_steps[over[-1]])


def summarize_run(rows: pd.DataFrame, min_return: float) -> dict[str, float]:
    """The numbers of one run.

    Args:
        rows: (rounds, columns of scores.csv), one method, task and seed, in order.
        min_return: the task's lowest return, which an infeasible round counts as.

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
    if trained.empty:
        return summary
    fifth, limit = last_fifth(rows), last["cost_limit"]
    for name in ("train_return", "train_cost", "train_return_normalized", "train_cost_normalized"):
        summary[name] = float(fifth[name].mean())
    for unit, lowest in (("", min_return), ("_normalized", 0.0)):
        values = feasible_return(fifth[f"train_return{unit}"], fifth["train_cost"], limit, lowest)
        summary[f"feasible_return{unit}"] = float(values.mean())
    summary["violation_rate"] = float(last["train_violations"] / last["episodes"])
    summary["cumulative_cost"] = float(last["cumulative_cost"])
    summary["safe_from"] = safe_from(trained["env_steps"].to_numpy(), trained["train_cost"].to_numpy(), limit)
    return summary


def per_seed(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per task, method and seed, with `METRICS` and `COUNTS`.

    Args:
        scores: rows of scores.csv.
    """
    rows = []
    for (task, method, seed), run in scores.groupby(["task", "method", "seed"], sort=False):
        summary = summarize_run(run.sort_values("round"), get_task(task).min_return)
        rows.append({"task": task, "method": method, "seed": seed, "cost_limit": run["cost_limit"].iloc[0], **summary})
    return pd.DataFrame(rows, columns=["task", "method", "seed", "cost_limit", *METRICS, *COUNTS])


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
        values = feasible_return(rows[f"eval_return{unit}"], rows["eval_cost"], rows["cost_limit"], least)
        rows[f"feasible_return{unit}"] = values
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
    return seeds
