"""How sparse costs are in an offline dataset: its state-actions in two dimensions, coloured by reward and by cost.

The paper shows a t-SNE; this is a principal component analysis, which has no options and keeps large distances.
"""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from marvel.errors import InputError
from workflow.figures import style
from workflow.statistics.ranks import active_share

POINTS = 4000  # steps drawn per task
COLORS = {
    "rewards": matplotlib.colormaps["viridis"],
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


def draw_sparsity(datasets: dict[str, dict[str, np.ndarray]], names: dict[str, str]) -> tuple[Figure, str]:
    """One row per task: its steps in two dimensions, coloured by reward (left) and by cost (right).

    Args:
        datasets: {task: arrays in DSRL's schema}.
        names: {task: the file's name or a word for its origin}, for the caption.

    Returns:
        The figure and its caption.
    """
    shares = []
    with plt.rc_context(style.RC):
        figure = Figure(figsize=(style.COLUMN_WIDTH * 1.35, 0.25 + 1.75 * len(datasets)), layout="constrained")
        panels = figure.subplots(len(datasets), 2, squeeze=False)
        for (left, right), (task, arrays) in zip(panels, datasets.items(), strict=True):
            steps = len(arrays["rewards"])
            chosen = np.random.default_rng(0).permutation(steps)[:POINTS]
            both = np.concatenate([arrays["observations"][chosen], arrays["actions"][chosen]], axis=1)
            plane, held = components(both)
            for axes, key in ((left, "rewards"), (right, "costs")):
                _cloud(figure, axes, plane, np.asarray(arrays[key])[chosen], key)
                axes.set_title(f"{task}: {key[:-1]} of the step")
                axes.set_xlabel(f"component 1 ({100 * held[0]:.0f} %)")
            left.set_ylabel(f"component 2 ({100 * held[1]:.0f} %)")
            shares.append(
                f"{task} ({names[task]}, {steps:,} steps, {len(chosen):,} drawn): "
                f"{100 * active_share(arrays['costs']):.1f} % of "
                f"all steps have another cost than the most common one, {100 * active_share(arrays['rewards']):.1f} % "
                "another reward (to a thousandth of the range)"
            )
    text = (
        "State-action pairs of the offline data, standardised, on their first two principal components (the paper "
        "shows a t-SNE), "
        "coloured by reward and by cost, drawn in random order. Percent on an axis: share of the variance. "
        "Colours of the "
        "reward end at its 1st and 99th percentile. " + "; ".join(shares) + "."
    )
    return figure, text


def _cloud(figure: Figure, axes: Axes, plane: np.ndarray, values: np.ndarray, key: str) -> None:
    low, high = np.percentile(values, [1, 99]) if key == "rewards" else (values.min(), values.max())
    drawn = axes.scatter(
        *plane.T, c=values, s=2, cmap=COLORS[key], vmin=low, vmax=max(high, low + 1e-9), linewidths=0, rasterized=True
    )
    bar = figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02)
    bar.outline.set_linewidth(0.4)
    axes.set_xticks([])
    axes.set_yticks([])
