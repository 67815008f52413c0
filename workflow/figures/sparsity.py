"""How sparse costs are in an offline dataset: its state-actions in two dimensions, coloured by reward and by cost.

The paper shows a t-SNE; this is a principal component analysis, which has no options and keeps large distances.
"""

from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from marvel.datasets import read
from marvel.errors import InputError
from workflow.figures import style
from workflow.statistics.ranks import active_share

KEYS = ("tasks",)
INPUTS = ("datasets",)

POINTS = 4000  # steps drawn per task
COLORS = {
    "rewards": LinearSegmentedColormap.from_list("rewards", matplotlib.colormaps["plasma"](np.linspace(0, 0.8, 256))),
    "costs": LinearSegmentedColormap.from_list("costs", ["#CFCFCF", "#D55E00", "#5A1A00"]),  # free steps recede
}


def components(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first two principal components of standardised points.

    Args:
        points: (steps, dimensions); a dimension that never changes is left out.

    Returns:
        The points in the plane, (steps, 2), and the shares of the variance that its two axes hold, (2,). An axis points
        to where its largest loading is positive, so that the picture does not flip with the library.

    Raises:
        InputError: fewer than two points or changing dimensions.
    """
    points = np.asarray(points, dtype=np.float64)
    points = (
        points[:, points.std(axis=0) > 1e-9 * (1 + np.abs(points).max(axis=0))] if len(points) > 1 else points[:, :0]
    )
    if points.shape[1] < 2:
        raise InputError("an embedding needs at least two points and two dimensions that change.")
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    _, scale, loadings = np.linalg.svd(points, full_matrices=False)
    signs = np.sign(loadings[np.arange(len(loadings)), np.abs(loadings).argmax(axis=1)])[:2]
    return points @ loadings[:2].T * signs, (scale**2 / (scale**2).sum())[:2]


def draw(datasets: list[Path], tasks: list[str] | None) -> tuple[Figure, str]:
    """One row per task: its steps in two dimensions, coloured by reward (left) and by cost (right).

    Args:
        datasets: files in DSRL's schema.
        tasks: whose they are, in the same order.

    Returns:
        The figure and its caption.

    Raises:
        InputError: not a file for each task, or see `components`.
    """
    if len(datasets) != len(tasks or []):
        raise InputError("sparsity needs --tasks and --datasets of equal number, in the same order.")
    sentences = []
    with plt.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, 0.25 + 1.55 * len(datasets)), layout="constrained")
        panels = figure.subplots(len(datasets), 2, squeeze=False)
        for row, task, path in zip(panels, tasks, datasets, strict=True):
            arrays = read(path, task)
            sentences.append(f"{task} ({origin(path)}, {_row(figure, row, task, arrays)}")
    text = (
        "State-action pairs of the offline data, standardised, on their first two principal components (the paper "
        "shows a t-SNE), coloured by reward and by cost, drawn in random order. Percent on an axis: share of the "
        "variance. Colours of the reward end at its 1st and 99th percentile. " + "; ".join(sentences) + "."
    )
    return figure, text


def origin(path: Path) -> str:
    """A word for where a dataset comes from: collected here, or the downloaded file's own name."""
    return "collected by this study" if path.with_name("run.json").is_file() else path.resolve().name


def _row(figure: Figure, row: np.ndarray, task: str, arrays: dict[str, np.ndarray]) -> str:
    """Draw a task's two panels; returns their counts for the caption."""
    steps = len(arrays["rewards"])
    chosen = np.random.default_rng(0).permutation(steps)[:POINTS]
    both = np.concatenate([arrays["observations"][chosen], arrays["actions"][chosen]], axis=1)
    plane, held = components(both)
    for axes, key in zip(row, ("rewards", "costs"), strict=True):
        _cloud(figure, axes, plane, np.asarray(arrays[key])[chosen], key)
        axes.set_title(f"{task}: {key[:-1]}")
        axes.set_xlabel(f"component 1 ({100 * held[0]:.0f} %)")
    row[0].set_ylabel(f"component 2 ({100 * held[1]:.0f} %)")
    return (
        f"{steps:,} steps, {len(chosen):,} drawn): {100 * active_share(arrays['costs']):.1f} % of all steps have "
        f"another cost than the most common one, {100 * active_share(arrays['rewards']):.1f} % another reward (to a "
        "thousandth of the range)"
    )


def _cloud(figure: Figure, axes: Axes, plane: np.ndarray, values: np.ndarray, key: str) -> None:
    low, high = np.percentile(values, [1, 99]) if key == "rewards" else (values.min(), values.max())
    drawn = axes.scatter(
        *plane.T, c=values, s=2, cmap=COLORS[key], vmin=low, vmax=max(high, low + 1e-9), linewidths=0, rasterized=True
    )
    bar = figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02)
    bar.outline.set_linewidth(0.4)
    axes.set_xticks([])
    axes.set_yticks([])
