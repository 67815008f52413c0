"""Table 2: return and cost of the offline policies, before any online training, as offline.csv and offline.md."""

from collections.abc import Callable

import pandas as pd

from workflow.captions import interval_sentences
from workflow.names import order
from workflow.statistics.aggregates import over_seeds
from workflow.statistics.per_seed import EVALUATED, evaluated
from workflow.tables.page import cell, markdown_table
from workflow.tables.source import Source
from workflow.tuning import heading, sentence

KEYS = ["task", "cost_limit", "method"]


def make(source: Source) -> tuple[str, dict[str, pd.DataFrame]]:
    """The page and offline.csv."""
    table = offline_table(evaluated(source.scores))
    return markdown(table, source.count), {"offline.csv": table}


def offline_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per task, cost limit and method: n, episodes, {metric}_mean, _low, _high.

    Args:
        rows: as returned by `per_seed.evaluated`.
    """
    table = over_seeds(rows, KEYS, EVALUATED)
    episodes = rows.groupby(KEYS, sort=False)["eval_episodes"].mean().to_numpy(dtype=float)
    table.insert(len(KEYS) + 1, "eval_episodes", episodes)
    return table


def markdown(table: pd.DataFrame, count: Callable[[str, str, int], str] = lambda task, method, n: str(n)) -> str:
    """offline.md: one table per task and cost limit, then what the numbers mean; `count` as `Source.count`."""
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
            [f"`{name}`", count(task, name, rows.loc[name, "n"]), f"{rows.loc[name, 'eval_episodes']:g}"]
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
