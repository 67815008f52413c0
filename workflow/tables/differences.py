"""Any two methods compared on a task, seed by seed: the differences behind "which part of Marvel is worth what"."""

from itertools import combinations

import numpy as np
import pandas as pd

from workflow.captions import difference_sentence, diverged_sentence, interval_sentences
from workflow.names import order
from workflow.statistics.intervals import t_interval
from workflow.statistics.measures import measured
from workflow.statistics.verdicts import p_above, p_below
from workflow.tables.page import ends, markdown_table, number
from workflow.tables.source import Source
from workflow.tuning import label, sentence

METRICS = {  # {column of per_seed.csv: (title, digits)}
    "feasible_return_normalized": ("Feasible return, normalised", 2),
    "train_cost": ("Cost per training episode, last fifth", None),
    "violation_rate": ("Share of training episodes above the limit", 2),
}
KEYS = ["cost_limit", "task", "metric"]
COLUMNS = [*KEYS, "first", "second", "n", "effect", "low", "high", "standardized", "p"]


def make(source: Source) -> tuple[str, dict[str, pd.DataFrame]]:
    """The page and differences.csv."""
    table = differences(measured(source.scores))
    return markdown(table, source), {"differences.csv": table}


def differences(seeds: pd.DataFrame) -> pd.DataFrame:
    """differences.csv: a row for each pair of methods under one cost limit, task and metric.

    Args:
        seeds: as made by `measured`.

    Returns:
        Columns `COLUMNS`: n (seeds of both), effect (mean of first minus second over them) with its t interval,
        standardized (effect over the differences' standard deviation), p (two-sided, of the t test against 0). Pairs
        without two seeds in common are left out.
    """
    heads, numbers = [], []
    for (limit, task), runs in seeds.groupby(["cost_limit", "task"], sort=False):
        for metric in METRICS:
            wide = runs.pivot(index="seed", columns="method", values=metric)
            for first, second in combinations(order(list(wide)), 2):
                pairs = (wide[first] - wide[second]).dropna().to_numpy(dtype=np.float64)
                if len(pairs) > 1:
                    heads.append((limit, task, metric, first, second, len(pairs)))
                    numbers.append(pairs)
    found = np.full((len(heads), 5), np.nan)
    for n in {len(pairs) for pairs in numbers}:  # one call for all pairs of as many seeds
        chosen = [index for index, pairs in enumerate(numbers) if len(pairs) == n]
        found[chosen] = _compared(np.stack([numbers[index] for index in chosen]))
    return pd.concat([pd.DataFrame(heads, columns=COLUMNS[:6]), pd.DataFrame(found, columns=COLUMNS[6:])], axis=1)


def _compared(pairs: np.ndarray) -> np.ndarray:
    """effect, low, high, standardized and p, (rows, 5), of differences (rows, seeds)."""
    effect, low, high = t_interval(pairs)
    spread = pairs.std(axis=-1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        standardized = np.where(spread > 0, effect / spread, np.nan)
    p = np.minimum(1, 2 * np.minimum(p_above(pairs, 0.0), p_below(pairs, 0.0)))
    return np.stack([effect, low, high, standardized, p], axis=-1)


def markdown(table: pd.DataFrame, source: Source) -> str:
    """The page: for each cost limit and metric, the first method minus each other, by task."""
    lines = ["# Differences", ""]
    if table.empty:
        return "\n".join([*lines, "No two methods have two seeds in common.", ""])
    first = order([*table["first"], *table["second"]])[0]
    shown = table[table["first"] == first]
    lines += [
        f"`{first}` minus each other method, seed by seed: mean [95 % interval]. **Bold**: the interval leaves "
        "out 0. These comparisons are not corrected for their number; the claims' verdicts are. differences.csv has "
        "every pair of methods.",
        "",
    ]
    for (limit, metric), part in shown.groupby(["cost_limit", "metric"], sort=False):
        tasks = list(dict.fromkeys(part["task"]))
        cells = {(row.second, row.task): _cell(row, METRICS[metric][1]) for row in part.itertuples()}
        rows = [
            [f"`{name}`", *(cells.get((name, task), "–") for task in tasks)] for name in order(list(part["second"]))
        ]
        lines += [f"## {METRICS[metric][0]}, cost limit {limit:g}", ""]
        lines += [*markdown_table(["", *map(label, tasks)], rows), ""]
    foot = interval_sentences(shown["n"], difference_sentence) + diverged_sentence(source.seeds)
    return "\n".join([*lines, foot + sentence(list(dict.fromkeys(shown["task"])), "†"), ""])


def _cell(row, digits: int | None) -> str:
    """A difference with its interval."""
    text = ends(row.effect, row.low, row.high, number if digits is None else lambda x: f"{round(x, digits) + 0.0:.2f}")
    return f"**{text}**" if row.low > 0 or row.high < 0 else text
