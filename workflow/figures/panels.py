"""Panels of a figure and what surrounds them: curves, rows of names, the legend and the foot."""

import math
import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from workflow import tuning
from workflow.figures import style
from workflow.figures.grids import Curve
from workflow.statistics.intervals import fresh, mean_interval, percentile_coverage

COLUMNS = 2  # panels side by side
FAINT_SEEDS = 5  # single seeds are drawn up to this many
MEAN_LINE = {"linewidth": 1.2, "markersize": 3.8, "markeredgecolor": "white", "markeredgewidth": 0.4}
LETTER = 0.055  # inches, about the width of a 7 pt letter
ROW, DENSE_ROW, MANY = 0.155, 0.13, 16  # inches per name, and of more names than so many


def task_panels(
    tasks: list[str], heights: list[float], width: float = style.WIDTH, extra: float = 0.0
) -> tuple[Figure, dict[str, list[Axes]]]:
    """A figure with a column of panels for each task, two side by side, the next tasks below.

    Args:
        tasks: In order.
        heights: Of the panels of a column, in inches.
        width: Of the figure, in inches.
        extra: Inches for the legend and the foot beside the usual.

    Returns:
        The figure and {task: its panels from top to bottom}; panels of a column share the x-axis.
    """
    columns = min(COLUMNS, len(tasks))
    blocks = math.ceil(len(tasks) / columns)
    figure = Figure(figsize=(width, 0.95 + extra + blocks * (sum(heights) + 0.4)), layout="constrained")
    axes = figure.subplots(len(heights) * blocks, columns, squeeze=False, height_ratios=heights * blocks)
    panels = {}
    for index, task in enumerate(tasks):
        first = len(heights) * (index // columns)
        panels[task] = list(axes[first : first + len(heights), index % columns])
        panels[task][0].set_title(tuning.label(task))
        for upper in panels[task][:-1]:
            upper.sharex(panels[task][-1])
            upper.tick_params(labelbottom=False)
    if len(tasks) % columns:
        for empty in axes[-len(heights) :, -1]:
            empty.set_visible(False)
    return figure, panels


def is_left(tasks: list[str], task: str) -> bool:
    """Whether a task's panels stand at the left, where the y-axis has its name."""
    return tasks.index(task) % min(COLUMNS, len(tasks)) == 0


def ticks(axes: Axes, x: int = 4, y: int = 4) -> None:
    """A few round ticks on both axes, thousands written as k."""
    axes.xaxis.set_major_locator(MaxNLocator(x, steps=[1, 2, 4, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(y, steps=[1, 2, 2.5, 5, 10]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(style.thousands))


def draw_curves(axes: Axes, curves: dict[str, Curve], looks: dict[str, style.Style]) -> None:
    """Each method's seeds (faint), interval (band) and mean (bold, with a few markers)."""
    names = list(curves)
    for place, name in enumerate(reversed(names)):  # the first of the legend is drawn last, on top
        curve, look = curves[name], looks[name]
        middle, low, high = mean_interval(curve.values, fresh())
        if curve.x is None:
            axes.axhline(middle[0], color=look.color, linestyle=look.linestyle, linewidth=1.1, zorder=2.1)
            if len(curve.values) > 1:
                axes.axhspan(low[0], high[0], color=look.color, alpha=0.1, linewidth=0, zorder=1.9)
            continue
        _draw_seeds(axes, curve, look)
        if len(curve.values) > 1 and not curve.runs:
            axes.fill_between(curve.x, low, high, color=look.color, alpha=0.15, linewidth=0, zorder=2)
        every = max(1, len(curve.x) // 5)
        axes.plot(
            curve.x,
            middle,
            color=look.color,
            linestyle=look.linestyle,
            marker=look.marker,
            # staggered, so that markers do not hide each other; of a parametric curve the end
            markevery=[len(curve.x) - 1] if curve.runs else (place * every // len(names), every),
            zorder=3 + 0.01 * place,
            **MEAN_LINE,
        )


def _draw_seeds(axes: Axes, curve: Curve, look: style.Style) -> None:
    """Single seeds where there are few; of a parametric curve the end of every seed, beside it."""
    lines = curve.runs or [(curve.x, values) for values in curve.values]
    if len(curve.values) <= FAINT_SEEDS:
        for x, values in lines:
            axes.plot(x, values, color=look.color, linewidth=0.4, alpha=0.3, zorder=2.2)
    for x, values in curve.runs:
        axes.plot(x[-1], values[-1], look.marker, color=look.color, markersize=3, alpha=0.55, markeredgewidth=0)


def whiskers(
    axes: Axes,
    names: list[str],
    values: dict[str, tuple],
    looks: dict,
    hollow: set[str] = frozenset(),
    most: float = np.inf,
) -> None:
    """A dot with its interval for each name, the first at the top; a name without a value keeps an empty line.

    A mean beyond `most` is an arrow there with its number beside it.
    """
    for place, name in enumerate(names):
        if name not in values:
            continue
        middle, low, high = (float(value) for value in values[name])
        look = looks[name]
        if not np.isnan(low) and low < most:
            ends = [low, min(high, most)]
            axes.plot(ends, [place, place], color=look.color, linewidth=2.2, alpha=0.45, solid_capstyle="butt")
        if middle > most:
            axes.annotate(f"{middle:.3g} ▸", (most, place), ha="right", va="center", color=look.color)
            continue
        face = "white" if name in hollow else look.color
        axes.plot(
            [middle],
            [place],
            look.marker,
            color=look.color,
            markerfacecolor=face,
            markersize=4.2,
            markeredgewidth=0.8,
            clip_on=False,
            zorder=3,
        )
    name_rows(axes, [looks[name].label for name in names])


def name_rows(axes: Axes, labels: list[str]) -> None:
    """A row for each label, the first at the top."""
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")


def row_height(rows: int) -> float:
    """Inches per name in a panel of so many: a figure of many is to fit a page."""
    return ROW if rows <= MANY else DENSE_ROW


def row_panels(count: int, rows: int, extra: float = 0.0) -> tuple[Figure, list[Axes]]:
    """A figure with panels over rows of names, two side by side, the next below."""
    blocks = math.ceil(count / COLUMNS)
    height = 0.25 + extra + blocks * (0.5 + row_height(rows) * max(rows, 2))
    figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
    axes = figure.subplots(blocks, min(COLUMNS, count), sharey=True, squeeze=False)
    for empty in axes.flat[count:]:
        empty.set_visible(False)
    return figure, list(axes.flat[:count])


def at_least(axes: Axes, low: float, high: float) -> None:
    """Widen an x-axis so that a difference of no importance does not fill the panel."""
    now = axes.get_xlim()
    axes.set_xlim(min(low, now[0]), max(high, now[1]))


def seeds_phrase(counts: pd.Series) -> str:
    """`n = 3 seeds`, or `n = 3 to 5 seeds` where cells differ."""
    low, high = counts.min(), counts.max()
    return f"n = {low} seed{'s' if low > 1 else ''}" if low == high else f"n = {low} to {high} seeds"


def curves_key(counts: pd.Series, band: bool = True) -> str:
    """What bold, faint and bands are, for the foot of a figure of curves."""
    if counts.max() == 1:
        return seeds_phrase(counts)
    faint = "; faint: seeds" if counts.min() <= FAINT_SEEDS else ""
    coverage = f"; band: about {100 * percentile_coverage(counts.min()):.0f} % coverage" * bool(
        band and counts.min() > 1
    )
    return f"bold: mean{faint}{coverage}; {seeds_phrase(counts)}"


def foot(figure: Figure, *lines: str) -> None:
    """Write the lines that are not empty below a figure, folded to its width."""
    letters = int(figure.get_figwidth() / LETTER)
    if lines := [part for line in lines if line for part in textwrap.wrap(line, letters)]:
        figure.supxlabel("\n".join(lines))


def legend(figure: Figure, looks: dict[str, style.Style], constant: set[str], limit: str | None) -> None:
    """One legend above the panels, in as many columns as fit the width; `limit` labels the cost limit's dashes.

    Args:
        figure: To write on.
        looks: Of the methods shown, in order.
        constant: Those drawn as a horizontal line.
        limit: None where no limit is drawn.
    """
    handles = []
    for name, look in looks.items():
        marker = None if name in constant else look.marker
        handles.append(
            Line2D([], [], color=look.color, linestyle=look.linestyle, marker=marker, label=look.label, **MEAN_LINE)
        )
    if limit is not None:
        handles.append(Line2D([], [], label=limit, **style.LIMIT))
    inches = 0.55 + LETTER * max(len(handle.get_label()) for handle in handles)  # handle and gaps, then letters
    fit = max(1, min(len(handles), int(figure.get_figwidth() / inches)))
    balanced = math.ceil(len(handles) / math.ceil(len(handles) / fit))
    figure.legend(
        handles=handles, loc="outside upper center", ncols=balanced, frameon=False, handlelength=2.6, columnspacing=1.0
    )


def legend_rows(looks: dict[str, style.Style]) -> float:
    """About how many inches a legend takes more than one row does."""
    inches = 0.55 + LETTER * max((len(look.label) for look in looks.values()), default=0)
    fit = max(1, int(style.WIDTH / inches))
    return 0.13 * max(0, math.ceil((len(looks) + 1) / fit) - 1)


def no_minor(axes: Axes) -> None:
    """No ticks between those that were set."""
    axes.yaxis.set_minor_locator(plt.NullLocator())
    axes.xaxis.set_minor_locator(plt.NullLocator())
