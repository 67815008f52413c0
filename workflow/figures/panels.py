"""One panel of curves and what surrounds it: seeds, intervals, the cost limit, axes and the legend."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow.figures import style
from workflow.figures.grids import Curve
from workflow.statistics.intervals import fresh, mean_interval, percentile_coverage

FAINT_SEEDS = 5  # single seeds are drawn up to this many
LOG_FROM = 8  # the cost axis turns logarithmic above the limit when a mean cost exceeds this many limits
MEAN_LINE = {"linewidth": 1.2, "markersize": 3.4, "markeredgecolor": "white", "markeredgewidth": 0.4}
LETTER = 0.06  # inches, about the width of a 7 pt letter


def draw_panel(axes: Axes, curves: dict[str, Curve], looks: dict[str, style.Style]) -> None:
    """Draw each method's seeds (faint), interval (band) and mean (bold, with a few markers)."""
    names = list(curves)
    for place, name in enumerate(reversed(names)):  # the first of the legend is drawn last, on top
        curve, look = curves[name], looks[name]
        middle, low, high = mean_interval(curve.values, fresh())
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


def draw_price(axes: Axes, curves: dict[str, Curve]) -> None:
    """Scale a multiplier's axis: logarithmic over the decades of the methods' peaks (two to five), linear below."""
    peaks = [np.mean(curve.values, axis=0).max() for curve in curves.values()]
    peaks = [peak for peak in peaks if peak > 0]
    if not peaks:
        axes.set_ylim(0, 1)
        return
    top = math.floor(math.log10(max(peaks)))
    low = min(top - 2, max(top - 5, math.floor(math.log10(min(peaks)))))
    axes.set_yscale("symlog", linthresh=10.0**low, linscale=0.2 * (top - low + 1))
    ticks = [10.0**k for k in range(low, top + 1, 1 if top - low < 4 else 2)]
    axes.set_yticks([0, *ticks], ["0", *(f"{tick:g}" for tick in ticks)])
    axes.yaxis.set_minor_locator(plt.NullLocator())
    axes.set_ylim(0, max(curve.values.max() for curve in curves.values()) * 1.4)


def seeds_phrase(counts: pd.Series) -> str:
    """`n = 3 seeds`, or `n = 3 to 5 seeds` where cells differ."""
    low, high = counts.min(), counts.max()
    return f"n = {low} seed{'s' if low > 1 else ''}" if low == high else f"n = {low} to {high} seeds"


def x_label(name: str, window: int, counts: pd.Series) -> str:
    """The x-axis' name and, below it, what bold, faint and bands are."""
    averaged = f" (moving average of {window} rounds)" if window > 1 else ""
    faint = "faint: seeds; " if counts.min() <= FAINT_SEEDS else ""
    band = f"band: about {100 * percentile_coverage(counts.min()):.0f} % coverage; " if counts.min() > 1 else ""
    return f"{name}{averaged}\nbold: mean; {faint}{band}{seeds_phrase(counts)}"


def legend(
    figure: Figure, names: list[str], looks: dict[str, style.Style], constant: set[str], limit: str | None, width: float
) -> None:
    """One legend above the panels, in as many columns as fit the width; `limit` labels the cost limit's dashes."""
    handles = []
    for name in names:
        look = looks[name]
        marker = None if name in constant else look.marker
        handles.append(
            Line2D([], [], color=look.color, linestyle=look.linestyle, marker=marker, label=name, **MEAN_LINE)
        )
    if limit is not None:
        handles.append(Line2D([], [], label=limit, **style.LIMIT))
    inches = 0.5 + LETTER * max(len(handle.get_label()) for handle in handles)  # handle and gaps, then letters
    fit = max(1, min(len(handles), int(width / inches)))
    balanced = math.ceil(len(handles) / math.ceil(len(handles) / fit))
    figure.legend(handles=handles, loc="outside upper center", ncols=balanced, frameon=False, handlelength=2.6)
