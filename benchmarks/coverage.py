"""How often an interval over n seeds holds the mean it is for: the numbers that captions and docs/claims.md state.

    ./run python -m benchmarks.coverage [DATASETS]      default: 4000 a row, 5 minutes

Rows: the percentile bootstrap of `mean_interval`, the t interval of `t_interval`, and a bootstrap-t interval, which the
project does not use: with three seeds a ninth of its resamples have no spread, so its ends are infinite.
"""

import sys
from collections.abc import Callable

import numpy as np

from workflow.statistics.intervals import LEVEL, RESAMPLES, mean_interval, t_interval

SIZES = (2, 3, 4, 5, 10, 20)
Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def feasible(generator: np.random.Generator, size: tuple[int, int], chance: float) -> np.ndarray:
    """Feasible returns of methods that end feasible with a given chance: 0, or about 0.7."""
    return (generator.random(size) < chance) * (0.7 + 0.1 * generator.normal(size=size))


DISTRIBUTIONS: dict[str, tuple[Draw, float]] = {  # name: (draws, their mean)
    "normal": (lambda g, size: g.normal(size=size), 0.0),
    "exponential": (lambda g, size: g.exponential(size=size), 1.0),
    "lognormal": (lambda g, size: g.lognormal(size=size), float(np.exp(0.5))),
    "difference of two exponentials": (lambda g, size: g.exponential(size=size) - g.exponential(size=size), 0.0),
    "difference of equal feasible returns": (lambda g, size: feasible(g, size, 0.7) - feasible(g, size, 0.7), 0.0),
    "difference of unequal feasible returns": (lambda g, size: feasible(g, size, 0.9) - feasible(g, size, 0.5), 0.28),
}


def percentile(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of `mean_interval`, (datasets, seeds) -> two of (datasets,)."""
    generator = np.random.default_rng(2)
    return tuple(np.array([mean_interval(row, generator)[1:] for row in values]).T)


def bootstrap_t(values: np.ndarray, resamples: int = RESAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the bootstrap-t interval, (datasets, seeds) -> two of (datasets,)."""
    generator, ends, n = np.random.default_rng(3), [], values.shape[-1]
    for row in values:
        drawn = row[generator.integers(n, size=(resamples, n))]
        with np.errstate(divide="ignore", invalid="ignore"):
            pivot = (drawn.mean(axis=1) - row.mean()) / (drawn.std(axis=1, ddof=1) / np.sqrt(n))
        low, high = np.quantile(np.nan_to_num(pivot, posinf=np.inf, neginf=-np.inf), (0.025, 0.975), method="nearest")
        spread = row.std(ddof=1) / np.sqrt(n)
        ends.append((row.mean() - high * spread, row.mean() - low * spread))
    return tuple(np.array(ends).T)


def coverage(ends: tuple[np.ndarray, np.ndarray], mean: float) -> float:
    """Share of intervals that hold the mean."""
    return float(np.mean((ends[0] <= mean) & (mean <= ends[1])))


def main(datasets: int) -> None:
    """Print a row per distribution and number of seeds."""
    print(f"coverage of {100 * LEVEL:.0f} % intervals, median width in brackets; {datasets} datasets a row")
    for name, (draw, mean) in DISTRIBUTIONS.items():
        for n in SIZES:
            values = draw(np.random.default_rng([1, n]), (datasets, n))
            kinds = {
                "percentile": percentile(values),
                "t": t_interval(values)[1:],
                "bootstrap-t": bootstrap_t(values),
            }
            cells = [
                f"{kind} {100 * coverage(ends, mean):5.1f} % ({np.median(ends[1] - ends[0]):.2f})"
                for kind, ends in kinds.items()
            ]
            print(f"{name:40s} n = {n:2d}  " + "  ".join(cells))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
