"""Figures over an option: the cost limit, and the steps from one method to another, one option at a time."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from marvel.errors import InputError
from workflow import tuning
from workflow.captions import difference_sentence, interval_sentences
from workflow.figures import style
from workflow.figures.panels import legend
from workflow.figures.summary import ROW, at_least, whiskers
from workflow.statistics.aggregates import changes
from workflow.statistics.intervals import fresh, mean_interval


def family(method: str, limit: float) -> str:
    """The method that a line is at another limit: `marvel_limit40` is `marvel` if its runs have cost limit 40."""
    found = re.fullmatch(r"(.+)_limit(\d+)", method)
    return found[1] if found and float(found[2]) == limit else method


def draw_limits(seeds: pd.DataFrame) -> tuple[Figure, str]:
    """Return and cost at the end of training against the cost limit, one column per task.

    Args:
        seeds: as made by `per_seed`, of one or several studies; lines that differ in the limit alone are joined
            by `family`.

    Returns:
        The figure and its caption.

    Raises:
        InputError: there is one limit only, or two runs of one method, task, seed and limit.
    """
    seeds = seeds[seeds["train_return"].notna()].copy()
    seeds["method"] = [family(name, limit) for name, limit in zip(seeds["method"], seeds["cost_limit"], strict=True)]
    limits = sorted(seeds["cost_limit"].unique())
    if len(limits) < 2:
        raise InputError(f"a sweep over cost limits needs at least two; the scores have {limits}.")
    twice = seeds[seeds.duplicated(["method", "task", "seed", "cost_limit"])]
    if len(twice):
        row = twice.iloc[0]
        raise InputError(
            f"{row['method']} on {row['task']}, seed {row['seed']}, cost limit {row['cost_limit']:g} was given twice."
        )
    tasks, names = list(dict.fromkeys(seeds["task"])), style.order(list(seeds["method"]))
    looks = style.styles(names)
    width = style.COLUMN_WIDTH if len(tasks) == 1 else style.TEXT_WIDTH
    rows = (
        ("train_return", "return\n(sum per episode)"),
        ("train_cost", "cost\n(sum per episode)"),
        ("violation_rate", "violation\nrate"),
    )
    with plt.rc_context(style.RC):
        figure = Figure(figsize=(width, 0.8 + 1.15 * len(rows)), layout="constrained")
        panels = figure.subplots(len(rows), len(tasks), squeeze=False, sharex=True)
        for column, task in enumerate(tasks):
            for axes, (metric, label) in zip(panels[:, column], rows, strict=True):
                for place, name in enumerate(names):
                    part = seeds[(seeds["task"] == task) & (seeds["method"] == name)]
                    groups = [(limit, group[metric].to_numpy()) for limit, group in part.groupby("cost_limit")]
                    if not groups:
                        continue
                    x = np.array([limit for limit, _ in groups]) * (1 + 0.02 * (place - (len(names) - 1) / 2))
                    ends = np.array([mean_interval(values, fresh()) for _, values in groups])
                    look = looks[name]
                    axes.plot(
                        x,
                        ends[:, 0],
                        color=look.color,
                        linestyle=look.linestyle,
                        marker=look.marker,
                        markersize=3.6,
                        linewidth=1,
                    )
                    axes.vlines(x, ends[:, 1], ends[:, 2], color=look.color, linewidth=1.6, alpha=0.5)
                if metric == "train_cost":
                    axes.plot(limits, limits, **style.LIMIT)
                axes.set_xscale("log")
                axes.set_xticks(limits, [f"{limit:g}" for limit in limits])
                axes.xaxis.set_minor_locator(plt.NullLocator())
                axes.set_ylim(
                    *(
                        (0, None)
                        if metric == "train_cost"
                        else (-0.03, 1.03)
                        if metric == "violation_rate"
                        else (None, None)
                    )
                )
                if column == 0:
                    axes.set_ylabel(label)
            panels[0, column].set_title(tuning.label(task))
            panels[-1, column].set_xlabel("cost limit per episode")
        legend(figure, names, looks, set(), "cost = limit", width)
        tuning.foot(figure, tuning.footnote(tasks))
    counts = seeds.groupby(["task", "method", "cost_limit"])["seed"].nunique()
    listed = ", ".join(f"{limit:g}" for limit in limits)
    text = (
        "Return, cost (mean per training episode of the last 20 % of environment steps) and violation rate (share of "
        f"all training episodes above the limit) when the same methods are trained under the cost limits {listed}. "
        "Dashes: cost equal to the limit; below them is safe. Points of one limit are set apart slightly. Vertical "
        "lines: intervals. " + interval_sentences(counts) + tuning.sentence(tasks, tuning.MARK)
    )
    return figure, text


def draw_steps(seeds: pd.DataFrame, methods: list[str]) -> tuple[Figure, str]:
    """Which option decides what: the change of return, feasible return and cost at each step.

    Args:
        seeds: as made by `per_seed`.
        methods: the methods, in order; each differs from the one before it in one option.

    Returns:
        The figure and its caption.

    Raises:
        InputError: fewer than two methods, or one that the scores do not have.
    """
    missing = [name for name in methods if name not in set(seeds["method"])]
    if missing or len(methods) < 2:
        raise InputError(
            f"a chain of steps needs at least two methods with scores; {missing or methods} is not enough."
        )
    shown = {
        "train_return_normalized": "change of return\n(DSRL's 0 to 1)",
        "feasible_return_normalized": "change of\nfeasible return",
        "train_cost_normalized": "change of cost\n(1 = the limit)",
    }
    tasks = list(dict.fromkeys(seeds["task"]))
    looks = {
        name: style.Style(color, "-", marker)
        for name, color, marker in zip(tasks, _TASK_COLORS * 9, "os^Dv<>PXph" * 4, strict=False)
    }
    names = [f"{place + 1}. {name}" for place, name in enumerate(methods[1:])]
    with plt.rc_context(style.RC):
        row = ROW + 0.07 * (len(tasks) - 1)
        figure = Figure(figsize=(style.TEXT_WIDTH, 1.15 + row * len(names)), layout="constrained")
        panels = figure.subplots(1, len(shown), sharey=True)
        for axes, (metric, label) in zip(panels, shown.items(), strict=True):
            table = changes(seeds, methods, metric)
            for index, task in enumerate(tasks):
                part = table[table["task"] == task].set_index("method")
                shift = 0.6 * ((index + 0.5) / len(tasks) - 0.5)
                for place, name in enumerate(methods[1:]):
                    if name in part.index:
                        line = part.loc[name]
                        color, marker = looks[task].color, looks[task].marker
                        axes.plot(
                            [line["low"], line["high"]],
                            [place + shift] * 2,
                            color=color,
                            linewidth=2,
                            alpha=0.45,
                            solid_capstyle="butt",
                        )
                        axes.plot([line["change"]], [place + shift], marker, color=color, markersize=3.6)
            whiskers(axes, names, {}, {})
            axes.axvline(0, color="black", linewidth=0.7, zorder=1)
            axes.set_xlabel(label)
            at_least(axes, -0.05, 0.05)
            axes.xaxis.set_major_locator(MaxNLocator(4))
        foot = f"each line against the one above it, the first against {methods[0]}"
        tuning.foot(figure, foot, tuning.footnote(tasks))
        marked = {tuning.label(task): looks[task] for task in tasks}
        legend(figure, list(marked), marked, set(), None, style.TEXT_WIDTH)
    n = seeds[seeds["method"].isin(methods)].groupby(["task", "method"])["seed"].nunique()
    text = (
        f"Which option decides what: steps from {methods[0]} to {methods[-1]}, one option at a time from top to "
        f"bottom. Each point is the "
        "change that the named line brings over the one before it (the first over "
        f"{methods[0]}), paired by seed, in the last 20 % of environment steps; a lower cost is to the left. "
        f"Horizontal lines: intervals. "
        "The change of an option depends on the options turned before it. "
        + interval_sentences(n, difference_sentence)
        + tuning.sentence(tasks, tuning.MARK)
    )
    return figure, text


_TASK_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7A6A00")
