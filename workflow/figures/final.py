"""Where runs end: return against cost, one panel a task, a point a run."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow import tuning
from workflow.figures import panels, style
from workflow.figures.curves import check
from workflow.names import order
from workflow.statistics.per_seed import per_seed, with_evaluated

KEYS = ("methods", "tasks", "sweep")
INPUTS = ("scores",)

LOG_FROM = 8  # the cost axes turn logarithmic above the limit when a method's mean exceeds this many limits


def draw(scores: pd.DataFrame, sweep: bool = False, labels: dict[str, str] | None = None) -> tuple[Figure, str]:
    """Return against cost of the last fifth of every run, with each method's mean.

    Args:
        scores: rows of scores.csv with one cost limit per task.
        sweep: the methods are one method at rising values of an option, in the order of the scores.
        labels: {method: what it is called in print}.

    Returns:
        The figure and its caption.

    Raises:
        InputError: see `workflow.figures.curves.check`.
    """
    check(scores)
    tasks, methods = list(dict.fromkeys(scores["task"])), list(dict.fromkeys(scores["method"]))
    looks = style.styles(methods if sweep else order(methods), sweep, labels)
    looks = {name: look._replace(linestyle="") for name, look in looks.items()}
    seeds = with_evaluated(per_seed(scores))
    means = seeds.groupby(["task", "method"])[["train_cost_normalized"]].mean()
    log = bool((means["train_cost_normalized"] > LOG_FROM).any())
    with plt.rc_context(style.RC):
        figure, columns = panels.task_panels(tasks, [1.55], extra=panels.legend_rows(looks))
        for task, (axes,) in columns.items():
            _panel(axes, seeds[seeds["task"] == task], looks, log)
            if panels.is_left(tasks, task):
                axes.set_ylabel("return (sum per episode)")
        limits = sorted(seeds["cost_limit"].unique())
        panels.legend(figure, looks, set(), f"cost limit {limits[0]:g}" if len(limits) == 1 else "cost limit")
        counts = seeds.groupby(["task", "method"])["seed"].nunique()
        cost = "cost (sum per episode" + ("; log above the limit)" if log else ")")
        sizes = "small: a run; large: mean; " if counts.max() > 1 else ""
        panels.foot(figure, cost, f"{sizes}{panels.seeds_phrase(counts)}", tuning.footnote(tasks))
    evaluated = [look.label for name, look in looks.items() if name in _evaluated(scores)]
    text = (
        "Return against cost at the end of training: means per training episode of the last 20 % of environment steps. "
        "Small: single runs. Large: the mean of a method's runs. Dashes: the cost limit; left of it is safe. "
        f"{panels.seeds_phrase(counts)}."
        + (" The cost axes are linear up to the limit and logarithmic above it." if log else "")
        + (f" Not trained online, so read from the evaluation: {', '.join(evaluated)}." if evaluated else "")
        + tuning.sentence(tasks, tuning.MARK)
    )
    return figure, text


def _evaluated(scores: pd.DataFrame) -> set[str]:
    return set(scores["method"]) - set(scores.loc[scores["round"] > 0, "method"])


def _panel(axes: Axes, part: pd.DataFrame, looks: dict[str, style.Style], log: bool) -> None:
    """One task: its runs and, above them, the means."""
    limit = part["cost_limit"].iloc[0]
    for name, look in reversed(looks.items()):  # the first of the legend on top
        runs = part[part["method"] == name]
        if runs.empty:
            continue
        point = {"color": look.color, "marker": look.marker, "linestyle": ""}
        axes.plot(runs["train_cost"], runs["train_return"], markersize=2.8, alpha=0.55, markeredgewidth=0, **point)
        mean = runs[["train_cost", "train_return"]].mean()
        axes.plot(
            *([value] for value in mean),
            markersize=5.8,
            markeredgecolor="black",
            markeredgewidth=0.6,
            zorder=3,
            **point,
        )
    axes.axvline(limit, zorder=1.5, **style.LIMIT)
    top = max(1.25 * limit, 1.05 * part["train_cost"].max())
    panels.ticks(axes)
    axes.margins(y=0.1)
    if log:
        axes.set_xscale("symlog", linthresh=limit, linscale=1)
        marks = [mark for mark in (0.0, limit, 10 * limit, 100 * limit) if mark <= top]
        axes.set_xticks(marks, [style.thousands(mark) for mark in marks])
    axes.set_xlim(-0.05 * (limit if log else top), top * (1.3 if log else 1.0))
