"""The episodes of a study's runs: episodes.csv beside each progress.csv, which external results may leave out."""

from pathlib import Path

import pandas as pd

from marvel.errors import InputError
from workflow.statistics.scores import DIVERGED

COLUMNS = ["round", "kind", "steps", "return", "cost"]
KINDS = {"train", "eval"}


def read_episodes(runs: Path, scores: pd.DataFrame) -> pd.DataFrame:
    """All episodes of the runs that record them.

    Args:
        runs: folder with {method}/{task}/seed{seed}/episodes.csv.
        scores: rows of scores.csv; the runs to read, and their numbers of episodes.

    Returns:
        method, task, seed and `COLUMNS`, one row per episode in raw units; empty if no run has the file.

    Raises:
        InputError: a file lacks a column, has a kind of its own, an empty cell, or other training episodes than
            progress.csv counts.
    """
    frames = [pd.DataFrame(columns=["method", "task", "seed", *COLUMNS])]
    last = scores.groupby(["method", "task", "seed"], sort=False)[["episodes", "status"]].last()
    for (method, task, seed), run in last.iterrows():
        path = runs / method / task / f"seed{seed}" / "episodes.csv"
        if not path.is_file():
            continue
        rows = pd.read_csv(path)
        if missing := [name for name in COLUMNS if name not in rows]:
            raise InputError(f"{path} lacks the column(s) {', '.join(missing)}; it needs {', '.join(COLUMNS)}.")
        rows = rows[COLUMNS]
        if unknown := sorted(set(rows["kind"].astype(str)) - KINDS):
            raise InputError(f"{path} has an episode of kind {unknown[0]!r}; allowed are train and eval.")
        if rows.isna().to_numpy().any():
            raise InputError(f"{path} has an empty cell in row {int(rows.isna().any(axis=1).idxmax())}.")
        count = int((rows["kind"] == "train").sum())
        if count != run["episodes"] and run["status"] != DIVERGED:
            raise InputError(
                f"{path} has {count} training episodes, but progress.csv counts {run['episodes']}; run it again."
            )
        frames.append(rows.assign(method=method, task=task, seed=seed))
    return pd.concat(frames[1:], ignore_index=True) if len(frames) > 1 else frames[0]
