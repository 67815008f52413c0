"""Learning curves as data: mean, interval and single seeds of each method on each task, on few points."""

import numpy as np
import pandas as pd

from workflow.figures.grids import curve
from workflow.figures.style import styles
from workflow.names import order
from workflow.page.inputs import Inputs
from workflow.page.numbers import compact, compact_list
from workflow.statistics.intervals import fresh, mean_interval

POINTS = 100  # of a curve; more consecutive rounds than that are averaged
METRICS = {
    "train_return": "return of the training episodes",
    "train_cost": "cost of the training episodes",
    "eval_return": "return of the evaluation episodes",
    "eval_cost": "cost of the evaluation episodes",
    "multiplier": "multiplier",
    "cumulative_cost": "cumulative training cost",
}
AXES = {
    "env_steps": "environment steps",
    "episodes": "training episodes",
    "updates": "gradient steps",
    "cumulative_cost": "cumulative training cost",
}


def section(inputs: Inputs) -> dict:
    """Curves of all methods.

    Returns:
        "metrics" and "axes": {name: words}. "looks": {method: {"color", "dash", "symbol"}}. "curves": {task: {method:
        {metric: {"n", "seeds", "axes": {axis: [first, last]}, "lines": [line, ...], "of": {axis: index of line}}}}}; a
        line has "mean", "low", "high" and "seeds" (points each), on points evenly spread from first to last. A method
        that only evaluated has lines of one point and no axes.
    """
    methods = order(list(inputs.scores["method"]))
    made: dict[str, dict] = {}
    for (task, method), rows in inputs.scores.groupby(["task", "method"], sort=False):
        own = {name: _metric(rows, name) for name in METRICS}
        made.setdefault(task, {})[method] = {name: value for name, value in own.items() if value is not None}
    return {"metrics": METRICS, "axes": AXES, "looks": looks(methods), "curves": made}


def looks(methods: list[str]) -> dict[str, dict]:
    """The figures' colour of each method, with a dash pattern and a symbol, so that no two differ by colour alone."""
    symbols = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star", "pentagon"]
    made = {}
    for place, (name, look) in enumerate(styles(methods).items()):
        dash = "solid" if look.linestyle == "-" else ",".join(f"{2 * part:g}px" for part in look.linestyle[1])
        made[name] = {"color": look.color, "dash": dash, "symbol": symbols[place % len(symbols)]}
    return made


def _metric(rows: pd.DataFrame, metric: str) -> dict | None:
    """One metric of one method on one task; axes on which the values are the same share a line."""
    axes, lines, of = {}, [], {}
    for axis in AXES:
        if axis == metric or (found := curve(rows, axis, metric, points=POINTS)) is None:
            continue
        seeds = [compact_list(values) for values in found.values]
        of[axis] = next((place for place, line in enumerate(lines) if line["seeds"] == seeds), len(lines))
        if of[axis] == len(lines):
            ends = mean_interval(np.asarray(found.values), fresh())
            lines.append(dict(zip(("mean", "low", "high"), map(compact_list, ends), strict=True)) | {"seeds": seeds})
        axes[axis] = None if found.x is None else [compact(found.x[0]), compact(found.x[-1])]
    if not lines:
        return None
    seeds = sorted(int(seed) for seed in rows["seed"].unique())
    return {"n": len(seeds), "seeds": seeds, "axes": axes, "lines": lines, "of": of}
