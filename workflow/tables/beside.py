"""Our runs beside published curves: return and cost at given environment steps, as a Markdown table.

    python -m workflow.tables.beside --scores results/scratch/scores.csv --algorithm SAC-Lag \
        --published workflow/reference/fsrl_curves_read_by_eye.csv --steps 50000 100000
"""

import argparse
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from marvel.errors import InputError
from workflow.runs.scores import read_scores
from workflow.statistics.intervals import fresh, mean_interval

SUFFIXES = {"": 1, "k": 1000, "M": 1000000}


def count(text: str) -> int:
    """Environment steps written as in the published table: "100k" or "1.5M"; 0 for anything else, such as a range."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kM]?)", text)
    return round(float(found[1]) * SUFFIXES[found[2]]) if found else 0


def at(run: pd.DataFrame, steps: int, window: int) -> dict[str, float]:
    """One run's numbers at `steps`: means of the training episodes of the `window` steps before, and the evaluation.

    Args:
        run: (rounds, columns of scores.csv), one method, task and seed.
        steps: Environment steps.
        window: Environment steps.

    Raises:
        InputError: The run is shorter.
    """
    if run["env_steps"].max() < steps:
        raise InputError(f"a run ends at {run['env_steps'].max()} environment steps; ask for no more than that.")
    part = run[(run["env_steps"] > steps - window) & (run["env_steps"] <= steps)]
    evaluated = run[(run["env_steps"] <= steps) & run["eval_return"].notna()].iloc[-1]
    return {name: float(part[name].mean()) for name in ("train_return", "train_cost")} | {
        name: float(evaluated[name]) for name in ("eval_return", "eval_cost")
    }


def cell(values: np.ndarray) -> str:
    """`mean [low, high]` over seeds; the mean alone for one seed."""
    mean, low, high = mean_interval(values, fresh())
    return f"{mean:.1f}" if np.isnan(low) else f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def table(scores: pd.DataFrame, published: pd.DataFrame, steps: list[int], window: int) -> str:
    """The Markdown table: one row per task, method and number of steps.

    Args:
        scores: As made by scores.py.
        published: Columns env, env_steps, cost_limit, reward_approx; one algorithm.
        steps: Environment steps of the rows.
        window: As in `at`.
    """
    header = ["task", "env steps", "published return", "method", "n", "return", "cost", "eval return", "eval cost"]
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, [":--"] + ["--:"] * (len(header) - 1))]
    known = {
        (row["env"], count(str(row["env_steps"])), row["cost_limit"]): row["reward_approx"]
        for _, row in published.iterrows()
    }
    for task, of_task in scores.groupby("task", sort=False):
        for number in steps:
            for method, runs in of_task.groupby("method", sort=False):
                limit = runs["cost_limit"].iloc[0]
                values = pd.DataFrame([at(run, number, window) for _, run in runs.groupby("seed")])
                beside = known.get((task, number, limit))
                cells = [task, f"{number:,}", "–" if beside is None else f"{beside:g}", f"`{method}`", str(len(values))]
                cells += [cell(values[name].to_numpy()) for name in values]
                lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--published", type=Path, required=True)
    parser.add_argument("--algorithm", required=True, help="name in the published table, without remarks in brackets")
    parser.add_argument("--steps", type=int, nargs="+", required=True)
    parser.add_argument("--window", type=int, default=10000, help="training episodes of so many steps are averaged")
    options = parser.parse_args(arguments)
    published = pd.read_csv(options.published)
    published = published[published["algorithm"].str.replace(r" \(.*", "", regex=True) == options.algorithm]
    print(table(read_scores(options.scores), published, options.steps, options.window))


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"beside: {error}")
