"""Where the axes of curves end, and where they are logarithmic."""

import math

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from workflow.figures import style
from workflow.figures.grids import Curve

LONG = 4  # an x-axis bends where one curve is more than so many times as long as all others
LOG_FROM = 8  # cost axes turn logarithmic above the limit when a mean cost exceeds this many limits


def means_span(curves: dict[str, Curve]) -> tuple[float, float]:
    """Ends of a y-axis: the means compared, and of what bands and seeds need beyond them up to a third of that span."""
    means = np.concatenate([curve.values.mean(axis=0) for curve in curves.values()])
    every = np.concatenate([curve.values.ravel() for curve in curves.values()])
    ends = [values for curve in curves.values() for _, values in curve.runs]
    means = np.concatenate([means, *ends])  # seeds of a parametric curve are no band around it: all of each is shown
    low, high = means.min(), means.max()
    span = (high - low) or abs(high) or 1.0
    edge = 0.05 * span  # so that no mean runs on the axis
    low, high = (
        min(low - edge, max(every.min(), low - 0.35 * span)),
        max(high + edge, min(every.max(), high + 0.35 * span)),
    )
    return float(low), float(high)


def exceeds(curves: dict[str, Curve], limit: float) -> bool:
    """Whether a mean cost is so many limits that a linear axis would hide the limit."""
    return limit > 0 and max((c.values.mean(axis=0).max() for c in curves.values()), default=0) > LOG_FROM * limit


def scale_costs(axes: Axes, curves: dict[str, Curve], limit: float, log: bool) -> None:
    """A cost axis from 0 on which both the limit and the mean curves can be read."""
    if not log:
        top = max(means_span(curves)[1], 1.25 * limit)
        axes.set_ylim(-0.04 * top, top)
        return
    top = max(limit, max(curve.values.mean(axis=0).max() for curve in curves.values()))
    axes.set_yscale("symlog", linthresh=limit, linscale=1)
    decades = [limit * 10**k for k in range(1, 1 + math.ceil(math.log10(top / limit)))]
    marks = [0.0, limit, *([2.5 * limit, 5 * limit, 10 * limit] if top <= 20 * limit else decades)]
    axes.set_yticks(marks, [style.thousands(mark) for mark in marks])
    axes.yaxis.set_minor_locator(plt.NullLocator())
    axes.set_ylim(-0.06 * limit, top * 1.3)


def bend(curves: dict[str, Curve]) -> tuple[float, float] | None:
    """Where an x-axis should turn logarithmic, and where it ends: the ends of the second longest and of the longest
    curve, if that is many times as long and would press all others against the left edge; else None."""
    ends = sorted(float(curve.x[-1]) for curve in curves.values() if curve.x is not None)
    return (ends[-2], ends[-1]) if len(ends) > 1 and ends[-1] > LONG * ends[-2] > 0 else None


def bend_x(axes: Axes, at: float, end: float) -> None:
    """An x-axis that is linear up to `at` and logarithmic from there to `end`."""
    axes.set_xscale("symlog", linthresh=at, linscale=1.5)
    marks = [0.0, at / 2, *(at * 10**k for k in range(1 + math.ceil(math.log10(end / at))))]
    axes.set_xticks(marks, [style.thousands(mark) for mark in marks])
    axes.xaxis.set_minor_locator(plt.NullLocator())
    axes.set_xlim(-0.04 * at, 1.2 * end)


def scale_multipliers(axes: Axes, curves: dict[str, Curve]) -> None:
    """A multiplier's axis: logarithmic over the decades of the methods' peaks (two to five), linear below."""
    peaks = [curve.values.mean(axis=0).max() for curve in curves.values()]
    peaks = [peak for peak in peaks if peak > 0]
    if not peaks:
        axes.set_ylim(-0.03, 1)
        return
    top = math.floor(math.log10(max(peaks)))
    low = min(top - 2, max(top - 5, math.floor(math.log10(min(peaks)))))
    axes.set_yscale("symlog", linthresh=10.0**low, linscale=0.2 * (top - low + 1))
    marks = [10.0**k for k in range(low, top + 1, 1 if top - low < 4 else 2)]
    axes.set_yticks([0, *marks], ["0", *(f"{mark:g}" for mark in marks)])
    axes.yaxis.set_minor_locator(plt.NullLocator())
    axes.set_ylim(-0.15 * 10.0**low, max(curve.values.max() for curve in curves.values()) * 1.4)
