"""Cards of datasets: what a file holds, beside what DSRL's holds, as JSON, text and a picture."""

import io
import itertools
import json
import os
from pathlib import Path

import numpy as np

from marvel.datasets.arrays import FLAGS, episodes
from marvel.datasets.hdf5 import load
from marvel.datasets.header import check_file
from marvel.datasets.plausibility import share_that_follows, warnings_of
from marvel.datasets.validate import DSRL_NAME, as_task, audit, guess_task, task_in_name
from marvel.errors import InputError
from marvel.files import file_hash
from marvel.tasks import Task

COLLECTORS = {
    "marvel.datasets.collect": "this project's own expert",
    "marvel.datasets.metadrive_driver": "MetaDrive's own driver at speeds drawn by this project",
}


def describe(arrays: dict[str, np.ndarray], task: Task) -> dict:
    """Counts, ranges, ends, and the best return in each eighth of DSRL's cost range."""
    cut = episodes(arrays)
    edges = np.linspace(0.0, task.max_cost, 9)
    eighth = np.clip(np.searchsorted(edges, cut.costs, side="right") - 1, 0, 8)
    eighth[cut.costs == task.max_cost] = 7
    rows = []
    for index, (low, high) in enumerate(itertools.pairwise(edges)):
        returns = cut.returns[eighth == index]
        best = round(float(returns.max()), 3) if len(returns) else None
        rows.append({"cost": [float(low), float(high)], "episodes": len(returns), "best_return": best})
    lengths = cut.stops - cut.starts
    return {
        "task": task.name,
        "episodes": len(cut.stops),
        "steps": len(arrays["rewards"]),
        "episode_steps": [int(lengths.min()), int(lengths.max())],
        "return_range": [round(float(cut.returns.min()), 3), round(float(cut.returns.max()), 3)],
        "cost_range": [round(float(cut.costs.min()), 3), round(float(cut.costs.max()), 3)],
        "ends": {key: int(np.count_nonzero(arrays[key])) for key in FLAGS},
        "eighths": rows,
        "eighths_occupied": sum(row["episodes"] > 0 for row in rows),
        "dsrl": {
            "file": task.dataset_file,
            "episodes": task.dataset_episodes,
            "return_range": [task.min_return, task.max_return],
            "cost_range": [task.min_cost, task.max_cost],
        },
    }


def card(path: Path, task: Task | str | None = None) -> tuple[dict, dict[str, np.ndarray]]:
    """Read a file; returns its card and its arrays, as `read` gives them.

    The card is `describe`'s, with path, size, SHA-256, where the data came from, the number of clipped actions, the
    share of next observations that are the following row's observation (within episodes), and warnings.

    Raises:
        InputError: The file is faulty or its task cannot be told.
    """
    check_file(path)
    task = task_in_name(path) if task is None else as_task(task)
    arrays = load(path, task)
    task = task or guess_task(path, arrays)
    audit(path, arrays, task)
    facts = {"file": str(path), "bytes": path.stat().st_size, "sha256": file_hash(path), "made": origin(path)}
    facts |= {
        "clipped_actions": int(np.count_nonzero(np.abs(arrays["actions"]) > 1.0)),
        "next_observations_follow": share_that_follows(arrays),
        "warnings": warnings_of(arrays, task),
    }
    np.clip(arrays["actions"], -1.0, 1.0, out=arrays["actions"])
    return facts | describe(arrays, task), arrays


def not_dsrl(train: str) -> str:
    """What a card says of data that the collector `train` made."""
    return (
        f"DSRL-style, not DSRL: collected from the simulator by {COLLECTORS.get(train, train)}; like DSRL's in schema, "
        "cost range and return range, unlike it in who acted, in the number of episodes and in how varied the actions "
        "are."
    )


def origin(path: Path) -> dict:
    """How a file came to be: the collector's record beside it, DSRL's own name, or unknown."""
    record = path.with_name("run.json")
    if path.name == "dataset.hdf5" and record.exists() and not path.is_symlink():
        run = _record(record)
        kept = {key: run.get(key) for key in ("train", "seed", "options")}
        spent = {key: run.get("record", {}).get(key) for key in ("cpu_seconds", "commit")}
        return {"note": not_dsrl(run["train"])} | kept | spent
    if DSRL_NAME.match(os.path.basename(os.path.realpath(path))):
        return {"note": "named as DSRL's file, and its content keeps what that name promises"}
    return {"note": "a file of the user's"}


def _record(path: Path) -> dict:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(run["train"], str) and isinstance(run.get("record", {}), dict):
            return run
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise InputError(
        f"{path} is not a collector's record, yet lies beside dataset.hdf5; move it or rename the dataset."
    )


def show(facts: dict) -> str:
    """A card as text, DSRL's values beside the file's."""
    dsrl, lines = facts["dsrl"], [f"{facts['file']}: {facts['task']}"]

    def line(name, ours, theirs=""):
        lines.append(f"  {name:<10} {ours:<34} {theirs}".rstrip())

    line("", "this file", "DSRL's")
    line("episodes", f"{facts['episodes']:,}", f"{dsrl['episodes']:,}")
    shortest, longest = facts["episode_steps"]
    line("steps", f"{facts['steps']:,} ({shortest} to {longest} an episode)")
    for name in ("return", "cost"):
        line(name, *("{:.1f} to {:.1f}".format(*side[f"{name}_range"]) for side in (facts, dsrl)))
    line("ends", ", ".join(f"{n:,} {key}" for key, n in facts["ends"].items()))
    for row in facts["eighths"]:
        best = f"{row['episodes']:,} episodes, best return {row['best_return']:.1f}" if row["episodes"] else "none"
        line("cost", "{:g} to {:g}: ".format(*row["cost"]) + best)
    line("clipped", f"{facts['clipped_actions']:,} action values lay beyond [-1, 1]")
    if (share := facts["next_observations_follow"]) is not None:
        line("next", f"{share:.1%} of the next observations within episodes are the following row's observation")
    line("made", facts["made"]["note"].split(":")[0])
    line("sha256", facts["sha256"])
    for warning in facts["warnings"]:
        line("warning", warning)
    return "\n".join(lines)


def picture(facts: dict, arrays: dict[str, np.ndarray]) -> bytes:
    """Every episode's return against its cost, DSRL's ranges as a dashed frame; PNG, same card same bytes."""
    os.environ["MPLBACKEND"] = "agg"  # matplotlib refuses to be imported where it names a backend that is not installed
    import matplotlib
    from matplotlib.figure import Figure

    cut = episodes(arrays)
    (low, high), (_, largest) = facts["dsrl"]["return_range"], facts["dsrl"]["cost_range"]
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever the user's own settings say
        matplotlib.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
        figure = Figure(figsize=(3.3, 2.7), layout="constrained", dpi=200)
        axes = figure.add_subplot()
        axes.scatter(cut.costs, cut.returns, s=6, color="#0072B2", alpha=0.4, linewidths=0)
        frame = ([0, largest, largest, 0, 0], [low, low, high, high, low])
        axes.plot(*frame, color="#555555", linestyle="--", linewidth=0.8, label="DSRL's ranges")
        axes.set(xlabel="episode cost", ylabel="episode return", ylim=(None, high + 0.17 * (high - low)))
        axes.set_title(
            f"{facts['task']}, {facts['episodes']:,} episodes: {facts['made']['note'].split(':')[0]}", fontsize=7
        )
        axes.legend(loc="upper left", frameon=False, fontsize=7)
        memory = io.BytesIO()
        figure.savefig(memory, format="png", metadata={"Software": None})
    return memory.getvalue()
