"""Table 2: return and cost of the offline policies, before any online training, as offline.csv and offline.md.

python -m workflow.scripts.policies --scores results/quick/scores.csv --out-dir results/quick/tables
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from marvel.tasks import get_task
from workflow.scripts.intervals import SEED, describe, mean_interval
from workflow.scripts.scores import read_scores, write_files
from workflow.scripts.style import order
from workflow.scripts.tables import cell, markdown_table
from workflow.scripts.tuning import heading, sentence

METRICS = [
    "eval_return",
    "eval_cost",
    "feasible_return",
    "eval_return_normalized",
    "eval_cost_normalized",
    "feasible_return_normalized",
]


def offline_rows(scores: pd.DataFrame) -> pd.DataFrame:
    """Row 0 of every method that only evaluates its start policy, with the feasible return beside the return.

    Args:
        scores: rows of scores.csv.

    Returns:
        One row per task, method and seed; above the limit the feasible return is the task's lowest return in DSRL.
    """
    trained = set(scores.loc[scores["round"] > 0, "method"])
    rows = scores[~scores["method"].isin(trained) & scores["eval_return"].notna()].copy()
    within = rows["eval_cost"] <= rows["cost_limit"]
    lowest = rows["task"].map(lambda name: get_task(name).min_return).astype(float)
    rows["feasible_return"] = rows["eval_return"].where(within, lowest)
    rows["feasible_return_normalized"] = rows["eval_return_normalized"].where(within, 0.0)
    return rows


def offline_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per task, cost limit and method: n, episodes, {metric}_mean, _low, _high.

    Args:
        rows: as returned by `offline_rows`.
    """
    made = []
    for (task, limit, method), group in rows.groupby(["task", "cost_limit", "method"], sort=False):
        row = {"task": task, "cost_limit": limit, "method": method, "n": len(group)}
        row["eval_episodes"] = group["eval_episodes"].mean()
        for name in METRICS:
            ends = mean_interval(group[name].to_numpy(dtype=np.float64), np.random.default_rng(SEED))
            row.update(zip((f"{name}_mean", f"{name}_low", f"{name}_high"), map(float, ends), strict=True))
        made.append(row)
    ends = [f"{name}_{end}" for name in METRICS for end in ("mean", "low", "high")]
    return pd.DataFrame(made, columns=["task", "cost_limit", "method", "n", "eval_episodes", *ends])


def markdown(table: pd.DataFrame) -> str:
    """offline.md: one table per task and cost limit, then what the numbers mean."""
    lines = ["# Offline policies", ""]
    if table.empty:
        return "\n".join(
            [*lines, "No method of this study evaluates an offline policy alone (`baselines.offline_only`).", ""]
        )
    header = ["method", "n", "episodes", "return", "cost", "feasible return"]
    header += ["return (normalised)", "cost (normalised)", "feasible return (normalised)"]
    for (task, limit), group in table.groupby(["task", "cost_limit"], sort=False):
        rows = group.set_index("method", drop=False)
        cells = [
            [f"`{name}`", str(rows.loc[name, "n"]), f"{rows.loc[name, 'eval_episodes']:g}"]
            + [cell(rows.loc[name], metric) for metric in METRICS]
            for name in order(list(rows.index))
        ]
        lines += [f"## {heading(task, limit)}", "", *markdown_table(header, cells), ""]
    intervals = " ".join(describe(int(n)) for n in sorted(table["n"].unique()))
    return "\n".join(
        [
            *lines,
            f"Cells are `mean [low, high]` over n seeds, each the mean of so many evaluation episodes. {intervals} "
            "Where a study's seeds share one offline model (`offline_seed` in its config), they tell of the episodes "
            "alone.",
            "",
            "Deterministic policies, undiscounted sums per episode, before any online training; an offline algorithm "
            "may have been trained for another limit than the study's. Feasible return is the "
            "return where the mean cost is within the limit and the task's lowest return in DSRL otherwise. "
            "Normalised: DSRL's units (return 0 to 1, cost 1 = the limit)." + sentence(table["task"]),
            "",
        ]
    )


def main(arguments: list[str] | None = None) -> None:
    """Write offline.csv and offline.md."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--out-dir", type=Path, required=True)
    options = parser.parse_args(arguments)
    table = offline_table(offline_rows(read_scores(options.scores)))
    write_files(options.out_dir, {"offline.csv": table.to_csv(index=False), "offline.md": markdown(table)})


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"policies: {error}")
