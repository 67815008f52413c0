"""What the page is made of, read once: scores, tables, claims, records and the runs that the study asked for."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml

from marvel.errors import InputError
from workflow.code import ROOT
from workflow.names import label
from workflow.runs.run_json import read_run_json
from workflow.runs.scores import read_scores
from workflow.statistics.measures import measured

CLAIMS = ROOT / "workflow/reference/claims.yaml"
ESTIMATES = ("mean", "low", "high")
LEVELS = ("train_return", "train_cost", "violation_rate", "cumulative_cost", "feasible_return_normalized")
TABLES = {  # the columns of each table that the page reads, and the name by which workflow.tables makes it
    "final": (
        "final",
        ["task", "method", "n", "cost_limit", "env_steps", "updates", "feasible_seeds"]
        + [f"{name}_{end}" for name in LEVELS for end in ESTIMATES],
    ),
    "safety": (
        "final",
        ["task", "method", "policy", "n", "worst", *(f"{name}_{end}" for name in ("V", "D_norm") for end in ESTIMATES)],
    ),
    "offline": (
        "offline",
        ["task", "method", "n", "cost_limit"]
        + [f"{name}_{end}" for name in ("eval_return", "eval_cost", "feasible_return_normalized") for end in ESTIMATES],
    ),
    "main": (
        "main",
        ["cost_limit", "over", "name", "method", "n", "planned", "safe"]
        + [f"{name}_{end}" for name in ("return", "cost") for end in ESTIMATES],
    ),
    "claims": (
        "claims",
        ["claim", "form", "task", "part", "metric", "n", "effect", "low", "high", "p", "leaning", "why"],
    ),
    "verdicts": ("claims", ["claim", "form", "task", "verdict", "p", "leaning", "why"]),
}
Run = tuple[str, str, int]  # method, task, seed


class Inputs(NamedTuple):
    """A study.

    study: its folder. scores: rows of scores.csv. seeds: as made by `measures.measured`. tables: {name of `TABLES`:
    frame}. links: {name: file of the table}. claims: claims.yaml. planned: the runs that the study asked for, in order.
    specs: {run: its run.json, or None}. steps: {name: (tasks, methods)}, the figures of kind `steps`. labels: {method:
    what it is called in print}.
    """

    study: Path
    scores: pd.DataFrame
    seeds: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    links: dict[str, Path]
    claims: dict
    planned: list[Run]
    specs: dict[Run, dict | None]
    steps: dict[str, tuple[list[str], list[str]]]
    labels: dict[str, str]

    @property
    def tasks(self) -> list[str]:
        """The study's tasks, in order."""
        return list(dict.fromkeys(task for _, task, _ in self.planned))

    def limit(self, task: str) -> float:
        """The cost limit of a task's runs, the first of several; of a task without runs the study's first."""
        limits = self.seeds["cost_limit"]
        own = limits[self.seeds["task"] == task]
        return float((own if len(own) else limits).iloc[0])


def read(
    study: Path,
    tables: Path | None = None,
    planned: list[Run] | None = None,
    steps: dict[str, tuple[list[str], list[str]]] | None = None,
    labels: dict[str, str] | None = None,
) -> Inputs:
    """Read a study.

    Args:
        study: folder with scores.csv and runs/.
        tables: folder with the tables, by default that of the study.
        planned: the runs that the study asked for; by default those that it has.
        steps: {name: (tasks, methods)} of its figures of kind `steps`.
        labels: {method: label} of the entries that say one.

    Raises:
        InputError: a file is missing or lacks a column.
    """
    scores, folder = read_scores(study / "scores.csv"), tables or study / "tables"
    found = list(scores[["method", "task", "seed"]].drop_duplicates().itertuples(index=False, name=None))
    planned = list(dict.fromkeys([*(planned or []), *found]))
    specs = {run: read_run_json(folder_of(study, run) / "run.json") for run in planned}
    return Inputs(
        study,
        scores,
        measured(scores),
        {name: read_table(folder / f"{name}.csv", *TABLES[name]) for name in TABLES},
        {path.stem: path for path in sorted(folder.glob("*.md"))},
        yaml.safe_load(CLAIMS.read_text(encoding="utf-8")),
        planned,
        specs,
        steps or {},
        {method: label(method, labels) for method, _, _ in planned},
    )


def folder_of(study: Path, run: Run) -> Path:
    """Where a run lies."""
    method, task, seed = run
    return study / "runs" / method / task / f"seed{seed}"


def read_table(path: Path, maker: str, columns: list[str]) -> pd.DataFrame:
    """Rows of a table's CSV file that has these columns, made by `python -m workflow.tables {maker}`."""
    if not path.is_file():
        raise InputError(f"{path} does not exist; make it with `python -m workflow.tables {maker}`.")
    # a method may be called `nan`
    table = pd.read_csv(path, float_precision="round_trip", keep_default_na=False, na_values=[""])
    if missing := [name for name in columns if name not in table]:
        raise InputError(
            f"{path} lacks the column(s) {', '.join(missing)}; make it again with `python -m workflow.tables {maker}`."
        )
    text = [name for name in ("verdict", "leaning", "why") if name in table]
    return table.fillna(dict.fromkeys(text, ""))
