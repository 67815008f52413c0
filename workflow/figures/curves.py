"""Learning curves: return above cost (above the multiplier), one column per task, methods of a study.

`draw_curves` draws, `caption` says in words what was done.
"""

import math

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from marvel.errors import InputError
from workflow import tuning
from workflow.captions import interval_sentences
from workflow.figures import style
from workflow.figures.grids import POINTS, curve
from workflow.figures.panels import FAINT_SEEDS, draw_limit, draw_panel, draw_price, legend, seeds_phrase, x_label

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
ROWS = {"return": "Return", "cost": "cost", "multiplier": "multiplier"}
HEIGHTS = {"return": 1.3, "cost": 1.05, "multiplier": 0.95}  # inches
MAX_COLUMNS = 4


def check(scores: pd.DataFrame) -> None:
    """Refuse what one panel cannot show honestly.

    Raises:
        InputError: no rows, or several cost limits on one task.
    """
    if scores.empty:
        raise InputError("the scores hold no rows, so there is nothing to draw.")
    for task, rows in scores.groupby("task"):
        limits = sorted(rows["cost_limit"].unique())
        if len(limits) > 1:
            raise InputError(f"{task} has runs with cost limits {limits}; a panel shows one limit (choose --methods).")


def column(row: str, source: str, units: str) -> str:
    """The column of scores.csv that a row of panels shows."""
    if row == "multiplier":
        return "multiplier"
    return f"{source}_{row}" + ("_normalized" if units == "normalized" else "")


def draw_curves(
    scores: pd.DataFrame,
    units: str = "raw",
    source: str = "train",
    x: str = "env_steps",
    window: int = 1,
    points: int = POINTS,
    rows: tuple[str, ...] = ("return", "cost"),
    sweep: list[str] | None = None,
) -> tuple[Figure, str]:
    """Learning curves of all methods on all tasks, one row of panels for each of `rows`.

    Args:
        scores: rows of scores.csv with one cost limit per task.
        units: `raw` or `normalized` (DSRL's); the multiplier has one unit.
        source: `train` or `eval`.
        x: a key of `X_LABELS`.
        window: rounds in a moving average; 1 leaves them raw.
        points: at most this many points per curve.
        rows: keys of `ROWS`, from top to bottom.
        sweep: methods that are one method at rising values of an option; they get the colours of a scale, in this
            order.

    Returns:
        The figure and its caption.

    Raises:
        InputError: see `check`.
    """
    check(scores)
    tasks, methods = list(dict.fromkeys(scores["task"])), style.order(list(scores["method"]), sweep)
    looks = style.styles(methods, sweep)
    blocks = math.ceil(len(tasks) / MAX_COLUMNS)
    columns = math.ceil(len(tasks) / blocks)
    width = style.COLUMN_WIDTH if columns == 1 else style.TEXT_WIDTH
    heights = [HEIGHTS[row] * (1 if blocks == 1 else 0.9) for row in rows]
    with plt.rc_context(style.RC):
        figure = Figure(figsize=(width, 0.85 + blocks * (sum(heights) + 0.35)), layout="constrained")
        panels = figure.subplots(len(rows) * blocks, columns, squeeze=False, height_ratios=heights * blocks)
        for axes in panels.flat:
            axes.set_visible(False)
        drawn, log_tasks = [], []
        for index, task in enumerate(tasks):
            block = panels[len(rows) * (index // columns) : len(rows) * (index // columns + 1), index % columns]
            part = scores[scores["task"] == task]
            for axes, row in zip(block, rows, strict=True):
                made = {
                    name: curve(part[part["method"] == name], x, column(row, source, units), window, points)
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
                if row == "cost":
                    limit = 1.0 if units == "normalized" else float(part["cost_limit"].iloc[0])
                    if draw_limit(axes, limit, made):
                        log_tasks.append(task)
                if row == "multiplier":
                    draw_price(axes, made)
                if index % columns == 0:
                    axes.set_ylabel(_y_label(row, units))
            for axes in block[:-1]:
                axes.sharex(block[-1])
                axes.tick_params(labelbottom=False)
            block[0].set_title(tuning.label(task))
        shown = [name for name in methods if name in drawn]
        limits = sorted(scores["cost_limit"].unique())
        limit = f"cost limit {limits[0]:g}" if len(limits) == 1 and units == "raw" else "cost limit"
        legend(figure, shown, looks, _constant(scores), limit if "cost" in rows else None, width)
        counts = scores.groupby(["task", "method"])["seed"].nunique()
        tuning.foot(figure, x_label(X_LABELS[x], window, counts), tuning.footnote(tasks))
        figure.align_ylabels()
    return figure, caption(scores, counts, units, source, x, window, points, rows, log_tasks)


def _y_label(row: str, units: str) -> str:
    if row == "multiplier":
        return "multiplier\n(log scale)"
    if units == "normalized":
        return "return\n(DSRL's 0 to 1)" if row == "return" else "cost\n(1 = the limit)"
    return f"{row}\n(sum per episode)"


def _constant(scores: pd.DataFrame) -> set[str]:
    """Methods that only evaluated their start policy."""
    return set(scores["method"]) - set(scores.loc[scores["round"] > 0, "method"])


def caption(
    scores: pd.DataFrame,
    counts: pd.Series,
    units: str,
    source: str,
    x: str,
    window: int,
    points: int,
    rows: tuple[str, ...],
    log_tasks: list[str],
) -> str:
    """What a reader must know to read the figure, in full sentences."""
    constant = sorted(_constant(scores))
    limits = ", ".join(f"{limit:g}" for limit in sorted(scores["cost_limit"].unique()))
    scale = "in raw units" if units == "raw" else "in DSRL's normalised units"
    names = [ROWS[row] for row in rows if row != "multiplier"]
    what = " (above) and ".join(names) + (" (below)" if len(names) > 1 else "")
    parts = [
        f"{what[:1].upper()}{what[1:]} of the {SOURCES[source]} against {X_LABELS[x]}, {scale}; "
        f"{seeds_phrase(counts)}.",
        f"Bold: mean over seeds. Faint: single seeds, drawn where there are at most {FAINT_SEEDS}. Band: interval.",
        interval_sentences(counts),
    ]
    if "cost" in rows:
        parts.insert(2, f"Black dashes: the cost limit ({limits} per episode).")
    else:
        parts.insert(2, f"The cost limit is {limits} per episode.")
    if "multiplier" in rows:
        parts.append(
            "Bottom: the multiplier (scaled reward per unit of cost) at the end of each round, on an axis that is "
            "logarithmic down to its lowest tick above 0 and linear below that."
        )
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
    return " ".join(parts) + tuning.sentence(scores["task"], tuning.MARK)
