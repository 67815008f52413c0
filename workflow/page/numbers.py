"""Numbers as the page writes them, and as its data holds them."""

import math
from collections.abc import Callable

import numpy as np

from workflow.tables.page import number

DIGITS = 5  # significant digits of the data in the page
DRAWN = 4  # of a curve
SEED_DIGITS = 3  # of the thin curve of one seed


def share(value: float) -> str:
    """A number between 0 and 1, or little beyond."""
    return f"{value:.3f}"


def counted(value: float) -> str:
    """A sum of many episodes: whole, with commas."""
    return f"{value:,.0f}"


def compact(value, digits: int = DIGITS) -> float | int | None:
    """A number rounded to so many significant digits, whole ones as integers; None for a missing one."""
    if value is None or not math.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def compact_list(values: np.ndarray, digits: int = DRAWN) -> list:
    """The values of a curve, (points,), rounded to so many significant digits."""
    return [compact(value, digits) for value in np.asarray(values, dtype=np.float64).tolist()]


def estimate(row, name: str, scale: float = 1.0, show: Callable[[float], str] = number) -> dict | None:
    """A mean with its interval.

    Args:
        row: has {name}_mean, _low and _high.
        name: of the metric.
        scale: factor, 100 for a share shown in per cent.
        show: writes a number.

    Returns:
        {"mean", "low", "high", "text", "range"} with None for missing ends and an empty range; None without a mean.
    """
    middle, low, high = (row[f"{name}_{end}"] * scale for end in ("mean", "low", "high"))
    if not math.isfinite(middle):
        return None
    ends = {"mean": compact(middle), "low": compact(low), "high": compact(high)}
    return ends | {"text": show(middle), "range": f"[{show(low)}, {show(high)}]" if math.isfinite(low) else ""}
