"""Learning curves as data: mean, interval and single seeds of each method on each task, on few points."""

import numpy as np
import pandas as pd

from workflow.figures.grids import curve
from workflow.figures.style import styles
from workflow.names import order
from workflow.page.inputs import Inputs
from workflow.page.numbers import SEED_DIGITS, compact, compact_list
from workflow.statistics.intervals import fresh, mean_interval

POINTS = 100  # of a curve; more consecutive rounds than that are averaged
METRICS = {
    "train_return": "return of the training episodes",
    "train_cost": "cost of the training episodes",
    "eval_return": "return of the evaluation episodes",
    "eval_cost": "cost of the evaluation episodes",
    "multiplier": "multiplier",
    "reward_q": "target of the reward critics",
    "cost_q": "target of the cost critic",
    "cumulative_cost": "cumulative training cost",
}
TARGETS = ("reward_q", "cost_q")  # without single seeds and against steps and episodes alone, to keep the page small
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
        line has "mean", "low", "high" and "seeds" (points each; no seeds of `TARGETS`), on points evenly spread from
        first to last. A method that only evaluated has lines of one point and no axes.
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
    axes, lines, of, drawn = {}, [], {}, []
    for axis in AXES:
        if axis == metric or (axis == "cumulative_cost" and metric in TARGETS):
            continue
        if (found := curve(rows, axis, metric, points=POINTS)) is None:
            continue
        seeds = [compact_list(values, SEED_DIGITS) for values in found.values]
        of[axis] = drawn.index(seeds) if seeds in drawn else len(drawn)
        if of[axis] == len(drawn):
            drawn.append(seeds)
            ends = dict(zip(("mean", "low", "high"), mean_interval(np.asarray(found.values), fresh()), strict=True))
            lines.append(
                {name: compact_list(end) for name, end in ends.items()} | {"seeds": [] if metric in TARGETS else seeds}
            )
        axes[axis] = None if found.x is None else [compact(found.x[0]), compact(found.x[-1])]
    if not lines:
        return None
    seeds = sorted(int(seed) for seed in rows["seed"].unique())
    return {"n": len(seeds), "seeds": seeds, "axes": axes, "lines": lines, "of": of}
