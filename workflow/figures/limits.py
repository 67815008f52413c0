"""Return and cost against the cost limit that runs were trained under."""

import re

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from marvel.errors import InputError
from workflow import tuning
from workflow.captions import interval_sentences
from workflow.figures import panels, style
from workflow.names import order
from workflow.statistics.intervals import fresh, mean_interval
from workflow.statistics.per_seed import per_seed

KEYS = ("methods", "tasks", "studies")
INPUTS = ("scores",)
ANY_LIMIT = True

ROWS = {
    "train_return": "return\n(sum per episode)",
    "train_cost": "cost\n(sum per episode)",
    "violation_rate": "violation\nrate",
}


def family(method: str, limit: float) -> str:
    """The method that a line is at another limit: `marvel_limit40` is `marvel` if its runs have cost limit 40."""
    found = re.fullmatch(r"(.+)_limit(\d+)", method)
    return found[1] if found and float(found[2]) == limit else method


def draw(scores: pd.DataFrame, labels: dict[str, str] | None = None) -> tuple[Figure, str]:
    """Return and cost at the end of training against the cost limit, one column per task.

    Args:
        scores: rows of scores.csv, of one or several studies; lines that differ in the limit alone are joined by
            `family`.
        labels: {method: what it is called in print}.

    Returns:
        The figure and its caption.

    Raises:
        InputError: there is one limit only, or two runs of one method, task, seed and limit.
    """
    seeds = joined(scores)
    limits = sorted(seeds["cost_limit"].unique())
    tasks, names = list(dict.fromkeys(seeds["task"])), order(list(seeds["method"]))
    looks = style.styles(names, labels=labels)
    with plt.rc_context(style.RC):
        figure, columns = panels.task_panels(tasks, [1.1] * len(ROWS), extra=panels.legend_rows(looks))
        for task, column in columns.items():
            for axes, (metric, label) in zip(column, ROWS.items(), strict=True):
                _panel(axes, metric, seeds[seeds["task"] == task], looks, limits)
                if panels.is_left(tasks, task):
                    axes.set_ylabel(label)
        panels.legend(figure, looks, set(), "cost = limit")
        panels.foot(figure, "cost limit per episode", tuning.footnote(tasks))
        figure.align_ylabels()
    counts = seeds.groupby(["task", "method", "cost_limit"])["seed"].nunique()
    listed = ", ".join(f"{limit:g}" for limit in limits)
    text = (
        "Return, cost (mean per training episode of the last 20 % of environment steps) and violation rate (share of "
        f"all training episodes above the limit) when the same methods are trained under the cost limits {listed}. "
        "Dashes: cost equal to the limit; below them is safe. Points of one limit are set apart slightly. Vertical "
        "lines: intervals. " + interval_sentences(counts) + tuning.sentence(tasks, tuning.MARK)
    )
    return figure, text


def joined(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per trained run, a method's entries at several limits, and those of several studies, under one name.

    Raises:
        InputError: see `draw`.
    """
    scores = scores.reset_index(drop=True)
    scores["method"] = [family(*pair) for pair in zip(scores["method"], scores["cost_limit"], strict=True)]
    twice = scores[scores.duplicated(["method", "task", "seed", "cost_limit", "round"])]
    if len(twice):
        row = twice.iloc[0]
        raise InputError(
            f"{row['method']} on {row['task']}, seed {row['seed']}, cost limit {row['cost_limit']:g} was given twice."
        )
    seeds = pd.concat([per_seed(part) for _, part in scores.groupby("cost_limit")], ignore_index=True)
    seeds = seeds[seeds["train_return"].notna()]
    limits = sorted(seeds["cost_limit"].unique())
    if len(limits) < 2:
        raise InputError(f"a sweep over cost limits needs at least two; the scores have {limits}.")
    return seeds


def _panel(axes: Axes, metric: str, part: pd.DataFrame, looks: dict, limits: list[float]) -> None:
    """One measure on one task: a line a method, over the limits that it ran under."""
    for place, (name, look) in enumerate(looks.items()):
        groups = part[part["method"] == name].groupby("cost_limit")[metric]
        if not len(groups):
            continue
        x = np.array(list(groups.groups)) * (1 + 0.02 * (place - (len(looks) - 1) / 2))
        ends = np.array([mean_interval(values.to_numpy(), fresh()) for _, values in groups])
        axes.plot(
            x, ends[:, 0], color=look.color, linestyle=look.linestyle, marker=look.marker, markersize=3.6, linewidth=1
        )
        axes.vlines(x, ends[:, 1], ends[:, 2], color=look.color, linewidth=1.6, alpha=0.5)
    if metric == "train_cost":
        axes.plot(limits, limits, **style.LIMIT)
    axes.set_xscale("log")
    axes.set_xticks(limits, [f"{limit:g}" for limit in limits])
    panels.no_minor(axes)
    top = axes.get_ylim()[1]
    ends = {"train_cost": (-0.04 * top, top), "violation_rate": (-0.03, 1.03)}
    axes.set_ylim(*ends.get(metric, axes.get_ylim()))
