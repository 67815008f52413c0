"""Put the seeds of one method on one task onto a common grid, so that a mean over seeds can be drawn."""

from typing import NamedTuple

import numpy as np
import pandas as pd

POINTS = 50  # points drawn per curve


class Curve(NamedTuple):
    """One method on one task, on a grid that its seeds share.

    `x` is (points,), `values` (seeds, points). A method that only evaluated its start policy has no grid: `x` is None
    and `values` is (seeds, 1), drawn as a horizontal line. `runs` holds each seed's own (x, values) where the grid is
    one of means in both directions (`parametric`); such seeds end at different x.
    """

    x: np.ndarray | None
    values: np.ndarray
    runs: tuple[tuple[np.ndarray, np.ndarray], ...] = ()


def moving_average(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of each value and the `window` - 1 before it, (rounds,) -> (rounds,); shorter at the start."""
    total = np.cumsum(np.concatenate([[0.0], values]))
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - window, 0)
    return (total[end] - total[start]) / (end - start)


def thin(x: np.ndarray, values: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Average consecutive rounds so that at most `points` remain; x and values are (rounds,), in order."""
    if len(x) <= points:
        return x, values
    edges = np.arange(0, len(x), -(-len(x) // points))  # bins of equally many rounds; the last may hold fewer
    sizes = np.diff([*edges, len(x)])
    return np.add.reduceat(x, edges) / sizes, np.add.reduceat(values, edges) / sizes


def curve(rows: pd.DataFrame, x: str, column: str, window: int = 1, points: int = POINTS) -> Curve | None:
    """Put the seeds of one method on one task onto a common grid.

    Seeds differ in their steps per round where episodes end early, so each is interpolated linearly between its own
    rounds. The grid runs from the latest first to the earliest last value of x: every point rests on all seeds.

    Args:
        rows: rows of scores.csv of one method and task.
        x: column for the x-axis, non-decreasing within a seed.
        column: column to draw, such as `train_return`.
        window: rounds in a moving average; 1 leaves the rounds raw.
        points: at most this many points; consecutive rounds are averaged to get there.

    Returns:
        The curve, or None if there are no rows or a seed has no value. A method with row 0 alone is read from its
        evaluation.
    """
    if rows.empty:
        return None
    if rows["round"].max() == 0:
        return _evaluated(rows, column)
    seeds = _lines(rows, x, column, window, points)
    return Curve(*_shared(seeds)) if seeds is not None else None


def parametric(rows: pd.DataFrame, x: str, column: str, window: int = 1, points: int = POINTS) -> Curve | None:
    """A curve against something that a run brings about itself, such as its cumulative cost.

    Seeds share no grid of it: cut at the seed with the least, a mean curve would hide the end of all others. So the
    mean of x and the mean of the values are taken at equal environment steps, and each seed is kept beside them.

    Args:
        rows, x, column, window, points: as in `curve`.

    Returns:
        As `curve`, with `runs`.
    """
    lines = [curve(rows, "env_steps", name, w, points) for name, w in ((x, 1), (column, window))]
    if None in lines or lines[1].x is None:
        return lines[1]
    grid = lines[1].x
    across = np.stack([np.interp(grid, lines[0].x, seed) for seed in lines[0].values])
    return Curve(across.mean(axis=0), lines[1].values, tuple(_lines(rows, x, column, window, points)))


def _lines(
    rows: pd.DataFrame, x: str, column: str, window: int, points: int
) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Each seed's own x and values, by seed, as in `curve`; None if a seed has no value."""
    seed, rounds, across, values = (rows[name].to_numpy() for name in ("seed", "round", x, column))
    order = np.lexsort((rounds, seed))
    edges = np.flatnonzero(np.diff(seed[order])) + 1
    lines = []
    for run in np.split(order, edges):
        run = run[~(np.isnan(across[run]) | np.isnan(values[run]))]
        if not len(run):
            return None
        lines.append(thin(across[run].astype(float), moving_average(values[run].astype(float), window), points))
    return lines


def _evaluated(rows: pd.DataFrame, column: str) -> Curve | None:
    """The evaluation of a method that was not trained, without a grid."""
    values = rows.sort_values("seed")[column.replace("train_", "eval_")].to_numpy(dtype=np.float64)
    return Curve(None, values[:, None]) if len(values) and not np.isnan(values).any() else None


def _shared(seeds: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """The grid that seeds share, (points,), and their values on it, (seeds, points)."""
    first, last = max(seed[0][0] for seed in seeds), min(seed[0][-1] for seed in seeds)
    grid = np.linspace(first, max(first, last), max(len(seed[0]) for seed in seeds))
    return grid, np.stack([np.interp(grid, *seed) for seed in seeds])
