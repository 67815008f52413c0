"""Folders of runs that nobody ran, with every number in sight, for what reads runs."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from marvel.run.progress import COLUMNS, COUNTS
from workflow.runs import scores
from workflow.tables.__main__ import main as draw_tables

METHODS = ["marvel", "warm_start", "offline_only"]


def progress(returns: list[float], costs: list[float], limit: float = 20.0, steps: int = 100) -> pd.DataFrame:
    """progress.csv of a run with one episode per round, plus row 0 (evaluated, as is the last row)."""
    rounds = np.arange(len(returns) + 1)
    trained = np.array([np.nan, *costs])
    frame = pd.DataFrame({name: np.full(len(rounds), np.nan) for name in COLUMNS})
    for name, each in zip(COUNTS, (1, 1, steps, 4), strict=True):
        frame[name] = rounds * each
    frame["train_return"], frame["train_cost"] = [np.nan, *returns], trained
    frame["train_violations"] = np.cumsum(trained > limit)
    frame["cumulative_cost"] = np.nancumsum(trained)
    for row in {0, len(rounds) - 1}:
        frame.loc[row, ["eval_return", "eval_cost", "eval_return_std", "eval_cost_std", "eval_episodes"]] = [
            500.0 + 10 * row,
            10.0,
            1.0,
            1.0,
            5,
        ]
    frame.loc[1:, ["multiplier", "reward_q", "cost_q"]] = 0.1
    return frame.astype(dict.fromkeys(COUNTS, int))


def write_run(root: Path, method: str, task: str, seed: int, frame: pd.DataFrame, **spec) -> Path:
    """A run's folder with progress.csv and run.json."""
    folder = root / method / task / f"seed{seed}"
    folder.mkdir(parents=True)
    frame.to_csv(folder / "progress.csv", index=False)
    spec = {"method": method, "task": task, "seed": seed, "cost_limit": 20.0, "start": None, "record": {}, **spec}
    (folder / "run.json").write_text(json.dumps(spec))
    return folder


def write_study(root: Path) -> Path:
    """Three methods and seeds on BallRun; marvel ends feasible, warm_start does not, offline_only has row 0 alone."""
    for seed in range(3):
        safe = progress([100.0 + seed] * 8 + [400.0, 600.0 + seed], [90.0, 50.0, 30.0, 10.0, 25.0] + [5.0] * 5)
        unsafe = progress([800.0] * 10, [90.0] * 10)
        unsafe.loc[1:, "reward_q"] = seed
        write_run(root / "runs", "marvel", "BallRun", seed, safe, start="r/prealigned/vpa/cpq/BallRun/seed0/c.pt")
        write_run(root / "runs", "warm_start", "BallRun", seed, unsafe, start="r/offline/cpq/BallRun/seed0/c.pt")
        write_run(root / "runs", "offline_only", "BallRun", seed, progress([], []))
    return root


def score(study: Path, methods: list[str] = METHODS) -> pd.DataFrame:
    out = study / "scores.csv"
    runs = " ".join(f"--method {method} BallRun 0,1,2" for method in methods)
    scores.main(f"--runs {study / 'runs'} {runs} --out {out}".split())
    return scores.read_scores(out)


def tables(study: Path, *names: str, out: Path | None = None) -> Path:
    """Make tables of a study's scores.csv; returns their folder."""
    out = out or study / "tables"
    draw_tables([*names, "--scores", str(study / "scores.csv"), "--out-dir", str(out)])
    return out
