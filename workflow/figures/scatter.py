"""All datasets of a study on one page: cost against return of every episode, from the files and their cards alone.

    python -m workflow.figures.scatter --datasets results/quick/data/*/dataset.hdf5 \\
        --out results/quick/figures/datasets --table results/quick/tables/datasets.csv

writes datasets.pdf, datasets.png, datasets.txt (the caption) and the table. Beside each file stands its card.json
(`python -m marvel.datasets card FILE`).
"""

import argparse
import json
import math
import re
import sys
from pathlib import Path
from typing import NamedTuple

import h5py
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from marvel.datasets import Episodes, episodes
from marvel.errors import InputError
from marvel.run.spec import in_current_words
from workflow.figures import panels, style
from workflow.runs.scores import write_files

COLUMNS = 5  # on a page
FEW = 8  # datasets that fit where a page is not at hand, two side by side
PANEL = 1.12  # inches high, with its title
POINT = {"color": "#0072B2", "alpha": 0.35, "linewidths": 0}
FRAME = {"color": "#333333", "linestyle": (0, (3, 1.5)), "linewidth": 0.8}
FOOT = ("cost of an episode", "n/8: eighths of DSRL's cost range that have an episode")
EMPTY = {"color": "#F6D5C3", "linewidth": 0}


class Data(NamedTuple):
    """A dataset's card (`marvel.datasets.card`) and its episodes."""

    card: dict
    episodes: Episodes


def read_data(path: Path) -> Data:
    """Read the episodes of a file and the card beside it.

    Raises:
        InputError: The file or its card is missing, or they do not belong together.
    """
    for needed in (path, path.with_name("card.json")):
        if not needed.is_file():
            raise InputError(f"{needed} does not exist; `python -m marvel.datasets card {path}` makes a file's card.")
    card = json.loads(path.with_name("card.json").read_text(encoding="utf-8"))
    with h5py.File(path, locking=False) as file:  # of DSRL's seven arrays the four small ones
        made = episodes({key: file[key][()].ravel() for key in ("rewards", "costs", "terminals", "timeouts")})
    if len(made.stops) != card["episodes"]:
        raise InputError(
            f"{path} has {len(made.stops)} episodes and its card says {card['episodes']}; "
            f"make the card again: `python -m marvel.datasets card {path}`."
        )
    return Data(card | {"made": in_current_words(card["made"])}, made)


def source(card: dict) -> str:
    """Where a file's data comes from, in a few words: `DSRL-style, not DSRL`, `named as DSRL's file`, ..."""
    return re.split(r":|, and ", card["made"]["note"])[0]


def draw_scatter(data: list[Data], filters: tuple[str, ...] = ()) -> tuple[Figure, str]:
    """One panel a dataset, in the order given.

    Args:
        data: As made by `read_data`.
        filters: Names of the filters that the study applies to the data before it trains on it.

    Returns:
        The figure and its caption.
    """
    sources = list(dict.fromkeys(source(one.card) for one in data))
    columns = min(2 if len(data) <= FEW else COLUMNS, len(data))
    rows = math.ceil(len(data) / columns)
    width = style.PAGE_WIDTH if len(data) > FEW else style.WIDTH
    height = PANEL if columns > 3 else 1.5 * PANEL
    with plt.rc_context(style.RC):
        figure = Figure(figsize=(width, 0.9 + height * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(data) :]:
            axes.set_visible(False)
        for axes, one in zip(grid.flat, data, strict=False):
            _panel(axes, one, "" if len(sources) == 1 else f"\n{source(one.card)}")
        handles = [
            Line2D([], [], linestyle="", marker="o", markersize=2.5, color=POINT["color"], label="an episode"),
            Line2D([], [], label="DSRL's ranges", **FRAME),
        ]
        if any(one.card["eighths_occupied"] < 8 for one in data):
            handles.append(Patch(label="eighth of DSRL's cost range without an episode", **EMPTY))
        figure.legend(handles=handles, loc="outside upper center", ncols=1 if len(data) <= FEW else 3, frameon=False)
        of_all = f"all data: {sources[0]}" if len(sources) == 1 else ""
        before = f"the data before the study's filters ({', '.join(filters)})" if filters else ""
        panels.foot(figure, *FOOT, of_all, before)
        figure.supylabel("return of an episode")
    text = (
        "Return against cost of every episode of the offline data, one panel a task. Dashes: the ranges of return and "
        "cost in DSRL's file of the task. Shaded: eighths of DSRL's cost range in which the data has no episode. "
        + (f"The study trains on this data after filters ({', '.join(filters)}). " if filters else "")
        + (f"All of it: {sources[0]}. " if len(sources) == 1 else "")
        + "; ".join(_sentence(one.card, len(sources) > 1) for one in data)
    )
    return figure, f"{text}."


def _panel(axes: Axes, one: Data, remark: str) -> None:
    """One dataset; the remark stands below its counts."""
    card, (low, high) = one.card, one.card["dsrl"]["return_range"]
    least, largest = card["dsrl"]["cost_range"]
    for row in card["eighths"]:
        if not row["episodes"]:
            axes.axvspan(*row["cost"], zorder=0.5, **EMPTY)
    size = 3 if card["episodes"] < 1000 else 1.5
    axes.scatter(one.episodes.costs, one.episodes.returns, s=size, rasterized=True, zorder=2, **POINT)
    # open on the left, where it would hide the episodes without cost
    axes.plot([least, largest, largest, least], [low, low, high, high], zorder=3, **FRAME)
    most = max(largest, card["cost_range"][1])
    axes.set_xlim(-0.03 * most, 1.03 * most)  # episodes without cost stand beside the axis, not on it
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(3, steps=[1, 2, 4, 5, 10]))
        axis.set_major_formatter(FuncFormatter(style.thousands))
    axes.set_title(card["task"], y=1, pad=19 if remark else 11)
    facts = f"{card['episodes']:,} episodes, {card['eighths_occupied']}/8{remark}"
    axes.text(0.5, 1, facts, transform=axes.transAxes, ha="center", va="bottom", fontsize=style.RC["font.size"])


def _sentence(card: dict, told: bool) -> str:
    """A dataset's counts for the caption, and where it comes from if that is `told` of each."""
    beyond = card["episodes"] - sum(row["episodes"] for row in card["eighths"])
    options = card["made"].get("options") or {}
    spent = f" of {options['steps']:,} + {options['rollout_steps']:,} steps" if "rollout_steps" in options else ""
    return (
        f"{card['task']}{f' ({source(card)})' if told else ''}: {card['episodes']:,} episodes{spent} (DSRL's file: "
        f"{card['dsrl']['episodes']:,}), {card['eighths_occupied']} of 8 eighths occupied"
        + (f", {beyond:,} episodes beyond DSRL's largest cost" if beyond else "")
        + f", best return {card['return_range'][1]:.4g} (DSRL's {card['dsrl']['return_range'][1]:.4g})"
    )


def coverage(cards: list[dict]) -> pd.DataFrame:
    """A row a dataset: what it cost to make, what it holds, and DSRL's values beside.

    `best_return_1` to `best_return_8` are the best returns in the eighths of DSRL's cost range, empty where an eighth
    has no episode; the other returns are in the task's own units as well.
    """
    rows = []
    for card in cards:
        made, dsrl = card["made"], card["dsrl"]
        options = made.get("options") or {}
        row = {"task": card["task"], "source": source(card), "commit": made.get("commit"), "seed": made.get("seed")}
        row |= {name: options.get(name) for name in ("steps", "rollout_steps")}
        row |= {"cpu_seconds": made.get("cpu_seconds"), "episodes": card["episodes"], "dsrl_episodes": dsrl["episodes"]}
        best = [eighth["best_return"] for eighth in card["eighths"]]
        inside = max((value for value in best if value is not None), default=None)
        row |= {"best_return": inside, "dsrl_best_return": dsrl["return_range"][1]}
        row |= {"eighths_occupied": card["eighths_occupied"]}
        rows.append(row | {f"best_return_{place}": value for place, value in enumerate(best, start=1)})
    return pd.DataFrame(rows).astype({name: "Int64" for name in ("seed", "steps", "rollout_steps")})


def main(arguments: list[str] | None = None) -> None:
    """Draw the page, write its caption and its numbers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--datasets", type=Path, nargs="+", required=True, help="files with their card.json beside")
    parser.add_argument("--filters", nargs="*", default=[], help="filters that the study applies afterwards")
    parser.add_argument("--out", type=Path, required=True, help="path without ending; .pdf, .png, .txt are written")
    parser.add_argument("--table", type=Path, required=True, help="the same in numbers, CSV")
    options = parser.parse_args(arguments)
    data = [read_data(path) for path in options.datasets]
    style.save(*draw_scatter(data, tuple(options.filters)), options.out)
    write_files(options.table.parent, {options.table.name: coverage([one.card for one in data]).to_csv(index=False)})


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"scatter: {error}")
