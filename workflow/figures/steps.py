"""Which option decides what: the change at each step from one method to another, one option at a time."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from marvel.errors import InputError
from workflow import tuning
from workflow.captions import difference_sentence, interval_sentences
from workflow.figures import panels, style
from workflow.names import label
from workflow.statistics.aggregates import changes
from workflow.statistics.per_seed import per_seed

KEYS = ("methods", "tasks")
INPUTS = ("scores",)

METRICS = {
    "train_return_normalized": "return\n(DSRL's 0 to 1)",
    "feasible_return_normalized": "feasible\nreturn",
    "train_cost_normalized": "cost\n(1 = the limit)",
}


def draw(scores: pd.DataFrame, labels: dict[str, str] | None = None) -> tuple[Figure, str]:
    """The change of return, feasible return and cost at each step.

    Args:
        scores: rows of scores.csv; the methods in their order, each of which differs from the one before it in one
            option.
        labels: {method: what it is called in print}.

    Returns:
        The figure and its caption.

    Raises:
        InputError: fewer than two methods.
    """
    methods, tasks = list(dict.fromkeys(scores["method"])), list(dict.fromkeys(scores["task"]))
    if len(methods) < 2:
        raise InputError(f"a chain of steps needs at least two methods with scores; {methods} is not enough.")
    seeds, printed = per_seed(scores), [label(name, labels) for name in methods]
    looks = style.styles(tasks, labels={task: tuning.label(task) for task in tasks})
    row = panels.ROW + 0.07 * (len(tasks) - 1)
    with plt.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, 1.35 + row * (len(methods) - 1)), layout="constrained")
        for axes, (metric, text) in zip(figure.subplots(1, len(METRICS), sharey=True), METRICS.items(), strict=True):
            _panel(axes, changes(seeds, methods, metric), methods[1:], looks)
            panels.name_rows(axes, printed[1:])
            axes.set_xlabel(text)
        foot = f"change, each line against the one above it, the first against {printed[0]}"
        panels.foot(figure, foot, tuning.footnote(tasks))
        panels.legend(figure, looks, set(), None)
    n = seeds.groupby(["task", "method"])["seed"].nunique()
    text = (
        f"Which option decides what: steps from {printed[0]} to {printed[-1]}, one option at a time from top to "
        "bottom. Each point is the change that the named line brings over the one before it (the first over "
        f"{printed[0]}), paired by seed, in the last 20 % of environment steps; a lower cost is to the left. "
        "Horizontal lines: intervals. The change of an option depends on the options turned before it. "
        + interval_sentences(n, difference_sentence)
        + tuning.sentence(tasks, tuning.MARK)
    )
    return figure, text


def _panel(axes: Axes, table: pd.DataFrame, methods: list[str], looks: dict[str, style.Style]) -> None:
    """The changes of one measure: a row a method, in it a point a task."""
    for index, (task, look) in enumerate(looks.items()):
        shift = 0.6 * ((index + 0.5) / len(looks) - 0.5)
        for line in table[table["task"] == task].itertuples():
            height = methods.index(line.method) + shift
            axes.plot(
                [line.low, line.high], [height] * 2, color=look.color, linewidth=2, alpha=0.45, solid_capstyle="butt"
            )
            axes.plot([line.change], [height], look.marker, color=look.color, markersize=3.6)
    axes.axvline(0, color="black", linewidth=0.7, zorder=1)
    panels.at_least(axes, -0.05, 0.05)
    axes.xaxis.set_major_locator(MaxNLocator(2))  # three labels with signs touch each other
