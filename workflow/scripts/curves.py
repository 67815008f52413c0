"""Learning curves: return above cost, one column per task, all methods of a study.

`draw_curves` draws, `caption` says in words what was done.
"""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from workflow.scripts import style
from workflow.scripts.grids import POINTS, Curve, curve
from workflow.scripts.intervals import LEVEL, SEED, describe, mean_interval

X_LABELS = {
    "env_steps": "environment steps",
    "episodes": "training episodes",
    "updates": "gradient steps",
    "cumulative_cost": "cumulative training cost",
}
SOURCES = {
    "train": "training episodes (stochastic policy)",
    "eval": "evaluation episodes (deterministic policy)",
}
MAX_COLUMNS = 4
FAINT_SEEDS = 5  # single seeds are drawn up to this many
LOG_FROM = 8  # the cost axis turns logarithmic above the limit when a mean cost exceeds this many limits


def check(scores: pd.DataFrame) -> None:
    """Refuse what one panel cannot show honestly.

    Raises:
        ValueError: no rows, or several cost limits on one task.
    """
    if scores.empty:
        raise ValueError("the scores hold no rows, so there is nothing to draw.")
    for task, rows in scores.groupby("task"):
        limits = sorted(rows["cost_limit"].unique())
        if len(limits) > 1:
            raise ValueError(f"{task} has runs with cost limits {limits}; a panel shows one limit (choose --methods).")


def draw_panel(axes: Axes, curves: dict[str, Curve], looks: dict[str, style.Style]) -> None:
    """Draw each method's seeds (faint), interval (band) and mean (bold, with a few markers)."""
    names = list(curves)
    for place, name in enumerate(reversed(names)):  # the first of the legend is drawn last, on top
        curve, look = curves[name], looks[name]
        middle, low, high = mean_interval(curve.values, np.random.default_rng(SEED))
        if curve.x is None:
            axes.axhline(middle[0], color=look.color, linestyle=look.linestyle, linewidth=1.1, zorder=2.1)
            if len(curve.values) > 1:
                axes.axhspan(low[0], high[0], color=look.color, alpha=0.1, linewidth=0, zorder=1.9)
            continue
        if len(curve.values) <= FAINT_SEEDS:
            for values in curve.values:
                axes.plot(curve.x, values, color=look.color, linewidth=0.4, alpha=0.3, zorder=2.2)
        if len(curve.values) > 1:
            axes.fill_between(curve.x, low, high, color=look.color, alpha=0.15, linewidth=0, zorder=2)
        every = max(1, len(curve.x) // 5)
        axes.plot(
            curve.x,
            middle,
            color=look.color,
            linestyle=look.linestyle,
            marker=look.marker,
            markevery=(place * every // len(names), every),  # staggered, so that markers do not hide each other
            zorder=3 + 0.01 * place,
            **MEAN_LINE,
        )


MEAN_LINE = {"linewidth": 1.2, "markersize": 3.4, "markeredgecolor": "white", "markeredgewidth": 0.4}


def draw_limit(axes: Axes, limit: float, curves: dict[str, Curve]) -> bool:
    """Dash the cost limit in and scale the axis so that both it and the curves can be read.

    Returns:
        Whether the axis is logarithmic above the limit.
    """
    axes.axhline(limit, zorder=2.5, **style.LIMIT)
    top = max((np.mean(curve.values, axis=0).max() for curve in curves.values()), default=0.0)
    logarithmic = limit > 0 and top > LOG_FROM * limit
    if logarithmic:
        axes.set_yscale("symlog", linthresh=limit, linscale=1)
        ticks = [0.0, limit] + [limit * 10**k for k in range(1, 1 + math.ceil(math.log10(top / limit)))]
        axes.set_yticks(ticks, [style.thousands(tick) for tick in ticks])
        axes.yaxis.set_minor_locator(plt.NullLocator())
        axes.set_ylim(0, top * 1.3)
        axes.set_title("log above the limit", loc="right", y=0.99, pad=-7, fontsize=style.RC["font.size"])
    else:
        axes.set_ylim(0, None)
        low, high = axes.get_ylim()
        axes.set_ylim(low, max(high, 1.25 * limit))
    return logarithmic


def draw_curves(
    scores: pd.DataFrame,
    units: str = "raw",
    source: str = "train",
    x: str = "env_steps",
    window: int = 1,
    points: int = POINTS,
) -> tuple[Figure, str]:
    """Learning curves of all methods on all tasks: return above cost.

    Args:
        scores: rows of scores.csv with one cost limit per task.
        units: `raw` or `normalized` (DSRL's).
        source: `train` or `eval`.
        x: a key of `X_LABELS`.
        window: rounds in a moving average; 1 leaves them raw.
        points: at most this many points per curve.

    Returns:
        The figure and its caption.

    Raises:
        ValueError: see `check`.
    """
    check(scores)
    tasks, methods = list(dict.fromkeys(scores["task"])), style.order(list(scores["method"]))
    looks = style.styles(methods)
    ending = "_normalized" if units == "normalized" else ""
    rows = math.ceil(len(tasks) / MAX_COLUMNS)
    columns = math.ceil(len(tasks) / rows)
    width = style.COLUMN_WIDTH if columns == 1 else style.TEXT_WIDTH
    high, low = (1.35, 1.1) if rows == 1 else (1.2, 0.95)
    with plt.rc_context(style.RC):
        figure = Figure(figsize=(width, 0.8 + rows * (high + low + 0.35)), layout="constrained")
        panels = figure.subplots(2 * rows, columns, squeeze=False, height_ratios=[high, low] * rows)
        for axes in panels.flat:
            axes.set_visible(False)
        drawn, log_tasks = [], []
        for index, task in enumerate(tasks):
            top, bottom = panels[2 * (index // columns) : 2 * (index // columns) + 2, index % columns]
            part = scores[scores["task"] == task]
            for axes, quantity in ((top, "return"), (bottom, "cost")):
                made = {
                    name: curve(part[part["method"] == name], x, f"{source}_{quantity}{ending}", window, points)
                    for name in methods
                }
                made = {name: line for name, line in made.items() if line is not None}
                drawn += made
                axes.set_visible(True)
                axes.margins(x=0.02)
                draw_panel(axes, made, looks)
                axes.yaxis.set_major_locator(MaxNLocator(4))
                axes.yaxis.set_major_formatter(FuncFormatter(style.thousands))
                axes.xaxis.set_major_locator(MaxNLocator(4 if columns > 2 else 6, steps=[1, 2, 4, 5, 10]))
                axes.xaxis.set_major_formatter(FuncFormatter(style.thousands))
                if quantity == "cost":
                    limit = 1.0 if units == "normalized" else float(part["cost_limit"].iloc[0])
                    if draw_limit(axes, limit, made):
                        log_tasks.append(task)
                if index % columns == 0:
                    axes.set_ylabel(_y_label(quantity, units))
            bottom.sharex(top)
            top.tick_params(labelbottom=False)
            top.set_title(task)
        shown = [name for name in methods if name in drawn]
        _legend(figure, shown, looks, scores, units, width)
        counts = scores.groupby(["task", "method"])["seed"].nunique()
        figure.supxlabel(_x_label(x, window, counts))
        figure.align_ylabels()
    return figure, caption(scores, counts, units, source, x, window, points, log_tasks)


def _y_label(quantity: str, units: str) -> str:
    if units == "normalized":
        return "return\n(DSRL's 0 to 1)" if quantity == "return" else "cost\n(1 = the limit)"
    return f"{quantity}\n(sum per episode)"


def _x_label(x: str, window: int, counts: pd.Series) -> str:
    averaged = f" (moving average of {window} rounds)" if window > 1 else ""
    faint = "faint: seeds; " if counts.min() <= FAINT_SEEDS else ""
    band = f"band: {100 * LEVEL:.0f} % interval; " if counts.max() > 1 else ""
    return f"{X_LABELS[x]}{averaged}\nbold: mean; {faint}{band}{_seeds(counts)}"


def _seeds(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"n = {low} seed{'s' if low > 1 else ''}" if low == high else f"n = {low} to {high} seeds"


def _legend(
    figure: Figure, names: list[str], looks: dict[str, style.Style], scores: pd.DataFrame, units: str, width: float
) -> None:
    """One legend above the panels, in as many columns as fit the width."""
    constant = set(scores["method"]) - set(scores.loc[scores["round"] > 0, "method"])
    handles = []
    for name in names:
        look = looks[name]
        marker = None if name in constant else look.marker
        handles.append(
            Line2D([], [], color=look.color, linestyle=look.linestyle, marker=marker, label=name, **MEAN_LINE)
        )
    limits = sorted(scores["cost_limit"].unique())
    label = f"cost limit {limits[0]:g}" if len(limits) == 1 and units == "raw" else "cost limit"
    handles.append(Line2D([], [], label=label, **style.LIMIT))
    inches = 0.5 + 0.06 * max(len(handle.get_label()) for handle in handles)  # handle and gaps, then 7 pt letters
    fit = max(1, min(len(handles), int(width / inches)))
    balanced = math.ceil(len(handles) / math.ceil(len(handles) / fit))
    figure.legend(handles=handles, loc="outside upper center", ncols=balanced, frameon=False, handlelength=2.6)


def caption(
    scores: pd.DataFrame,
    counts: pd.Series,
    units: str,
    source: str,
    x: str,
    window: int,
    points: int,
    log_tasks: list[str],
) -> str:
    """What a reader must know to read the figure, in full sentences."""
    constant = sorted(set(scores["method"]) - set(scores.loc[scores["round"] > 0, "method"]))
    limits = ", ".join(f"{limit:g}" for limit in sorted(scores["cost_limit"].unique()))
    scale = "in raw units" if units == "raw" else "in DSRL's normalised units"
    parts = [
        f"Return (above) and cost (below) of the {SOURCES[source]} against {X_LABELS[x]}, {scale}; {_seeds(counts)}.",
        f"Bold: mean over seeds. Faint: single seeds, drawn where there are at most {FAINT_SEEDS}. Band: interval.",
        f"Black dashes: the cost limit ({limits} per episode).",
        " ".join(describe(int(n)) for n in sorted(counts.unique())),
    ]
    if constant:
        names = ", ".join(constant)
        parts.append(f"Horizontal: {names}, not trained online; mean and interval of the deterministic evaluation.")
    rounds = scores.groupby(["task", "method", "seed"])["round"].max().max()
    if window > 1:
        parts.append(f"Each value is the moving average of {window} rounds.")
    if source == "train" and rounds > points:
        parts.append(f"Consecutive rounds are averaged so that at most {points} points per curve are drawn.")
    elif window == 1:
        parts.append("Values are not smoothed.")
    parts.append(
        "Seeds may differ in steps per round, so each is interpolated linearly onto a common grid, which ends where "
        "the shortest seed does."
    )
    if log_tasks:
        parts.append(f"The cost axis is linear up to the limit and logarithmic above it ({', '.join(log_tasks)}).")
    return " ".join(parts)
