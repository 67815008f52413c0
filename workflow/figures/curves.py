"""Learning curves: return above cost (above the multiplier), one column per task, methods of a study."""

from typing import NamedTuple

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from marvel.errors import InputError
from workflow import tuning
from workflow.captions import interval_sentences
from workflow.figures import panels, scales, style
from workflow.figures.grids import POINTS, Curve, curve, parametric
from workflow.names import order

KEYS = ("methods", "tasks", "rows", "x", "units", "source", "window", "sweep")
DEFAULTS = {"rows": ["return", "cost"], "x": "env_steps", "units": "raw", "source": "train", "window": 1}
INPUTS = ("scores",)

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
HEIGHTS = {"return": 1.2, "cost": 1.05, "multiplier": 0.95}  # inches


class View(NamedTuple):
    """What of the scores is shown, and how: the keys of an entry, and the most points per curve."""

    rows: tuple[str, ...]
    x: str
    units: str
    source: str
    window: int
    points: int

    def column(self, row: str) -> str:
        """The column of scores.csv that a row of panels shows."""
        if row == "multiplier":
            return "multiplier"
        return f"{self.source}_{row}" + ("_normalized" if self.units == "normalized" else "")

    def limit(self, scores: pd.DataFrame) -> float:
        """The cost limit in the units shown."""
        return 1.0 if self.units == "normalized" else float(scores["cost_limit"].iloc[0])

    @property
    def parametric(self) -> bool:
        """Whether x is something that runs bring about themselves."""
        return self.x == "cumulative_cost"


def draw(
    scores: pd.DataFrame,
    rows: list[str] = DEFAULTS["rows"],
    x: str = DEFAULTS["x"],
    units: str = DEFAULTS["units"],
    source: str = DEFAULTS["source"],
    window: int = DEFAULTS["window"],
    sweep: bool = False,
    labels: dict[str, str] | None = None,
    points: int = POINTS,
    own_limits: dict[str, float] | None = None,
) -> tuple[Figure, str]:
    """Learning curves of all methods on all tasks, one row of panels for each of `rows`.

    Args:
        scores: rows of scores.csv with one cost limit per task.
        rows: keys of `ROWS`, from top to bottom.
        x: a key of `X_LABELS`.
        units: `raw` or `normalized` (DSRL's); the multiplier has one unit.
        source: `train` or `eval`.
        window: rounds in a moving average; 1 leaves them raw.
        sweep: the methods are one method at rising values of an option, in the order of the scores.
        labels: {method: what it is called in print}.
        points: at most this many points per curve.
        own_limits: {method: cost limit} of those that were trained for another, dotted in the method's colour.

    Returns:
        The figure and its caption.

    Raises:
        InputError: see `check`.
    """
    check(scores)
    view = View(tuple(rows), x, units, source, window, points)
    tasks, methods = list(dict.fromkeys(scores["task"])), list(dict.fromkeys(scores["method"]))
    looks = style.styles(methods if sweep else order(methods), sweep, labels)
    made = {task: _curves(scores[scores["task"] == task], list(looks), view) for task in tasks}
    shown = {
        name: look for name, look in looks.items() if any(name in c for rows in made.values() for c in rows.values())
    }
    counts = scores.groupby(["task", "method"])["seed"].nunique()
    bends = {task: scales.bend(next(iter(curves.values()))) for task, curves in made.items()}
    log = {row: _is_log(row, made, scores, view) for row in view.rows}
    with plt.rc_context(style.RC):
        heights = [HEIGHTS[row] for row in view.rows]
        figure, columns = panels.task_panels(tasks, heights, extra=panels.legend_rows(shown))
        for task, column in columns.items():
            for axes, row in zip(column, view.rows, strict=True):
                _panel(axes, row, made[task][row], looks, view.limit(scores[scores["task"] == task]), log[row])
                for name, own in (own_limits or {}).items() if row == "cost" else ():
                    if name in made[task][row]:
                        axes.axhline(own, **style.LIMIT | {"color": looks[name].color, "linestyle": ":"})
                if panels.is_left(tasks, task):
                    axes.set_ylabel(_y_label(row, view.units, log[row]))
                if bends[task] is not None:
                    scales.bend_x(axes, *bends[task])
        panels.legend(figure, shown, _constant(scores), _limit_label(scores, view))
        x_name = X_LABELS[x] + (f" (curves: moving average of {window} rounds)" if window > 1 else "")
        ends = "; pale dots: their ends" if view.parametric and counts.max() > 1 else ""
        x_name += "".join(f" (log above {style.thousands(ends[0])} on {task})" for task, ends in bends.items() if ends)
        panels.foot(figure, x_name, panels.curves_key(counts, not view.parametric) + ends, tuning.footnote(tasks))
        figure.align_ylabels()
    return figure, caption(scores, counts, view, log.get("cost", False), looks)


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


def _curves(part: pd.DataFrame, methods: list[str], view: View) -> dict[str, dict[str, Curve]]:
    """{row: {method: its curve}} of one task; methods without a value are left out."""
    make, made = parametric if view.parametric else curve, {}
    groups = {name: part[part["method"] == name] for name in methods}
    for row in view.rows:
        lines = {
            name: make(group, view.x, view.column(row), view.window, view.points) for name, group in groups.items()
        }
        made[row] = {name: line for name, line in lines.items() if line is not None}
    return made


def _is_log(row: str, made: dict, scores: pd.DataFrame, view: View) -> bool:
    """Whether a row of panels is logarithmic, in all its columns: never one beside a linear one."""
    if row != "cost":
        return row == "multiplier"
    limits = {task: view.limit(scores[scores["task"] == task]) for task in made}
    return any(scales.exceeds(rows[row], limits[task]) for task, rows in made.items())


def _panel(axes: Axes, row: str, made: dict[str, Curve], looks: dict, limit: float, log: bool) -> None:
    """One panel: the curves, the limit and the y-axis."""
    axes.margins(x=0.03)
    panels.draw_curves(axes, made, looks)
    panels.ticks(axes)
    if row == "cost":
        axes.axhline(limit, zorder=2.5, **style.LIMIT)
    if not made:
        return
    if row == "multiplier":
        scales.scale_multipliers(axes, made)
    elif row == "cost":
        scales.scale_costs(axes, made, limit, log)
    else:
        axes.set_ylim(*scales.means_span(made))


def _y_label(row: str, units: str, log: bool) -> str:
    if row == "multiplier":
        return "multiplier\n(log scale)"
    if row == "cost" and log:
        return "cost (log\nabove the limit)"
    if units == "normalized":
        return "return\n(DSRL's 0 to 1)" if row == "return" else "cost\n(1 = the limit)"
    return f"{row}\n(sum per episode)"


def _limit_label(scores: pd.DataFrame, view: View) -> str | None:
    if "cost" not in view.rows:
        return None
    limits = sorted(scores["cost_limit"].unique())
    return f"cost limit {limits[0]:g}" if len(limits) == 1 and view.units == "raw" else "cost limit"


def _constant(scores: pd.DataFrame) -> set[str]:
    """Methods that only evaluated their start policy."""
    return set(scores["method"]) - set(scores.loc[scores["round"] > 0, "method"])


def caption(scores: pd.DataFrame, counts: pd.Series, view: View, log: bool, looks: dict[str, style.Style]) -> str:
    """What a reader must know to read the figure, in full sentences."""
    limits = ", ".join(f"{limit:g}" for limit in sorted(scores["cost_limit"].unique()))
    scale = "in raw units" if view.units == "raw" else "in DSRL's normalised units"
    names = [ROWS[row] for row in view.rows if row != "multiplier"] or ["multiplier"]
    what = " (above) and ".join(names) + (" (below)" if len(names) > 1 else "")
    parts = [
        f"{what[:1].upper()}{what[1:]} of the {SOURCES[view.source]} against {X_LABELS[view.x]}, {scale}; "
        f"{panels.seeds_phrase(counts)}.",
        f"Bold: mean over seeds. Faint: single seeds, drawn where there are at most {panels.FAINT_SEEDS}."
        + ("" if view.parametric else " Band: interval."),
        f"Black dashes: the cost limit ({limits} per episode)."
        if "cost" in view.rows
        else f"The cost limit is {limits} per episode.",
        "" if view.parametric else interval_sentences(counts),
    ]
    if "multiplier" in view.rows:
        parts.append(
            "Bottom: the multiplier (scaled reward per unit of cost) at the end of each round, on an axis that is "
            "logarithmic down to its lowest tick above 0 and linear below that."
        )
    if constant := _constant(scores):
        named = ", ".join(look.label for name, look in looks.items() if name in constant)
        parts.append(f"Horizontal: {named}, not trained online; mean and interval of the deterministic evaluation.")
    parts += _treatment(scores, view)
    parts.append("Axes span the means; bands and single seeds may go beyond them.")
    if log:
        parts.append("The cost axes are linear up to the limit and logarithmic above it.")
    return " ".join(filter(None, parts)) + tuning.sentence(scores["task"], tuning.MARK)


def _treatment(scores: pd.DataFrame, view: View) -> list[str]:
    """Sentences on smoothing, thinning and the grid."""
    parts = []
    rounds = scores.groupby(["task", "method", "seed"])["round"].max().max()
    if view.window > 1:
        parts.append(f"Each value is the moving average of {view.window} rounds.")
    if view.source == "train" and rounds > view.points:
        parts.append(f"Consecutive rounds are averaged so that at most {view.points} points per curve are drawn.")
    elif view.window == 1:
        parts.append("Values are not smoothed.")
    if view.parametric:
        parts.append(
            f"Seeds spend different {X_LABELS[view.x]}, so a point of a bold curve is the mean of both over seeds at "
            "equal environment steps; a dot is where a seed ends."
        )
    else:
        parts.append(
            "Seeds may differ in steps per round, so each is interpolated linearly onto a common grid, which ends "
            "where the shortest seed does."
        )
    return parts
