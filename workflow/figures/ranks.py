"""Mean ranks of methods over tasks and seeds."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import rankdata

from marvel.errors import InputError
from workflow import tuning
from workflow.captions import aggregate_sentences
from workflow.figures import panels, style
from workflow.figures.aggregate import EVALUATED, compared
from workflow.statistics.aggregates import matrices
from workflow.statistics.intervals import bootstrap, fresh, mean

KEYS = ("methods", "tasks")
INPUTS = ("scores",)
OVER_TASKS = True

METRICS = {  # per-seed column: which sign is better, axis label
    "feasible_return_normalized": (1, "by feasible return"),
    "train_cost_normalized": (-1, "by cost"),
}


def mean_ranks(made: dict[str, np.ndarray], sign: int) -> dict[str, np.ndarray]:
    """Ranks of runs among those of the same task and seed, 1 the best; equal values share their mean rank.

    Args:
        made: {method: (runs, tasks)}, the same runs everywhere.
        sign: 1 where more is better, -1 where less is.

    Returns:
        {method: ranks, (runs, tasks)}.
    """
    ranks = rankdata(-sign * np.stack(list(made.values())), axis=0)
    return dict(zip(made, ranks, strict=True))


def draw(scores: pd.DataFrame, labels: dict[str, str] | None = None) -> tuple[Figure, str]:
    """The mean rank of each method in feasible return and in cost.

    Args:
        scores: rows of scores.csv, the same seeds for all methods on every task.
        labels: {method: what it is called in print}.

    Returns:
        The figure and its caption.

    Raises:
        InputError: a single method, or methods with different numbers of seeds.
    """
    names, looks, hollow, seeds = compared(scores, False, labels)
    counts = seeds.groupby("method")["seed"].nunique()
    if len(names) < 2 or counts.nunique() > 1:
        raise InputError(
            "ranks compare two or more methods with the same seeds; the scores have "
            f"{', '.join(f'{name} ({counts[name]})' for name in names)}."
        )
    with plt.rc_context(style.RC):
        figure, axes_of = panels.row_panels(len(METRICS), len(names), extra=0.15)
        for axes, (metric, (sign, label)) in zip(axes_of, METRICS.items(), strict=True):
            ranks = mean_ranks(matrices(seeds, metric), sign)
            values = {name: bootstrap((matrix,), mean, fresh()) for name, matrix in ranks.items()}
            panels.whiskers(axes, names, values, looks, hollow)
            axes.set_xlim(0.8, len(names) + 0.2)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.set_xlabel(label)
        panels.foot(figure, f"mean rank among {len(names)} (1: best)", tuning.share(seeds["task"]))
    text = (
        f"Mean rank of a run among those of the {len(names)} methods on the same task and seed, 1 the best, by "
        "feasible return (left) and by cost (right) in the last 20 % of environment steps; equal values share "
        "their mean rank. " + aggregate_sentences(seeds) + (f" {EVALUATED}" if hollow else "")
    )
    return figure, text
