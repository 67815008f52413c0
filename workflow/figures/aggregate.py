"""Interquartile means over tasks and seeds."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow import tuning
from workflow.captions import aggregate_sentences
from workflow.figures import panels, style
from workflow.names import order
from workflow.statistics.aggregates import matrices
from workflow.statistics.intervals import bootstrap, fresh, interquartile_mean
from workflow.statistics.per_seed import per_seed, with_evaluated

KEYS = ("methods", "tasks", "sweep")
INPUTS = ("scores",)
OVER_TASKS = True

METRICS = {  # per-seed column: axis label; a return never stands without its cost
    "train_return_normalized": "return\n(DSRL's 0 to 1)",
    "feasible_return_normalized": "feasible return\n(0 where unsafe)",
    "train_cost_normalized": "cost\n(1 = the limit)",
    "violation_rate": "violation rate\n(share of episodes)",
}
MOST_COST = 4.0  # cost limits that an axis spans at most; beyond it stands an arrow with the number
EVALUATED = "Hollow: not trained online; its deterministic evaluation."


def draw(scores: pd.DataFrame, sweep: bool = False, labels: dict[str, str] | None = None) -> tuple[Figure, str]:
    """Interquartile means of return, feasible return, cost and violation rate over all tasks and seeds.

    Args:
        scores: rows of scores.csv, the same seeds on every task.
        sweep: the methods are one method at rising values of an option, in the order of the scores.
        labels: {method: what it is called in print}.

    Returns:
        The figure and its caption.
    """
    names, looks, hollow, seeds = compared(scores, sweep, labels)
    with plt.rc_context(style.RC):
        figure, axes_of = panels.row_panels(len(METRICS), len(names))
        for axes, (metric, label) in zip(axes_of, METRICS.items(), strict=True):
            values = {
                name: bootstrap((matrix,), interquartile_mean, fresh())
                for name, matrix in matrices(seeds, metric).items()
            }
            most = MOST_COST if metric == "train_cost_normalized" else np.inf
            panels.whiskers(axes, names, values, looks, hollow, most)
            _scale(axes, metric)
            axes.set_xlabel(label)
        panels.foot(figure, tuning.share(seeds["task"]))
    text = (
        "Interquartile means (of the middle half of all runs) of return, feasible return, cost and violation rate. "
        "Return and cost: mean per training episode of the last 20 % of environment steps, in DSRL's units; a run "
        "whose cost is above the limit counts 0 in the feasible return. Dashes: the cost limit. A cost of more than "
        f"{MOST_COST:g} limits is a number beside an arrow. " + aggregate_sentences(seeds)
    )
    return figure, text + (f" {EVALUATED}" if hollow else "")


def compared(
    scores: pd.DataFrame, sweep: bool, labels: dict[str, str] | None
) -> tuple[list[str], dict[str, style.Style], set[str], pd.DataFrame]:
    """What figures over tasks show of scores.

    Returns:
        The methods in order, their looks, those that were only evaluated, and one row per task, method and seed in
        which these stand with their evaluation.
    """
    seeds = per_seed(scores)
    hollow = set(seeds.loc[seeds["train_return"].isna(), "method"])
    names = list(dict.fromkeys(seeds["method"]))
    names = names if sweep else order(names)
    looks = style.styles(names, sweep, labels) if sweep else style.row_styles(names, labels)
    return names, looks, hollow, with_evaluated(seeds)


def _scale(axes: Axes, metric: str) -> None:
    """Ends of an x-axis: no difference of no importance fills it, and costs are shown from 0 past the limit."""
    if metric == "violation_rate":
        axes.set_xlim(-0.03, 1.03)
    elif metric == "train_cost_normalized":
        axes.axvline(1.0, zorder=1, **style.LIMIT)
        axes.set_xlim(-0.04, max(min(axes.get_xlim()[1], MOST_COST), 1.2) + 0.04)
    else:
        panels.at_least(axes, -0.02, 0.2)
