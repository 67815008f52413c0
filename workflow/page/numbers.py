"""Numbers as the page writes them, and as its data holds them."""

import math

import numpy as np

from workflow.tables.final import number

DIGITS = 5  # significant digits of the data in the page


def compact(value) -> float | int | None:
    """A number rounded to `DIGITS` significant digits, whole ones as integers; None for a missing one."""
    if value is None or not math.isfinite(value):
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def compact_list(values: np.ndarray) -> list:
    """`compact` of each value of (points,)."""
    return [compact(value) for value in np.asarray(values, dtype=np.float64).tolist()]


def estimate(row, name: str, scale: float = 1.0) -> dict | None:
    """A mean with its interval.

    Args:
        row: has {name}_mean, _low and _high.
        name: of the metric.
        scale: factor, 100 for a share shown in per cent.

    Returns:
        {"mean", "low", "high", "text"} with None for missing ends; None if the mean is missing.
    """
    middle, low, high = (row[f"{name}_{end}"] * scale for end in ("mean", "low", "high"))
    if not math.isfinite(middle):
        return None
    ends = {"mean": compact(middle), "low": compact(low), "high": compact(high)}
    return ends | {"text": number(middle), "range": f"[{number(low)}, {number(high)}]" if math.isfinite(low) else ""}
