"""Scores in, the study's tables out: final.csv (per method and task), per_seed.csv and a readable final.md.

python -m workflow.scripts.tables --scores results/quick/scores.csv --out-dir results/quick/tables
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from marvel.errors import InputError
from marvel.tasks import get_task
from workflow.scripts import evaluated
from workflow.scripts.intervals import SEED, describe, mean_interval
from workflow.scripts.scores import read_scores, write_files
from workflow.scripts.style import order, thousands
from workflow.scripts.tuning import heading, sentence

LAST = 0.2  # the "last fifth": rounds that end in the last 20 % of env_steps
METRICS = [  # each becomes _mean, _low and _high in final.csv
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
KEYS = ["task", "method"]


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
    trained = rows[rows["train_return"].notna()]
    if trained.empty:
        return summary
    fifth = trained[trained["env_steps"] > (1 - LAST) * last["env_steps"]]
    within = fifth["train_cost"] <= last["cost_limit"]
    for name in ("train_return", "train_cost", "train_return_normalized", "train_cost_normalized"):
        summary[name] = float(fifth[name].mean())
    # DSRL's scale puts the task's lowest return at 0.
    summary["feasible_return"] = float(fifth["train_return"].where(within, min_return).mean())
    summary["feasible_return_normalized"] = float(fifth["train_return_normalized"].where(within, 0.0).mean())
    summary["violation_rate"] = float(last["train_violations"] / last["episodes"])
    summary["cumulative_cost"] = float(last["cumulative_cost"])
    summary["safe_from"] = safe_from(
        trained["env_steps"].to_numpy(), trained["train_cost"].to_numpy(), last["cost_limit"]
    )
    return summary


def per_seed(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per task, method and seed, with `METRICS` and `COUNTS`; scores as made by scores.py."""
    rows = []
    for (task, method, seed), run in scores.groupby(["task", "method", "seed"], sort=False):
        summary = summarize_run(run.sort_values("round"), get_task(task).min_return)
        rows.append({"task": task, "method": method, "seed": seed, "cost_limit": run["cost_limit"].iloc[0], **summary})
    return pd.DataFrame(rows, columns=["task", "method", "seed", "cost_limit", *METRICS, *COUNTS])


def final(seeds: pd.DataFrame) -> pd.DataFrame:
    """One row per task and method: n, mean with interval of each metric, mean counts.

    Args:
        seeds: as returned by `per_seed`.

    Returns:
        Columns task, method, n, cost_limit, env_steps, updates, {metric}_mean, _low, _high, and safe_from_seeds, the
        number of seeds that end safe: unless all do, safe_from has no mean (one over the lucky seeds would mislead).

    Raises:
        InputError: seeds of one method and task ran under different cost limits.
    """
    rows = []
    for (task, method), group in seeds.groupby(KEYS, sort=False):
        limits = group["cost_limit"].unique()
        if len(limits) > 1:
            raise InputError(f"{method} on {task} has runs with cost limits {sorted(limits)}; one table row needs one.")
        row = {"task": task, "method": method, "n": len(group), "cost_limit": limits[0]}
        row.update({name: group[name].mean() for name in COUNTS})
        for name in METRICS:
            values = group[name].to_numpy()
            # A fresh generator for each cell: a method's numbers do not depend on which others stand beside it.
            ends = mean_interval(values, np.random.default_rng(SEED))
            row.update(zip((f"{name}_mean", f"{name}_low", f"{name}_high"), map(float, ends), strict=True))
        row["safe_from_seeds"] = int(group["safe_from"].notna().sum())
        rows.append(row)
    return pd.DataFrame(rows)


def number(value: float) -> str:
    """Three significant digits or so, never an exponent."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:.{digits}f}"


def cell(row: pd.Series, name: str, show=number) -> str:
    """`mean [low, high]`, or the mean alone where there is no interval, or a dash."""
    value, low, high = (row[f"{name}_{end}"] for end in ("mean", "low", "high"))
    if np.isnan(value):
        return "–"
    return show(value) if np.isnan(low) else f"{show(value)} [{show(low)}, {show(high)}]"


def _steps(value: float) -> str:
    return thousands(float(f"{value:.3g}"))


def _safe_cell(row: pd.Series) -> str:
    if np.isnan(row["violation_rate_mean"]):
        return "–"
    if row["safe_from_seeds"] < row["n"]:
        return f"{row['safe_from_seeds']} of {row['n']} seeds"
    return cell(row, "safe_from", _steps)


def markdown_table(header: list[str], rows: list[list[str]], align: str = "--:") -> list[str]:
    """Lines of a Markdown table; the first column stands left, the others as `align` says."""
    table = [header, [":--", *[align] * (len(header) - 1)], *rows]
    return ["| " + " | ".join(cells) + " |" for cells in table]


def markdown(table: pd.DataFrame, apart: dict[str, str] | None = None) -> str:
    """final.md: for each task a table in raw and one in DSRL's units, then what the numbers mean.

    Args:
        table: As made by `final`.
        apart: As made by `evaluated.evaluated_apart`: these methods are marked.
    """
    names = {name: f"`{name}`{f' {evaluated.MARK}' if name in (apart or {}) else ''}" for name in table["method"]}
    raw = ["train_return", "train_cost", "violation_rate", "cumulative_cost", "feasible_return"]
    normalized = [name for name in METRICS if name.endswith("_normalized")]
    lines = ["# Final results", ""]
    for (task, limit), group in table.groupby(["task", "cost_limit"], sort=False):  # one ranking, one limit
        rows = group.set_index("method", drop=False)
        methods = [rows.loc[name] for name in order(list(rows["method"]))]
        lines += [f"## {heading(task, limit)}", "", "Raw units:", ""]
        header = "method|n|return|cost|violation rate|cumulative cost|feasible return|safe from (env steps)"
        header = [*header.split("|"), "eval return", "eval cost", "env steps", "updates"]
        cells = [
            [names[row["method"]], str(row["n"])]
            + [cell(row, name) for name in raw]
            + [_safe_cell(row), cell(row, "eval_return"), cell(row, "eval_cost")]
            + [_steps(row[name]) for name in COUNTS]
            for row in methods
        ]
        lines += [
            *markdown_table(header, cells),
            "",
            "DSRL's normalised units (return 0 to 1, cost 1 = the limit):",
            "",
        ]
        header = ["method", "n", "return", "cost", "feasible return", "eval return", "eval cost"]
        cells = [[names[row["method"]], str(row["n"]), *(cell(row, name) for name in normalized)] for row in methods]
        lines += [*markdown_table(header, cells), ""]
    foot = [evaluated.sentence(apart), ""] if apart else []
    return "\n".join([*lines, caption(table), "", *foot])


def caption(table: pd.DataFrame) -> str:
    """Sentences under final.md: what n and the intervals are, and each column's definition."""
    return "\n".join(
        [
            "Cells are `mean [low, high]` over n seeds. "
            + " ".join(describe(int(n)) for n in sorted(table["n"].unique())),
            "",
            "Return and cost are the mean per training episode (stochastic policy, undiscounted) over the rounds of "
            "the last 20 % of environment steps. Violation rate is the share of all training episodes with cost above "
            "the limit; cumulative cost is the sum over all of them. Feasible return counts a round's return where its "
            "mean cost is within the limit and the task's lowest return in DSRL otherwise. Safe from is the first "
            "number of environment steps after which no round's mean cost exceeds the limit; where not all seeds get "
            "there, the cell says how many do. Eval return and eval cost are those of the last evaluation "
            "(deterministic policy).",
            "",
            "Environment steps and updates (gradient steps) are spent online, after any offline training. A method "
            "that only evaluates its start policy, such as `offline_only`, has no training numbers (–)."
            + sentence(table["task"]),
        ]
    )


def main(arguments: list[str] | None = None) -> None:
    """Write final.csv, per_seed.csv and final.md."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--out-dir", type=Path, required=True)
    options = parser.parse_args(arguments)
    seeds = per_seed(read_scores(options.scores))
    table = final(seeds)
    texts = {"per_seed.csv": seeds.to_csv(index=False), "final.csv": table.to_csv(index=False)}
    apart = evaluated.evaluated_apart(options.scores.parent / "runs", table["method"])
    write_files(options.out_dir, texts | {"final.md": markdown(table, apart)})


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"tables: {error}")
