"""Curves of offline training: evaluated return and cost against gradient steps, from the runs' progress files."""

import json
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from marvel.errors import InputError
from workflow.figures import curves
from workflow.names import label
from workflow.runs.records import options

KEYS = ("tasks",)
INPUTS = ("progress", "cost_limit")


def read_offline(files: list[Path], cost_limit: float) -> pd.DataFrame:
    """The progress of offline runs as rows that `curves.draw` takes: an algorithm is a method, an evaluation a round.

    Args:
        files: {algorithm}/{task}/seed{number}/progress.csv, run.json beside each; `trained_for` is its own cost limit.
        cost_limit: Of the study.

    Raises:
        InputError: a file of another kind.
    """
    parts = []
    for path in files:
        rows = pd.read_csv(path)
        if missing := [name for name in ("updates", "eval_return", "eval_cost") if name not in rows]:
            raise InputError(f"{path} lacks the column(s) {', '.join(missing)}; give progress.csv of offline runs.")
        algorithm, task, seed = path.parts[-4:-1]
        head = {"method": algorithm, "task": task, "seed": int(seed.removeprefix("seed")), "cost_limit": cost_limit}
        given = options(json.loads(path.with_name("run.json").read_text(encoding="utf-8"))).get("cost_limit")
        head["trained_for"] = cost_limit if given is None else given
        parts.append(rows.assign(round=range(len(rows)), **head))
    return pd.concat(parts, ignore_index=True)


def draw(progress: list[Path], cost_limit: float, tasks: list[str] | None = None) -> tuple[Figure, str]:
    """Return above cost, one column per task, one curve per offline algorithm; the figure and its caption.

    Args:
        progress, cost_limit: as in `read_offline`.
        tasks: only these.

    Raises:
        InputError: a file of another kind, or no run on one of the tasks.
    """
    rows = read_offline(progress, cost_limit)
    known = list(dict.fromkeys(rows["task"]))
    if missing := [task for task in tasks or [] if task not in known]:
        raise InputError(f"--progress has no task {missing[0]}; it has {', '.join(known)}.")
    rows = rows[rows["task"].isin(tasks or known)]
    other = rows[rows["trained_for"] != rows["cost_limit"]].drop_duplicates("method")
    labels = {row.method: f"{label(row.method)} (limit {row.trained_for:g}, dotted)" for row in other.itertuples()}
    own = {row.method: row.trained_for for row in other.itertuples()}
    figure, text = curves.draw(rows, source="eval", x="updates", labels=labels, own_limits=own)
    episodes = ", ".join(f"{count:g}" for count in sorted(rows["eval_episodes"].dropna().unique()))
    limits = [f"{label(row.method)} was trained for a cost limit of {row.trained_for:g}" for row in other.itertuples()]
    text += f" {'; '.join(limits)}." if limits else ""
    return figure, f"Offline training, before any online step; {episodes} episodes an evaluation. {text}"
