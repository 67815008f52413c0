"""Offline datasets in DSRL's HDF5 schema: find, check, read, write, describe.

    python -m marvel.datasets check FILE... [--task TASK]      a card per file; exit status 1 if one is faulty
    python -m marvel.datasets get TASK [--file PATH] --out DIR/dataset.hdf5

Schema (Liu et al. 2023, DSRL): seven arrays whose first axis is the environment step, episodes one after another.
`observations`, `next_observations` (steps, observation_dim), `actions` (steps, action_dim), `rewards`, `costs` (steps,)
are float32; `terminals`, `timeouts` (steps,) are bool and mark an episode's last step.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from marvel.audit import FLAGS, FLOATS, SCHEMA, as_task, audit, guess_task, load
from marvel.mirrors import find as find
from marvel.mirrors import locate as locate
from marvel.tasks import Task


class Episodes(NamedTuple):
    """Where a dataset's episodes lie and what they earned; each field has shape (episodes,)."""

    starts: np.ndarray  # first row
    stops: np.ndarray  # one past the last row
    returns: np.ndarray  # undiscounted sum of rewards
    costs: np.ndarray  # undiscounted sum of costs


def episodes(arrays: dict[str, np.ndarray]) -> Episodes:
    """Cut a dataset into its episodes: one ends at every row where `terminals` or `timeouts` is set."""
    stops = np.flatnonzero(np.asarray(arrays["terminals"], bool) | np.asarray(arrays["timeouts"], bool)) + 1
    starts = np.concatenate(([0], stops[:-1])).astype(np.int64)[: len(stops)]
    if not len(stops):
        return Episodes(starts, stops, np.zeros(0), np.zeros(0))
    returns, costs = (
        np.add.reduceat(np.asarray(arrays[k], np.float64)[: stops[-1]], starts) for k in ("rewards", "costs")
    )
    return Episodes(starts, stops, returns, costs)


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(path: str | Path, task: Task | str) -> dict[str, np.ndarray]:
    """Read and audit a DSRL-schema file.

    Actions beyond [-1, 1] are clipped in Bullet tasks, where DSRL stored the policy's raw output and the simulator
    clipped it (DSRL issue 5: BallCircle, CarCircle and DroneCircle among others); elsewhere they are a fault.

    Args:
        path: The HDF5 file.
        task: The task that it must belong to.

    Returns:
        The seven arrays of the schema, float32 and bool, steps on the first axis.

    Raises:
        ValueError: One sentence that names the file, what is wrong, what was allowed and what to do.
    """
    path, task = Path(path), as_task(task)
    arrays = load(path)
    audit(path, arrays, task)
    np.clip(arrays["actions"], -1.0, 1.0, out=arrays["actions"])
    return arrays


def write(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a DSRL-schema file: whole or not at all, and the same arrays give the same bytes.

    Raises:
        ValueError: An array of the schema is missing or another is there.
    """
    path = Path(path)
    if odd := set(arrays) ^ set(SCHEMA):
        raise ValueError(f"{path}: a dataset holds exactly {', '.join(SCHEMA)}; add or drop {', '.join(sorted(odd))}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with h5py.File(temporary, "w") as file:
            for key in sorted(arrays):
                data = np.asarray(arrays[key], dtype=np.float32 if key in FLOATS else bool)
                file.create_dataset(key, data=data, compression="gzip", shuffle=True, track_times=False)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def describe(arrays: dict[str, np.ndarray], task: Task) -> dict:
    """Card of a dataset: counts, ranges, ends, and the best return in each eighth of DSRL's cost range."""
    cut = episodes(arrays)
    edges = np.linspace(0.0, task.max_cost, 9)
    eighth = np.clip(np.searchsorted(edges, cut.costs, side="right") - 1, 0, 8)
    eighth[cut.costs == task.max_cost] = 7
    rows = [cut.returns[eighth == i] for i in range(8)]
    lengths = cut.stops - cut.starts
    return {
        "task": task.name,
        "episodes": len(cut.stops),
        "steps": len(arrays["rewards"]),
        "episode_steps": [int(lengths.min()), int(lengths.max())],
        "return_range": [round(float(cut.returns.min()), 3), round(float(cut.returns.max()), 3)],
        "cost_range": [round(float(cut.costs.min()), 3), round(float(cut.costs.max()), 3)],
        "ends": {key: int(np.count_nonzero(arrays[key])) for key in FLAGS},
        "eighths": [
            {
                "cost": [float(edges[i]), float(edges[i + 1])],
                "episodes": len(r),
                "best_return": float(r.max()) if len(r) else None,
            }
            for i, r in enumerate(rows)
        ],
        "dsrl": {
            "file": task.dataset_file,
            "episodes": task.dataset_episodes,
            "return_range": [task.min_return, task.max_return],
            "cost_range": [task.min_cost, task.max_cost],
        },
    }


def card(path: str | Path, task: Task | str | None = None) -> dict:
    """Read a file and `describe` it, with its path, size, SHA-256 and the number of actions that were clipped."""
    path = Path(path)
    raw = load(path)
    task = as_task(task or guess_task(path, raw))
    clipped = int(np.count_nonzero(np.abs(raw["actions"]) > 1.0))
    arrays = read(path, task)
    facts = {"file": str(path), "bytes": path.stat().st_size, "sha256": sha256(path), "clipped_actions": clipped}
    return {**facts, **describe(arrays, task)}


def show(facts: dict) -> str:
    """A card as text, DSRL's values beside ours."""
    dsrl, lines = facts["dsrl"], [f"{facts['file']}: {facts['task']}"]

    def line(name, ours, theirs=""):
        lines.append(f"  {name:<10} {ours:<34} {theirs}".rstrip())

    line("", "this file", "DSRL's")
    line("episodes", f"{facts['episodes']:,}", f"{dsrl['episodes']:,}")
    shortest, longest = facts["episode_steps"]
    line("steps", f"{facts['steps']:,} ({shortest} to {longest} an episode)")
    for name in ("return", "cost"):
        line(name, *("{:.1f} to {:.1f}".format(*card[f"{name}_range"]) for card in (facts, dsrl)))
    line("ends", ", ".join(f"{n:,} {key}" for key, n in facts["ends"].items()))
    for row in facts["eighths"]:
        best = (
            "none"
            if row["best_return"] is None
            else f"{row['episodes']:,} episodes, best return {row['best_return']:.1f}"
        )
        line("cost", "{:g} to {:g}: ".format(*row["cost"]) + best)
    line("clipped", f"{facts['clipped_actions']:,} action values lay beyond [-1, 1]")
    line("sha256", facts["sha256"])
    return "\n".join(lines)


def link(source: Path, out: Path) -> None:
    """Make `out` a symbolic link to `source`, by one rename."""
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(source.resolve())
    os.replace(temporary, out)


def main(arguments: list[str] | None = None) -> int:
    """The command line of this module; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m marvel.datasets", description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="print a card per file")
    check.add_argument("files", nargs="+", metavar="FILE")
    check.add_argument("--task", help="the task that the files belong to; guessed otherwise")
    get = commands.add_parser("get", help="find or download a task's dataset, check it and link to it")
    get.add_argument("task", metavar="TASK")
    get.add_argument("--file", help="a file, or a folder to look in first")
    get.add_argument("--out", required=True, type=Path, metavar="DIR/dataset.hdf5")
    options = parser.parse_args(arguments)
    status = 0
    for file in options.files if options.command == "check" else [None]:
        try:
            if options.command == "check":
                print(show(card(file, options.task)))
                continue
            source = find(options.task, options.file)
            facts = card(source, options.task)
            link(source, options.out)
            text = json.dumps({**facts, "file": str(source.resolve())}, indent=2) + "\n"
            options.out.with_name("card.json").write_text(text)
            print(show(facts))
        except ValueError as fault:
            print(fault, file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
