"""Probability of improvement over a reference method, over tasks and seeds."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from marvel.errors import InputError
from workflow import tuning
from workflow.captions import aggregate_sentences
from workflow.figures import panels, style
from workflow.figures.aggregate import EVALUATED, compared
from workflow.statistics.aggregates import improvement, matrices
from workflow.statistics.intervals import bootstrap, fresh

KEYS = ("methods", "tasks", "sweep", "reference")
DEFAULTS = {"reference": "warm_start"}
INPUTS = ("scores",)
OVER_TASKS = True

METRICS = {  # per-seed column: which sign is better, axis label
    "feasible_return_normalized": (1, "P(higher feasible return)"),
    "train_cost_normalized": (-1, "P(lower cost)"),
}
BEYOND = "#E4E4E4"


def draw(
    scores: pd.DataFrame,
    sweep: bool = False,
    reference: str = DEFAULTS["reference"],
    labels: dict[str, str] | None = None,
) -> tuple[Figure, str]:
    """Probability that a run of each method beats one of the reference, in feasible return and in cost.

    Args:
        scores, sweep, labels: as in `workflow.figures.aggregate`.
        reference: one of the methods.

    Returns:
        The figure and its caption.

    Raises:
        InputError: the reference is not among the methods, or nothing else is.
    """
    known, looks, hollow, seeds = compared(scores, sweep, labels)
    if reference not in known or len(known) < 2:
        raise InputError(
            f"improvement over {reference!r} needs that method and another; the scores have {', '.join(known)}."
        )
    names, base_label = [name for name in known if name != reference], looks[reference].label
    with plt.rc_context(style.RC):
        figure, axes_of = panels.row_panels(len(METRICS), len(names), extra=0.15)
        for axes, (metric, (sign, label)) in zip(axes_of, METRICS.items(), strict=True):
            made = matrices(seeds, metric)
            base = sign * made[reference]
            values = {
                name: bootstrap((sign * made[name], base), improvement, fresh()) for name in names if name in made
            }
            panels.whiskers(axes, names, values, looks, hollow)
            most = reachable(made[reference]) if metric == "train_cost_normalized" else 1.0
            if most < 1:
                axes.axvspan(most, 1.03, color=BEYOND, linewidth=0, zorder=0.5)
            axes.axvline(0.5, color="black", linewidth=0.7, zorder=1)
            axes.set_xlim(-0.03, 1.03)
            axes.set_xlabel(label)
        panels.foot(figure, f"than a run of {base_label}; line: no difference", tuning.share(seeds["task"]))
    text = (
        f"Probability that a run of the method ends with a higher feasible return (left) and with a lower cost (right) "
        f"than a run of {base_label} on the same task, mean over tasks; ties count half, 0.5 means no difference. Last "
        "20 % of environment steps. "
        + (f"Grey: out of reach, since a run of {base_label} without cost can only be tied. " if most < 1 else "")
        + aggregate_sentences(seeds)
        + (f" {EVALUATED}" if hollow else "")
    )
    return figure, text


def reachable(costs: np.ndarray) -> float:
    """The largest probability of a lower cost than the reference's that any method can have.

    Args:
        costs: (seeds, tasks) of the reference.
    """
    return 1 - float(np.mean(costs == 0)) / 2
