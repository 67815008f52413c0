"""Performance profiles over tasks and seeds."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workflow import tuning
from workflow.captions import aggregate_sentences
from workflow.figures import panels, style
from workflow.figures.aggregate import compared
from workflow.statistics.aggregates import matrices, profile
from workflow.statistics.intervals import bootstrap, fresh

KEYS = ("methods", "tasks", "sweep")
INPUTS = ("scores",)
OVER_TASKS = True

METRICS = {
    "train_return_normalized": "return t\n(DSRL's 0 to 1)",
    "feasible_return_normalized": "feasible return t\n(0 where unsafe)",
    "train_cost_normalized": "cost t\n(1 = the limit)",
}
POINTS = 101  # thresholds
MOST_COST = 4.0  # a profile of costs ends here, in cost limits


def draw(scores: pd.DataFrame, sweep: bool = False, labels: dict[str, str] | None = None) -> tuple[Figure, str]:
    """Performance profiles: the share of runs above each return, feasible return and cost.

    Args:
        scores, sweep, labels: as in `workflow.figures.aggregate`.

    Returns:
        The figure and its caption.
    """
    names, _, hollow, seeds = compared(scores, sweep, labels)
    looks = style.styles(names, sweep, labels)
    with plt.rc_context(style.RC):
        height = 0.6 + 1.75 * 2 + panels.legend_rows(looks)
        figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
        (first, second), (third, empty) = figure.subplots(2, 2, sharey=True)
        empty.set_visible(False)
        for axes, (metric, label) in zip((first, second, third), METRICS.items(), strict=True):
            _panel(axes, metric, matrices(seeds, metric), names, looks)
            axes.set_xlabel(label)
        for axes in (first, third):
            axes.set_ylabel("share of runs above t")
        panels.legend(figure, looks, set(names), "cost limit")
        panels.foot(figure, tuning.share(seeds["task"]))
    text = (
        "Performance profiles: the share of runs whose return, feasible return or cost (below; lower is better) in "
        "the last 20 % of environment steps is above t. " + aggregate_sentences(seeds)
    )
    evaluated = ", ".join(looks[name].label for name in names if name in hollow)
    return figure, text + (f" Not trained online, so read from the evaluation: {evaluated}." if hollow else "")


def _panel(axes: Axes, metric: str, made: dict[str, np.ndarray], names: list[str], looks: dict) -> None:
    every = np.concatenate([matrix.ravel() for matrix in made.values()])
    low, high = min(0.0, every.min()), max(1.0, every.max())
    if "cost" in metric:
        high = min(max(1.5, 1.05 * every.max()), MOST_COST)
    thresholds = np.linspace(low, high, POINTS)
    for name in reversed([name for name in names if name in made]):
        look = looks[name]
        value, lower, upper = bootstrap((made[name],), lambda part: profile(part, thresholds), fresh())
        axes.plot(thresholds, value, color=look.color, linestyle=look.linestyle, linewidth=1.2)
        axes.fill_between(thresholds, lower, upper, color=look.color, alpha=0.12, linewidth=0)
    axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.set_xlim(low, high)
    axes.set_ylim(-0.02, 1.02)
    if "cost" in metric:
        axes.axvline(1.0, zorder=1, **style.LIMIT)
