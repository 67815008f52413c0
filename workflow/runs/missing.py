"""Which planned runs are not in the scores, and which are but with a remark: tables/missing.csv, a row a run.

Runs that are left out: `not run`; `failed`, `unfinished` (status.json in the run's .state says so); `refused` (its rows
cannot be read, or are not those that its run wrote). Runs with a remark: `diverged`; `changed code`; `other machine`
(another CPU model, other versions or numerics than most runs of the same task and seed).
"""

import json
from collections import Counter
from pathlib import Path

import pandas as pd

from marvel.errors import InputError
from workflow.statistics.scores import DIVERGED

COLUMNS = ["method", "task", "seed", "kind", "why"]
ABSENT = ("not run", "failed", "unfinished", "refused")
MACHINE = ("cpu", "versions", "numerics")


def state_of(folder: Path) -> tuple[str, str] | None:
    """(kind, why) of a run or stage that was begun in a folder and left no rows; None where none was begun."""
    try:
        status = json.loads((folder / ".state" / "status.json").read_text(encoding="utf-8"))
        state, reached, reason = status.get("state"), status.get("round"), status.get("reason")
    except (OSError, ValueError, AttributeError):
        return None
    if state == "failed":
        return "failed", str(reason or "without a reason")
    if state in ("running", "stopped"):
        return "unfinished", "begun" if reached is None else f"begun; round {reached} was its last"
    return None


def why_absent(folder: Path, stages: list[Path]) -> tuple[str, str]:
    """(kind, why) of a planned run without progress.csv.

    Args:
        folder: of the run.
        stages: folders of the stages that it starts from, the first one first.
    """
    if (found := state_of(folder)) is not None:
        return found
    for stage in stages:
        if (found := state_of(stage)) is not None:
            return "not run", f"{stage} {found[0]}: {found[1]}" if found[0] == "failed" else f"{stage} is unfinished"
    return "not run", ""


def remarks(records: dict[tuple[str, str, int], dict], changed: dict[tuple[str, str, int], list[str]]) -> list[tuple]:
    """Rows for runs that are in the scores, with what is to be known of them.

    Args:
        records: {(method, task, seed): `record` of its run.json}.
        changed: {(method, task, seed): files of code that are no more what the run was made by}.
    """
    rows = []
    for run, record in records.items():
        if record.get("status") == DIVERGED:
            rows.append((*run, "diverged", f"in round {record.get('round')}: {record.get('reason', '')}".strip()))
        if run in changed:
            rows.append((*run, "changed code", ", ".join(changed[run])))
    return rows + _other_machines(records)


def _other_machines(records: dict[tuple[str, str, int], dict]) -> list[tuple]:
    """A row for each run that was made otherwise than most of its task and seed."""
    blocks: dict[tuple, dict] = {}
    for run, record in records.items():
        if any(key in record for key in MACHINE):
            made = tuple(json.dumps(record.get(key), sort_keys=True) for key in MACHINE)
            blocks.setdefault(run[1:], {})[run] = made
    rows = []
    for runs in blocks.values():
        usual = Counter(runs.values()).most_common(1)[0][0]
        for run, made in runs.items():
            if others := [key for key, here, most in zip(MACHINE, made, usual, strict=True) if here != most]:
                told = made[0].strip('"') if "cpu" in others else ""
                rows.append((*run, "other machine", f"other {', '.join(others)}{f': {told}' if told else ''}"))
    return rows


def read_missing(study: Path) -> pd.DataFrame:
    """missing.csv of a study; empty where there is none, as beside scores of earlier versions.

    Raises:
        InputError: It lacks a column.
    """
    path = study / "tables" / "missing.csv"
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS)
    table = pd.read_csv(path, keep_default_na=False)
    if lacking := [name for name in COLUMNS if name not in table]:
        raise InputError(f"{path} lacks the column(s) {', '.join(lacking)}; draw the study again.")
    return table


def absent(missing: pd.DataFrame) -> pd.DataFrame:
    """Those of the rows whose runs are not in the scores."""
    return missing[missing["kind"].isin(ABSENT)]
