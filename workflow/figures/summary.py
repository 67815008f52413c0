"""Figures over several tasks: interquartile means, performance profiles, probability of improvement."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from marvel.errors import InputError
from workflow import tuning
from workflow.captions import aggregate_sentences
from workflow.figures import style
from workflow.figures.panels import legend
from workflow.statistics.aggregates import improvement, matrices, profile
from workflow.statistics.intervals import bootstrap, fresh, interquartile_mean
from workflow.statistics.per_seed import with_evaluated

RETURN_AND_COST = {  # per-seed column: axis label; a return never stands without its cost
    "train_return_normalized": "return\n(DSRL's 0 to 1)",
    "feasible_return_normalized": "feasible return\n(0 where unsafe)",
    "train_cost_normalized": "cost\n(1 = the limit)",
    "violation_rate": "violation rate\n(share of episodes)",
}

POINTS = 101  # thresholds of a profile
LIMITS_SHOWN = 4.0  # a profile of costs ends here, in cost limits
ROW = 0.19  # inches per method
EVALUATED = "Hollow: not trained online; its deterministic evaluation."


def whiskers(
    axes: Axes, names: list[str], values: dict[str, tuple], looks: dict, hollow: set[str] = frozenset()
) -> None:
    """A dot with its interval for each name, the first at the top; a name without a value keeps an empty line."""
    for place, name in enumerate(names):
        if name not in values:
            continue
        middle, low, high = (float(value) for value in values[name])
        look = looks[name]
        if not np.isnan(low):
            axes.plot([low, high], [place, place], color=look.color, linewidth=2.2, alpha=0.45, solid_capstyle="butt")
        face = "white" if name in hollow else look.color
        marker = look.marker or "o"
        axes.plot(
            [middle], [place], marker, color=look.color, markerfacecolor=face, markersize=4.2, markeredgewidth=0.8
        )
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names)
    axes.grid(False, axis="y")


def _figure(names: list[str], columns: int, width: float = style.TEXT_WIDTH) -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=(width, 0.75 + ROW * len(names)), layout="constrained")
    panels = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
    return figure, panels


def _hollow(scores_seeds: pd.DataFrame) -> set[str]:
    return set(scores_seeds.loc[scores_seeds["train_return"].isna(), "method"])


def draw_aggregate(seeds: pd.DataFrame, sweep: list[str] | None = None) -> tuple[Figure, str]:
    """Interquartile means of return, feasible return, cost and violation rate over all tasks and seeds.

    Args:
        seeds: as made by `per_seed`, the same seeds on every task.
        sweep: see `style.styles`.

    Returns:
        The figure and its caption.
    """
    hollow, seeds = _hollow(seeds), with_evaluated(seeds)
    names = style.order(list(seeds["method"]), sweep)
    looks = style.styles(names, sweep)
    with plt.rc_context(style.RC):
        figure, panels = _figure(names, len(RETURN_AND_COST))
        for axes, (metric, label) in zip(panels, RETURN_AND_COST.items(), strict=True):
            values = {
                name: bootstrap((matrix,), interquartile_mean, fresh())
                for name, matrix in matrices(seeds, metric).items()
            }
            whiskers(axes, names, values, looks, hollow)
            axes.set_xlabel(label)
            if "return" in metric:
                at_least(axes, -0.02, 0.2)
            if metric == "train_cost_normalized":
                axes.axvline(1.0, zorder=1, **style.LIMIT)
                wide_costs(axes)
            if metric == "violation_rate":
                axes.set_xlim(-0.03, 1.03)
        tuning.foot(figure, tuning.share(seeds["task"]))
    text = (
        "Interquartile means (of the middle half of all runs) of return, feasible return, cost and violation rate. "
        "Return and "
        "cost: mean per training episode of the last 20 % of environment steps, in DSRL's units; a run whose cost is "
        "above the limit counts 0 in the feasible return. Dashes: the cost limit. "
        + aggregate_sentences(seeds)
        + (f" {EVALUATED}" if hollow else "")
    )
    return figure, text


def at_least(axes: Axes, low: float, high: float) -> None:
    """Widen an x-axis so that a difference of no importance does not fill the panel."""
    now = axes.get_xlim()
    axes.set_xlim(min(low, now[0]), max(high, now[1]))


def wide_costs(axes: Axes) -> None:
    """Start a cost axis at 0 and turn it logarithmic above the limit (1) where costs are many times that."""
    top = axes.get_xlim()[1]
    if top > 10:
        axes.set_xscale("symlog", linthresh=1, linscale=1)
        ticks = [0.0, 1.0, *(10.0**k for k in range(1, 1 + int(np.log10(top))))]
        axes.set_xticks(ticks, [style.thousands(tick) for tick in ticks])
        axes.xaxis.set_minor_locator(plt.NullLocator())
    axes.set_xlim(0, max(top, 1.2))


def draw_profiles(seeds: pd.DataFrame, sweep: list[str] | None = None) -> tuple[Figure, str]:
    """Performance profiles: share of runs above each feasible return, and above each cost."""
    hollow, seeds = _hollow(seeds), with_evaluated(seeds)
    names = style.order(list(seeds["method"]), sweep)
    looks = style.styles(names, sweep)
    shown = {
        "train_return_normalized": "return t\n(DSRL's 0 to 1)",
        "feasible_return_normalized": "feasible return t\n(0 where unsafe)",
        "train_cost_normalized": "cost t\n(1 = the limit)",
    }
    with plt.rc_context(style.RC):
        figure = Figure(figsize=(style.TEXT_WIDTH, 2.35), layout="constrained")
        panels = figure.subplots(1, len(shown), sharey=True)
        for axes, (metric, label) in zip(panels, shown.items(), strict=True):
            made = matrices(seeds, metric)
            every = np.concatenate([matrix.ravel() for matrix in made.values()])
            low, high = (0.0, LIMITS_SHOWN) if "cost" in metric else (min(0.0, every.min()), max(1.0, every.max()))
            thresholds = np.linspace(low, high, POINTS)
            for name in reversed(names):
                if name not in made:
                    continue
                look = looks[name]
                value, lower, upper = bootstrap((made[name],), lambda part, at=thresholds: profile(part, at), fresh())
                axes.plot(thresholds, value, color=look.color, linestyle=look.linestyle, linewidth=1.2)
                axes.fill_between(thresholds, lower, upper, color=look.color, alpha=0.12, linewidth=0)
            axes.set_xlabel(label)
            axes.set_xlim(low, high)
            axes.set_ylim(0, 1.02)
            if "cost" in metric:
                axes.axvline(1.0, zorder=1, **style.LIMIT)
        panels[0].set_ylabel("share of runs above t")
        legend(figure, names, looks, set(names), "cost limit", style.TEXT_WIDTH)
        tuning.foot(figure, tuning.share(seeds["task"]))
    text = (
        "Performance profiles: the share of runs whose return (left), feasible return (middle) or cost (right; lower "
        "is better) "
        "in the last 20 % of environment steps is above t. "
        + aggregate_sentences(seeds)
        + (f" Not trained online, so read from the evaluation: {', '.join(sorted(hollow))}." if hollow else "")
    )
    return figure, text


def draw_improvement(seeds: pd.DataFrame, reference: str, sweep: list[str] | None = None) -> tuple[Figure, str]:
    """Probability that a run of each method beats one of the reference, in feasible return and in cost.

    Raises:
        InputError: the reference is not among the methods, or nothing else is.
    """
    known = style.order(list(seeds["method"]), sweep)
    if reference not in known or len(known) < 2:
        raise InputError(
            f"improvement over {reference!r} needs that method and another; the scores have {', '.join(known)}."
        )
    hollow, seeds = _hollow(seeds), with_evaluated(seeds)
    names = [name for name in known if name != reference]
    looks = style.styles(known, sweep)
    panels_shown = (
        ("feasible_return_normalized", 1, "P(higher feasible return)"),
        ("train_cost_normalized", -1, "P(lower cost)"),
    )
    with plt.rc_context(style.RC):
        figure, panels = _figure(names, 2, 0.75 * style.TEXT_WIDTH)
        for axes, (metric, sign, label) in zip(panels, panels_shown, strict=True):
            made = matrices(seeds, metric)
            base = sign * made[reference]
            values = {
                name: bootstrap((sign * made[name], base), improvement, fresh()) for name in names if name in made
            }
            whiskers(axes, names, values, looks, hollow)
            axes.axvline(0.5, color="black", linewidth=0.7, zorder=1)
            axes.set_xlim(-0.03, 1.03)
            axes.set_xlabel(f"{label}\nthan a run of {reference}")
        tuning.foot(figure, tuning.share(seeds["task"]))
    text = (
        f"Probability that a run of the method ends with a higher feasible return (left) and with a lower cost "
        f"(right) than a run "
        f"of {reference} on the same task, mean over tasks; ties count half, 0.5 means no difference. Last 20 % of "
        f"environment "
        f"steps. " + aggregate_sentences(seeds) + (f" {EVALUATED}" if hollow else "")
    )
    return figure, text
