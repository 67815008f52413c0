"""The main table: methods by tasks, with averages over suites and over all, safe ones bold as in DSRL's benchmark."""

import numpy as np
import pandas as pd

from marvel.tasks import get_task
from workflow.captions import difference_sentence, diverged_sentence, interval_sentences
from workflow.metrics import metrics
from workflow.names import order
from workflow.runs import evaluated
from workflow.statistics.intervals import bootstrap, fresh, mean_interval, t_interval, t_interval_over_tasks
from workflow.statistics.measures import RUN
from workflow.statistics.per_seed import with_evaluated
from workflow.statistics.scores import DIVERGED
from workflow.tables.page import ends, markdown_table
from workflow.tables.source import Source
from workflow.tuning import label, sentence

ACROSS = 6  # columns of a grid: what still fits on a page
ALL = "mean of all tasks"


def make(source: Source) -> tuple[str, dict[str, pd.DataFrame]]:
    """The page and main.csv."""
    table = numbers(source)
    return markdown(table, source), {"main.csv": table}


def numbers(source: Source) -> pd.DataFrame:
    """main.csv: a row for each cost limit, method and task, and for each average.

    An average is a mean over tasks of means over seeds. It stands where a method has runs on all tasks, of the suite or
    at all, that any method under the same limit has.

    Returns:
        cost_limit, over (task, suite or all), name, method, n (seeds; of an average the fewest), planned, safe (mean
        normalised cost of at most 1, and no run that diverged), and {metric}_mean, _low, _high.
    """
    seeds = with_evaluated(source.seeds)
    values = {name: metric.measure(source.scores, seeds) for name, metric in metrics().items()}
    wide = pd.DataFrame(values).reindex(pd.MultiIndex.from_frame(seeds[RUN]))
    wide = wide.assign(**{name: seeds[name].to_numpy() for name in ("cost_limit", "status")}).reset_index()
    rows = []
    for limit, part in wide.groupby("cost_limit", sort=False):
        for over, name, tasks in groups(list(dict.fromkeys(part["task"]))):
            for method, runs in part[part["task"].isin(tasks)].groupby("method", sort=False):
                if set(runs["task"]) != set(tasks):
                    continue
                n = runs.groupby("task").size()
                planned = max(n[task] + source.absent.get((task, method), 0) for task in tasks)
                row = {"cost_limit": limit, "over": over, "name": name, "method": method, "n": n.min()}
                found = summary(runs)
                safe = found["cost_mean"] <= 1 and not (runs["status"] == DIVERGED).any()
                rows.append(row | {"planned": planned, "safe": safe} | found)
    return pd.DataFrame(rows)


def groups(tasks: list[str]) -> list[tuple[str, str, list[str]]]:
    """(over, name, tasks) of each task, of each suite with more than one of them, and of all if they are of several."""
    suites: dict[str, list[str]] = {}
    for task in tasks:
        suites.setdefault(get_task(task).suite, []).append(task)
    made = [("task", task, [task]) for task in tasks]
    made += [("suite", f"mean of {suite} tasks", own) for suite, own in suites.items() if len(own) > 1]
    return made + ([("all", ALL, tasks)] if len(suites) > 1 else [])


def summary(runs: pd.DataFrame) -> dict[str, float]:
    """{metric}_mean, _low, _high of one method's runs on one or several tasks; NaN where a run lacks the number."""
    found = {}
    for name, metric in metrics().items():
        columns = [part[name].to_numpy(dtype=np.float64) for _, part in runs.groupby("task", sort=False)]
        triple = _mean(columns, metric.PAIRED)
        found |= dict(zip((f"{name}_mean", f"{name}_low", f"{name}_high"), map(float, triple), strict=True))
    return found


def _mean(columns: list[np.ndarray], paired: bool) -> tuple:
    """Mean over tasks of means over seeds, with an interval.

    Args:
        columns: (seeds,) a task.
        paired: Whether the numbers are differences.
    """
    if any(np.isnan(column).any() for column in columns):
        return (np.nan,) * 3
    if len(columns) == 1:
        return t_interval(columns[0]) if paired else mean_interval(columns[0], fresh())
    if paired:
        return t_interval_over_tasks(columns)
    matrices = tuple(column[:, None] for column in columns)
    return bootstrap(matrices, lambda *drawn: np.mean([part.mean(axis=(-2, -1)) for part in drawn], axis=0), fresh())


def markdown(table: pd.DataFrame, source: Source) -> str:
    """The page: for each cost limit a grid of each metric, then what the numbers mean."""
    apart = evaluated.evaluated_apart(source.study / "runs", table["method"])
    lines = ["# Main table", "", *_legend(table), ""]
    for limit, part in table.groupby("cost_limit", sort=False):
        lines += [f"## Cost limit {limit:g} per episode", ""]
        for name, metric in metrics().items():
            shown = part[part[f"{name}_mean"].notna()]
            if shown.empty:
                continue
            lines += [f"### {metric.TITLE}", "", metric.MEANING, ""]
            for grid in grids(shown, name, apart):
                lines += [*grid, ""]
    tasks = list(dict.fromkeys(table.loc[table["over"] == "task", "name"]))
    foot = [evaluated.sentence(apart), ""] if apart else []
    return "\n".join([*lines, *_caption(table, tasks, source), *foot])


def grids(table: pd.DataFrame, metric: str, apart: dict[str, str]) -> list[list[str]]:
    """Markdown tables of one metric: methods by tasks and averages, the longer list down, at most `ACROSS` across.

    Args:
        table: rows of main.csv under one cost limit.
        metric: of `METRICS`.
        apart: as returned by `evaluated.evaluated_apart`: these methods are marked.
    """
    methods, names = order(list(table["method"])), list(dict.fromkeys(table["name"]))
    cells = {(row["method"], row["name"]): _cell(row, metric) for _, row in table.iterrows()}
    shown = {
        name: label(name) if row == "task" else name for name, row in zip(table["name"], table["over"], strict=True)
    }
    code = {method: f"`{method}`{f' {evaluated.MARK}' if method in apart else ''}" for method in methods}
    turned = len(names) > len(methods)
    down, across = (names, methods) if turned else (methods, names)
    words = shown | code
    made = []
    for start in range(0, len(across), ACROSS):
        some = across[start : start + ACROSS]
        rows = [[words[key], *(cells.get((o, key) if turned else (key, o), "–") for o in some)] for key in down]
        made.append(markdown_table(["", *(words[key] for key in some)], rows))
    return made


def _cell(row: pd.Series, metric: str) -> str:
    """A number with its interval, bold if the method is safe there; with its seeds where planned ones are missing."""
    mark = "**" if row["safe"] else "*"
    middle, *rest = ends(*(row[f"{metric}_{end}"] for end in ("mean", "low", "high")), _two).split(" ", 1)
    short = [f"({row['n']} of {row['planned']})"] if row["n"] < row["planned"] else []
    return " ".join([f"{mark}{middle}{mark}", *rest, *short])


def _two(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # never "-0.00"


def _legend(table: pd.DataFrame) -> list[str]:
    n = sorted(set(table.loc[table["over"] == "task", "n"]))
    seeds = f"n = {n[0]}{f' to {n[-1]}' if len(n) > 1 else ''} seed{'s' if n[-1] > 1 else ''}"
    return [
        f"Cells are mean [low, high] over {seeds}. **Bold** is safe: mean normalised cost of at most 1. *Italics* "
        "(grey in LaTeX) are unsafe."
    ]


def _caption(table: pd.DataFrame, tasks: list[str], source: Source) -> list[str]:
    counts = table.loc[table["over"] == "task", "n"]
    lines = [interval_sentences(counts), "", interval_sentences(counts, difference_sentence)]
    if set(table["over"]) != {"task"}:
        lines += [
            "",
            "Averages are means over tasks of means over seeds, for methods with runs on all these tasks; their "
            "intervals are 95 % stratified percentile bootstrap intervals (seeds drawn inside each task), those of "
            "differences t intervals (Welch's, over all tasks' seeds).",
        ]
    return [
        *lines,
        "",
        ("Normalisers are DSRL's." + diverged_sentence(source.seeds) + sentence(tasks, "†")).strip(),
        "",
    ]
