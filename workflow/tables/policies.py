"""Table 2: return and cost of the offline policies, before any online training, as offline.csv and offline.md.

python -m workflow.tables.policies --scores results/quick/scores.csv --out-dir results/quick/tables
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from workflow.captions import interval_sentences
from workflow.names import order
from workflow.runs.scores import read_scores, write_files
from workflow.statistics.aggregates import over_seeds
from workflow.statistics.per_seed import EVALUATED, evaluated
from workflow.tables.final import cell, markdown_table
from workflow.tuning import heading, sentence

KEYS = ["task", "cost_limit", "method"]


def offline_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per task, cost limit and method: n, episodes, {metric}_mean, _low, _high.

    Args:
        rows: as returned by `per_seed.evaluated`.
    """
    table = over_seeds(rows, KEYS, EVALUATED)
    episodes = rows.groupby(KEYS, sort=False)["eval_episodes"].mean().to_numpy(dtype=float)
    table.insert(len(KEYS) + 1, "eval_episodes", episodes)
    return table


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
            + [cell(rows.loc[name], metric) for metric in EVALUATED]
            for name in order(list(rows.index))
        ]
        lines += [f"## {heading(task, limit)}", "", *markdown_table(header, cells), ""]
    return "\n".join(
        [
            *lines,
            f"Cells are `mean [low, high]` over n seeds, each the mean of so many evaluation episodes. "
            f"{interval_sentences(table['n'])} "
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
    table = offline_table(evaluated(read_scores(options.scores)))
    write_files(options.out_dir, {"offline.csv": table.to_csv(index=False), "offline.md": markdown(table)})


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"policies: {error}")
