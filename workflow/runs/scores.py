"""Runs in, one tidy frame of scores out: a row per method, task, seed and round, in raw and in DSRL's units.

    python -m workflow.runs.scores --runs results/quick/runs --method marvel BallRun,CarRun 0,1,2 \
        --method warm_start BallRun 0,1 --out results/quick/scores.csv

Scores are normalised here and nowhere else. Tables and figures read this file alone.
"""

import argparse
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import pandas as pd

from marvel.errors import InputError
from marvel.files import write_atomically
from marvel.run.progress import read_progress
from marvel.run.record import code_hash
from marvel.run.spec import KEYS
from marvel.tasks import get_task
from marvel.values import check
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


@cache
def _current_hash(name: str) -> str | None:
    path = Path(name)
    return code_hash(path) if path.is_file() else None


def changed_files(spec: dict) -> list[str]:
    """Python files whose code differs from what the run, or a run it started from, recorded in run.json.

    Paths are relative to the repository root, where the scripts run; comments and docstrings do not count.
    """
    recorded = dict(spec.get("record", {}).get("code", {}))
    changed = {name for name, value in recorded.items() if _current_hash(name) != value}
    start = spec.get("start")
    if start and (origin := read_run_json(Path(start).parent / "run.json")) is not None:
        changed.update(changed_files(origin))
    return sorted(changed)


def code_warnings(changed: dict[tuple[str, str, int], list[str]]) -> list[str]:
    """One line per changed file: how many runs of which methods were made before the change."""
    runs: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (method, _, _), names in changed.items():
        for name in names:
            runs[name][method] += 1
    lines = []
    for name, methods in sorted(runs.items()):
        parts = ", ".join(f"{count} of {method}" for method, count in methods.items())
        total = sum(methods.values())
        lines.append(
            f"scores: warning: {name} changed since {total} run{'s were' if total > 1 else ' was'} made ({parts}); "
            "run them again to compare like with like."
        )
    return lines


def score_run(folder: Path, method: str, task: str, seed: int, cost_limit: float | None = None) -> pd.DataFrame:
    """The rows of one run with its identity and normalised scores.

    Args:
        folder: holds progress.csv and, unless the result is external, run.json.
        method: name of the method, as in the configuration.
        task: DSRL's short name.
        seed: the run's seed.
        cost_limit: the study's limit (cost per episode), for a run whose spec names none.

    Returns:
        (rounds, columns of `SCORES`).

    Raises:
        InputError: something is missing or contradicts itself, in one sentence.
    """
    spec = read_spec(folder / "run.json", method, task, seed)
    limit = spec.get("cost_limit", cost_limit)
    rows = read_progress(folder / "progress.csv", get_task(task).max_episode_steps, limit)
    if limit is None:
        raise InputError(f"{folder / 'run.json'} gives no cost_limit; add it there or pass --cost-limit.")
    check_output(folder, spec, "progress.csv")
    code = "external"
    if spec.get("record", {}).get("code"):
        code = "changed" if changed_files(spec) else "current"
    identity = {"method": method, "task": task, "seed": seed, "cost_limit": float(limit)}
    status = spec.get("record", {}).get("status", "")
    return normalized(rows.assign(**identity, start=start_kind(spec), code=code, status=status))


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
    frames, changed = [], {}
    for method, tasks, seeds in options.method:
        for task in tasks.split(","):
            for seed in map(int, seeds.split(",")):
                folder = options.runs / method / task / f"seed{seed}"
                frames.append(score_run(folder, method, task, seed, options.cost_limit))
                if frames[-1]["code"].iloc[0] == "changed":
                    changed[method, task, seed] = changed_files(read_spec(folder / "run.json", method, task, seed))
    for line in code_warnings(changed):
        print(line, file=sys.stderr)
    scores = pd.concat(frames, ignore_index=True)
    check_distinct(scores)
    write_atomically(options.out, scores.to_csv(index=False).encode())
    print(f"scores: {sum(map(len, frames))} rounds of {len(frames)} runs -> {options.out}")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"scores: {error}")
