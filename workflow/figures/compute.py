"""What each method costs to run: processor time of its stages, from the records of the runs."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from marvel.errors import InputError
from workflow import tuning
from workflow.figures import panels, style
from workflow.names import label, order
from workflow.runs.records import in_study

KEYS = ("methods", "tasks")
INPUTS = ("scores", "runs")
ANY_LIMIT = True

STAGES = {"offline": "offline training", "prealigned": "Value Pre-Alignment", "online": "online"}
_COLORS = {"offline": "#BDBDBD", "prealigned": "#7A7A7A", "online": "#0072B2"}


def stage_seconds(folder: Path, study: Path) -> dict[str, float] | None:
    """Processor seconds of a run and of those that it started from.

    Args:
        folder: holds run.json; the `start` in it is a path to the checkpoint beside an earlier run.json.
        study: the study's folder, wherever it has been copied to.

    Returns:
        {stage: seconds}, or None if the run or a stage that it started from has no record of its time. Every method
        bears its whole offline stage, though methods of one study share it.
    """
    path = folder / "run.json"
    spec = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    record = spec.get("record", {})
    if "cpu_seconds" not in record:
        return None
    spent = {"online": float(record["cpu_seconds"])}
    while spec.get("start"):
        path = in_study(study, spec["start"])
        spec = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if "cpu_seconds" not in spec.get("record", {}):
            return None
        spent["prealigned" if "prealigned" in path.parts else "offline"] = float(spec["record"]["cpu_seconds"])
    return spent


def costs(scores: pd.DataFrame, runs: Path) -> pd.DataFrame:
    """One row per run: method, task, seed, env_steps, updates and processor seconds per stage.

    Args:
        scores: rows of scores.csv.
        runs: folder with {method}/{task}/seed{seed}/run.json.
    """
    rows = []
    last = scores.groupby(["method", "task", "seed"], sort=False)[["env_steps", "updates"]].max().reset_index()
    for row in last.itertuples(index=False):
        spent = stage_seconds(runs / row.method / row.task / f"seed{row.seed}", runs.parent)
        if spent is not None:
            rows.append(row._asdict() | dict.fromkeys(STAGES, 0.0) | spent)
    return pd.DataFrame(rows, columns=["method", "task", "seed", "env_steps", "updates", *STAGES])


def draw(scores: pd.DataFrame, runs: Path, labels: dict[str, str] | None = None) -> tuple[Figure, str]:
    """Processor time per run by stage, and per 1,000 environment steps online.

    Args:
        scores: rows of scores.csv.
        runs: folder with the runs' records.
        labels: {method: what it is called in print}.

    Returns:
        The figure and its caption.

    Raises:
        InputError: no run has a record of its time.
    """
    table = costs(scores, runs)
    if table.empty:
        raise InputError(f"no run.json under {runs} records cpu_seconds, so there is no cost to draw.")
    names, tasks = order(list(table["method"])), list(dict.fromkeys(table["task"]))
    means = table.groupby(["method", "task"])[[*STAGES, "env_steps"]].mean()
    with plt.rc_context(style.RC):
        figure = Figure(figsize=(style.WIDTH, 1.0 + panels.row_height(len(names)) * len(names)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for place, name in enumerate(names):
            _bars(left, place, means.loc[name].mean())
            trained = means.loc[name][means.loc[name]["env_steps"] > 0]
            pace = 1000 * trained["online"] / trained["env_steps"]
            right.plot(pace, [place] * len(pace), "o", color=_COLORS["online"], alpha=0.6, markersize=3.6)
        for axes in (left, right):
            panels.name_rows(axes, [label(name, labels) for name in names])
            axes.set_xlim(0, 1.05 * max(axes.get_xlim()[1], 1e-9))
            axes.xaxis.set_major_locator(MaxNLocator(4))
        left.set_xlabel("minutes per run")
        right.set_xlabel("online seconds\nper 1,000 steps")
        spent = [stage for stage in STAGES if table[stage].any()]
        handles = [Patch(color=_COLORS[stage], label=STAGES[stage]) for stage in spent]
        figure.legend(
            handles=handles, loc="outside upper center", ncols=3, frameon=False, handlelength=1.2, columnspacing=1.0
        )
        panels.foot(figure, "processor time; left: mean over tasks and seeds; dot: a task")
    text = _caption(table, tasks, sorted(_processors(table, runs)))
    without = sorted(set(scores["method"]) - set(names))
    return figure, text + (
        f" Without a record of their time: {', '.join(label(name, labels) for name in without)}." if without else ""
    )


def _bars(axes: Axes, place: int, total: pd.Series) -> None:
    """A method's stages as one bar."""
    start = 0.0
    for stage in STAGES:
        axes.barh(place, total[stage] / 60, left=start, height=0.62, color=_COLORS[stage])
        start += total[stage] / 60


def _caption(table: pd.DataFrame, tasks: list[str], cpus: list[str]) -> str:
    n = table.groupby(["method", "task"])["seed"].nunique()
    return (
        "Processor time of one run, from the runs' records (user and system time of the process, start-up included, "
        "over all resumptions). Left: by stage; each method bears the whole offline stage that it starts from, though "
        "methods share one. Right: the online stage alone, evaluations included. "
        f"Tasks: {', '.join(tasks)}; {panels.seeds_phrase(n)}; "
        f"processor: {', '.join(cpus) or 'not recorded'}. Runs may have shared a machine with others."
        + tuning.sentence(tasks)
    )


def _processors(table: pd.DataFrame, runs: Path) -> set[str]:
    found = set()
    for row in table.itertuples(index=False):
        spec = json.loads((runs / row.method / row.task / f"seed{row.seed}" / "run.json").read_text(encoding="utf-8"))
        found.add(str(spec["record"].get("cpu", "not recorded")))
    return found
