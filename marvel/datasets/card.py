"""Cards of datasets: what a file holds, beside what DSRL's holds, as JSON, text and a picture; the command line of
`python -m marvel.datasets`.
"""

import argparse
import io
import itertools
import json
import os
import sys
from pathlib import Path

import numpy as np

from marvel.datasets.hdf5 import episodes, read
from marvel.datasets.mirrors import find
from marvel.datasets.validate import DSRL_NAME, FLAGS, as_task, guess_task, load
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
    """Read a file; returns its card and its arrays.

    The card is `describe`'s, with path, size, SHA-256, where the data came from and the number of clipped actions.

    Raises:
        ValueError: The file is faulty or its task cannot be told.
    """
    raw = load(path)
    task = as_task(task or guess_task(path, raw))
    clipped = int(np.count_nonzero(np.abs(raw["actions"]) > 1.0))
    arrays = read(path, task)
    size, digest = path.stat().st_size, file_hash(path)
    facts = {"file": str(path), "bytes": size, "sha256": digest, "made": origin(path), "clipped_actions": clipped}
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
        run = json.loads(record.read_text())
        kept = {key: run.get(key) for key in ("train", "seed", "options")}
        spent = {key: run.get("record", {}).get(key) for key in ("cpu_seconds", "commit")}
        return {"note": not_dsrl(run["train"])} | kept | spent
    if DSRL_NAME.match(path.resolve().name):
        return {"note": "named as DSRL's file, and its content keeps what that name promises"}
    return {"note": "a file of the user's"}


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
    line("made", facts["made"]["note"].split(":")[0])
    line("sha256", facts["sha256"])
    return "\n".join(lines)


def picture(facts: dict, arrays: dict[str, np.ndarray]) -> bytes:
    """Every episode's return against its cost, DSRL's ranges as a dashed frame; PNG, same card same bytes."""
    import matplotlib
    from matplotlib.figure import Figure

    cut = episodes(arrays)
    (low, high), (_, dear) = facts["dsrl"]["return_range"], facts["dsrl"]["cost_range"]
    with matplotlib.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(3.3, 2.7), layout="constrained", dpi=200)
        axes = figure.add_subplot()
        axes.scatter(cut.costs, cut.returns, s=6, color="#0072B2", alpha=0.4, linewidths=0)
        frame = ([0, dear, dear, 0, 0], [low, low, high, high, low])
        axes.plot(*frame, color="#555555", linestyle="--", linewidth=0.8, label="DSRL's ranges")
        axes.set(xlabel="episode cost", ylabel="episode return", ylim=(None, high + 0.17 * (high - low)))
        axes.set_title(
            f"{facts['task']}, {facts['episodes']:,} episodes: {facts['made']['note'].split(':')[0]}", fontsize=7
        )
        axes.legend(loc="upper left", frameon=False, fontsize=7)
        memory = io.BytesIO()
        figure.savefig(memory, format="png", metadata={"Software": None})
    return memory.getvalue()


def keep(facts: dict, arrays: dict[str, np.ndarray], folder: Path) -> None:
    """Write a card and its picture, card.json and scatter.png, into `folder`."""
    for name, content in (
        ("scatter.png", picture(facts, arrays)),
        ("card.json", (json.dumps(facts, indent=1) + "\n").encode()),
    ):
        temporary = folder / f".{name}.{os.getpid()}"
        temporary.write_bytes(content)
        os.replace(temporary, folder / name)


def link(source: Path, out: Path) -> None:
    """Make `out` a symbolic link to `source`, by one rename."""
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(source.resolve())
    os.replace(temporary, out)


def get(task: str, file: str | None, out: Path, with_card: bool = True) -> dict:
    """Find or download a task's dataset, check it, link `out` to it, keep its card there; returns the card."""
    source = Path(find(task, file)).resolve()
    facts, arrays = card(source, task)  # a faulty file raises before anything is linked
    link(source, out)
    if with_card:
        keep(facts, arrays, out.parent)
    return facts


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status, 1 if any file is faulty."""
    parser = argparse.ArgumentParser(prog="python -m marvel.datasets", description="Check, describe and get datasets.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("check", "print a card per file"),
        ("card", "print it and keep it, with a picture, beside the file"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("files", nargs="+", metavar="FILE", type=Path)
        command.add_argument("--task", help="the task that the files belong to; guessed otherwise")
    command = commands.add_parser("get", help="find or download a task's dataset, check it and link to it")
    command.add_argument("task", metavar="TASK")
    command.add_argument("--file", help="a file, or a folder to look in first")
    command.add_argument("--out", required=True, type=Path, metavar="DIR/dataset.hdf5")
    command.add_argument("--no-card", action="store_true", help="print the card without keeping it beside the link")
    options = parser.parse_args(arguments)
    status = 0
    for file in options.files if options.command != "get" else [None]:
        try:
            if options.command == "get":
                facts = get(options.task, options.file, options.out, not options.no_card)
            else:
                facts, arrays = card(file, options.task)
                if options.command == "card":
                    keep(facts, arrays, file.parent)
            print(show(facts))
        except ValueError as fault:
            print(f"error: {fault}", file=sys.stderr)
            status = 1
    return status
