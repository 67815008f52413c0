"""How costs of single episodes are distributed: the share of training episodes up to each cost."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from marvel.errors import InputError
from workflow import tuning
from workflow.figures import panels, style
from workflow.figures.curves import check
from workflow.names import order
from workflow.runs.episodes import read_episodes
from workflow.statistics.per_seed import LAST

KEYS = ("methods", "tasks", "sweep")
INPUTS = ("scores", "runs")


def draw(
    scores: pd.DataFrame, runs: Path, sweep: bool = False, labels: dict[str, str] | None = None
) -> tuple[Figure, str]:
    """The cumulative distribution of episode costs, of all training episodes above those of the last fifth of rounds.

    Args:
        scores: rows of scores.csv with one cost limit per task.
        runs: folder with the runs' episodes.csv.
        sweep: the methods are one method at rising values of an option, in the order of the scores.
        labels: {method: what it is called in print}.

    Returns:
        The figure and its caption.

    Raises:
        InputError: no run records its episodes, or see `workflow.figures.curves.check`.
    """
    check(scores)
    episodes = read_episodes(runs, scores)
    episodes = episodes[episodes["kind"] == "train"]
    if episodes.empty:
        raise InputError(
            f"no run under {runs} has an episodes.csv with training episodes, so there is nothing to draw."
        )
    tasks = [task for task in dict.fromkeys(scores["task"]) if task in set(episodes["task"])]
    methods = [name for name in dict.fromkeys(scores["method"]) if name in set(episodes["method"])]
    looks = style.styles(methods if sweep else order(methods), sweep, labels)
    limits = scores.groupby("task")["cost_limit"].first()
    with plt.rc_context(style.RC):
        figure, columns = panels.task_panels(tasks, [1.2, 1.2], extra=panels.legend_rows(looks))
        for task, column in columns.items():
            part = episodes[episodes["task"] == task]
            for axes, rows, name in zip(column, (part, last_rounds(part)), ("all", "last fifth"), strict=True):
                _panel(axes, rows, looks, limits[task], part["cost"].max())
                if panels.is_left(tasks, task):
                    axes.set_ylabel(f"share of\nepisodes ({name})")
        panels.legend(figure, looks, set(looks), "cost limit")
        counts = episodes.groupby(["task", "method"])["seed"].nunique()
        foot = f"cost of a training episode, at most; {panels.seeds_phrase(counts)} pooled"
        panels.foot(figure, foot, tuning.footnote(tasks))
        figure.align_ylabels()
    text = (
        "Share of training episodes whose cost is at most that on the x-axis, the episodes of all seeds pooled: of the "
        "whole training (above) and of the rounds in the last 20 % (below). Dashes: the cost limit; the height at "
        f"which a curve crosses it is the share of safe episodes. {panels.seeds_phrase(counts)}."
        + tuning.sentence(tasks, tuning.MARK)
    )
    return figure, text


def last_rounds(episodes: pd.DataFrame) -> pd.DataFrame:
    """Episodes in the last fifth of each run's rounds."""
    final = episodes.groupby(["method", "task", "seed"])["round"].transform("max")
    return episodes[episodes["round"] > (1 - LAST) * final]


def distribution(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the empirical distribution function: costs in order from 0, and the share of episodes up to each."""
    values, counts = np.unique(costs, return_counts=True)
    return np.concatenate([[0.0], values]), np.concatenate([[0.0], np.cumsum(counts) / len(costs)])


def _panel(axes: Axes, rows: pd.DataFrame, looks: dict[str, style.Style], limit: float, largest: float) -> None:
    top = max(largest, 1.25 * limit)
    for name in reversed(looks):
        costs = rows.loc[rows["method"] == name, "cost"].to_numpy(float)
        if not len(costs):
            continue
        x, share = distribution(costs)
        axes.step(
            [*x, top],
            [*share, 1.0],
            where="post",
            color=looks[name].color,
            linestyle=looks[name].linestyle,
            linewidth=1.2,
        )
    axes.axvline(limit, zorder=2.5, **style.LIMIT)
    panels.ticks(axes)
    axes.set_xlim(-0.03 * top, top)
    axes.set_ylim(-0.03, 1.03)
