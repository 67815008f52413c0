"""Table 1: rank correlation of both critics with Monte-Carlo returns before and after VPA."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from marvel.errors import InputError
from workflow.captions import difference_sentence, interval_sentences
from workflow.statistics.intervals import fresh, mean_interval, t_interval
from workflow.statistics.ranks import CRITICS, FEWEST, RANKS, correlations
from workflow.tables.page import markdown_table
from workflow.tables.source import Source
from workflow.tuning import MARK, label, sentence

OFFICIAL = Path(__file__).parents[1] / "reference" / "marvel_paper_known_numbers.csv"


def make(source: Source) -> tuple[str, dict[str, pd.DataFrame]]:
    """The page and ranks.csv.

    Raises:
        InputError: The source has no ranks.
    """
    if not source.ranks:
        raise InputError("the table of ranks needs --ranks; make them with python -m marvel.ranks.")
    table = ranks(source.ranks)
    return markdown(table), {"ranks.csv": table}


def ranks(files: list[Path]) -> pd.DataFrame:
    """ranks.csv: `correlations` of every file; task and seed are its folder's and its own name.

    Raises:
        InputError: a file that is not of this kind.
    """
    parts = []
    for path in files:
        if not (path.stem.startswith("seed") and path.stem[4:].isdigit()):
            raise InputError(f"{path} must be named {{task}}/seed{{number}}.csv.")
        table = pd.read_csv(path)
        wanted = {"points", "number", "step", "deviation", *(f"{c}_{s}" for c in CRITICS for s in ("before", "after"))}
        wanted |= {returns for returns, _ in CRITICS.values()}
        if missing := sorted(wanted - set(table)):
            raise InputError(f"{path} lacks the column(s) {', '.join(missing)}; make it with python -m marvel.ranks.")
        head = {"task": path.parent.name, "seed": int(path.stem[4:])}
        parts.append(correlations(table).assign(**head))
    table = pd.concat(parts, ignore_index=True)
    return table[[*RANKS, *(name for name in table if name not in RANKS)]]


def published() -> dict[str, dict[str, float]]:
    """{task: {stage: the paper's correlation of Qc on random rollouts}}, as far as it is known."""
    known = pd.read_csv(OFFICIAL)
    found = {}
    for row in known[known["quantity"].str.startswith("Spearman cost-Q")].itertuples():
        found.setdefault(row.where, {})["before" if "before" in row.quantity else "after"] = float(row.value)
    return found


def markdown(table: pd.DataFrame) -> str:
    """ranks.md: one table per task, then what the numbers mean."""
    lines, paper = ["# Do the critics rank as Monte-Carlo returns do?", ""], published()
    header = ["critic", "points", "n", "points a seed", "mean step", "active", "before VPA", "after VPA"]
    header += ["after - before", "paper", "noise", "drift"]
    for task, of_task in table.groupby("task", sort=False):
        cells = []
        for (critic, kind), group in of_task.groupby(["critic", "points"], sort=False):
            stages = group.pivot(index="seed", columns="stage", values="spearman")
            shown = [interval(stages["before"]), interval(stages["after"])]
            shown += [interval(stages["after"] - stages["before"], t_interval)]
            known = paper.get(task, {}) if (critic, kind) == ("cost", "random") else {}
            told = f"{known['before']:.2f} to {known['after']:.2f}" if len(known) == 2 else ""
            drift = f"{group['deviation'].mean():.2f}" if kind == "dataset" else ""
            counts = [f"{group['n'].mean():g}", f"{group['step'].mean():.0f}", f"{100 * group['active'].mean():.0f} %"]
            noise = "" if group["noise"].isna().all() else f"{group['noise'].mean():.2f}"
            cells.append([CRITICS[critic][1], kind, str(len(stages)), *counts, *shown, told, noise, drift])
        lines += [f"## {label(task)}", "", *markdown_table(header, cells), ""]
    seeds = sorted(table.groupby("task")["seed"].nunique().unique())
    rollouts = int(table["rollouts"].min())
    return "\n".join(
        [
            *lines,
            "Spearman's rank correlation of a critic's value with the discounted return (for Qc: cost) of the frozen, "
            f"stochastic offline policy, in {rollouts} rollouts from the simulator put back to the same moment. "
            "Cells are `mean [low, high]` over n seeds. "
            + interval_sentences(seeds)
            + " "
            + interval_sentences([n for n in seeds if n > 1], difference_sentence)  # of one seed that is said
            + " Where a study's seeds share one offline model, its critics (before) are the same for all and only the "
            "points differ.",
            "",
            "Dataset: the recorded action at a moment of a recorded episode, reached by playing the recorded actions "
            "from the reset nearest to the recorded first observation; drift is how far such a moment is from the "
            "recorded one (mean over points of the component that is off most, in standard deviations of the data; "
            "moments further off than 0.5 are left out, so a task may have fewer points than asked for). "
            "Random: a uniformly random action at a moment of an episode of such actions, which is how we read the "
            "paper's random rollouts. Noise: standard error of a point's mean over rollouts, over the spread of the "
            "means. Active: share of points whose return (cost) differs from the most common. All rollouts have one "
            "length, half the time limit at most, and begin early enough to end within it. An empty cell: "
            f"fewer than {FEWEST} points, or all returns equal." + sentence(table["task"], MARK),
            "",
        ]
    )


def interval(values: pd.Series, of: Callable = lambda numbers: mean_interval(numbers, fresh())) -> str:
    """`mean [low, high]` over seeds, empty without values; `of` makes the three from an array (seeds,)."""
    values = values.dropna().to_numpy(dtype=np.float64)
    if not len(values):
        return ""
    ends = map(float, of(values))
    mean, low, high = (round(end, 2) + 0.0 for end in ends)  # never "-0.00"
    return f"{mean:.2f}" if np.isnan(low) else f"{mean:.2f} [{low:.2f}, {high:.2f}]"
