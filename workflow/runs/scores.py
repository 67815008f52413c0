"""Runs in, one tidy frame of scores out: a row per method, task, seed and round, in raw and in DSRL's units.

    python -m workflow.runs.scores --runs results/quick/runs --method marvel BallRun,CarRun 0,1,2 \
        --method warm_start BallRun 0,1 --out results/quick/scores.csv

Scores are normalised here and nowhere else. Tables and figures read this file alone.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from marvel.errors import InputError
from marvel.files import write_atomically
from marvel.run.progress import COLUMNS, read_columns
from marvel.run.spec import KEYS
from marvel.tasks import get_task
from marvel.values import check
from workflow.runs.changed import changed_files, code_warnings
from workflow.runs.missing import COLUMNS as LISTED
from workflow.runs.missing import absent, remarks, why_absent
from workflow.runs.run_json import check_output, read_run_json
from workflow.statistics.scores import SCORES, check_distinct, normalized

STARTS = ("prealigned", "offline", "scratch")


def read_spec(path: Path, method: str, task: str, seed: int) -> dict:
    """Read run.json and check that it belongs to the folder it lies in; an absent file gives an empty spec.

    Raises:
        InputError: see `read_run_json`, or it names another method, task or seed.
    """
    spec = read_run_json(path) or {}
    for key, wanted in (("method", method), ("task", task), ("seed", seed)):
        if key in spec and spec[key] != wanted:
            raise InputError(f"{path} says {key} {spec[key]!r}, but its folder is that of {key} {wanted!r}.")
    return spec


def start_kind(spec: dict) -> str:
    """What a run started from: `prealigned`, `offline` or `scratch`; empty where the spec does not say."""
    if "start" not in spec:
        return ""
    if spec["start"] is None:
        return "scratch"
    return next((part for part in reversed(Path(spec["start"]).parts) if part in STARTS), "")


def read_run(folder: Path, method: str, task: str, seed: int, cost_limit: float | None = None) -> tuple[dict, dict]:
    """One run's spec and rows.

    Args:
        folder: holds progress.csv and, unless the result is external, run.json.
        method: name of the method, as in the configuration.
        task: DSRL's short name.
        seed: the run's seed.
        cost_limit: the study's limit (cost per episode), for a run whose spec names none.

    Returns:
        The spec, with its cost limit filled in, and {column of progress.csv: (rounds,)}.

    Raises:
        InputError: something is missing or contradicts itself, in one sentence.
    """
    spec = read_spec(folder / "run.json", method, task, seed)
    limit = spec.get("cost_limit", cost_limit)
    rows = read_columns(folder / "progress.csv", get_task(task).max_episode_steps, limit)
    if limit is None:
        raise InputError(f"{folder / 'run.json'} gives no cost_limit; add it there or pass --cost-limit.")
    check_output(folder, spec, "progress.csv")
    return spec | {"cost_limit": float(limit)}, rows


def score_run(folder: Path, method: str, task: str, seed: int, cost_limit: float | None = None) -> pd.DataFrame:
    """The rows of one run with its identity and normalised scores, columns `SCORES`; see `read_run`."""
    run = (method, task, seed)
    spec, rows = read_run(folder, *run, cost_limit)
    return frame_of({run: (spec, rows, changed_files(spec, folder.parents[3]))})


def frame_of(runs: dict[tuple[str, str, int], tuple[dict, dict, list[str]]]) -> pd.DataFrame:
    """scores.csv of runs.

    Args:
        runs: {(method, task, seed): (spec, rows, changed files)}, the first two as returned by `read_run`.

    Returns:
        Columns `SCORES`, the runs in their order.
    """
    lengths = [len(rows["round"]) for _, rows, _ in runs.values()]
    told = {name: [] for name in ("method", "task", "seed", "cost_limit", "start", "code", "status")}
    for run, (spec, _, changed) in runs.items():
        record = spec.get("record", {})
        code = ("changed" if changed else "current") if record.get("code") else "external"
        values = (*run, spec["cost_limit"], start_kind(spec), code, record.get("status", ""))
        for column, value in zip(told.values(), values, strict=True):
            column.append(value)
    frame = pd.DataFrame(told).loc[np.repeat(np.arange(len(lengths)), lengths)].reset_index(drop=True)
    for name in COLUMNS:
        frame[name] = np.concatenate([rows[name] for _, rows, _ in runs.values()])
    parts = [normalized(part) for _, part in frame.groupby(["task", "cost_limit"], sort=False)]
    return pd.concat(parts).sort_index()


def score_runs(
    runs: Path,
    planned: Iterable[tuple[str, str, int]],
    cost_limit: float | None = None,
    stages: dict[tuple[str, str, int], list[Path]] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The scores of a study.

    Args:
        runs: folder with {method}/{task}/seed{seed}/progress.csv.
        planned: (method, task, seed) of all runs.
        cost_limit: the study's, for results whose run.json names none.
        stages: {run: folders of the stages it starts from}; where given, runs that are missing or cannot be read are
            left out of the scores and named in missing.csv with the reason.

    Returns:
        scores.csv, missing.csv, and a warning for each file of code that has changed since runs were made.

    Raises:
        InputError: two seeds are copies; there is no run; without `stages`, a run is missing or cannot be read.
    """
    found, rows, changed, known = {}, [], {}, {}
    for run in planned:
        folder = runs / run[0] / run[1] / f"seed{run[2]}"
        if stages is not None and not (folder / "progress.csv").exists():
            rows.append((*run, *why_absent(folder, stages.get(run, []))))
            continue
        try:
            spec, columns = read_run(folder, *run, cost_limit)
        except InputError as reason:
            if stages is None:
                raise
            rows.append((*run, "refused", str(reason).replace(f"{folder}/", "")))
            continue
        files = changed_files(spec, runs.parent, known)
        found[run] = spec, columns, files
        if files:
            changed[run] = files
    if not found:
        raise InputError(f"{runs} holds none of the {len(rows)} runs that the study plans; run it first.")
    scores = frame_of(found)
    check_distinct(scores)
    rows += remarks({run: spec.get("record", {}) for run, (spec, _, _) in found.items()}, changed)
    return scores, pd.DataFrame(rows, columns=LISTED), code_warnings(changed)


def write_scores(out: Path, scores: pd.DataFrame, missing: pd.DataFrame) -> None:
    """Write scores.csv and tables/missing.csv beside it, and say what they hold."""
    write_atomically(out, scores.to_csv(index=False).encode())
    write_atomically(out.parent / "tables" / "missing.csv", missing.to_csv(index=False).encode())
    left_out, there = len(absent(missing)), len(scores[["method", "task", "seed"]].drop_duplicates())
    told = f"; {left_out} of {there + left_out} planned are missing" if left_out else ""
    print(f"scores: {len(scores)} rounds of {there} runs{told} -> {out}")


def read_scores(path: Path) -> pd.DataFrame:
    """Read a scores.csv back; one from before runs had a status has empty ones.

    Raises:
        InputError: the file does not exist, lacks a column or holds a seed twice under two numbers.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; make it with `python -m workflow.runs.scores`.")
    frame = pd.read_csv(path, float_precision="round_trip", keep_default_na=False, na_values=[""])
    if "status" not in frame:
        frame.insert(frame.columns.get_loc("code") + 1 if "code" in frame else 0, "status", "")
    missing = [name for name in SCORES if name not in frame]
    if missing:
        raise InputError(f"{path} lacks the column(s) {', '.join(missing)}; make it again.")
    frame["status"] = frame["status"].fillna("")
    check_distinct(frame)
    return frame


def write_files(folder: Path, texts: dict[str, str]) -> None:
    """Write {name: text} to a folder, each file whole or not at all, and print the paths."""
    for name, text in texts.items():
        write_atomically(folder / name, text.encode())
        print(folder / name)


def main(arguments: list[str] | None = None) -> None:
    """Score every run of a study and warn about code that changed since."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=Path, required=True, help="folder with {method}/{task}/seed{seed}/progress.csv")
    words = {"nargs": 3, "metavar": ("METHOD", "TASKS", "SEEDS"), "help": "its runs, tasks and seeds with commas"}
    parser.add_argument("--method", action="append", required=True, **words)
    parser.add_argument("--cost-limit", type=float, help="the study's limit, for results whose run.json names none")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    if options.cost_limit is not None:
        check(KEYS["cost_limit"], options.cost_limit, "--cost-limit")
    planned = [
        (method, task, int(seed))
        for method, tasks, seeds in options.method
        for task in tasks.split(",")
        for seed in seeds.split(",")
    ]
    scores, missing, warnings = score_runs(options.runs, planned, options.cost_limit)
    for line in warnings:
        print(line, file=sys.stderr)
    write_scores(options.out, scores, missing)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"scores: {error}")
