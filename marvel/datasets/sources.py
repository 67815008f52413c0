"""Where a study's datasets come from: the choices of `dataset: {source: ...}` in a config.

A further source is a program, run as `python -m`, that makes `dataset.hdf5` for a task (one file), and an entry of
`SOURCES` that says how to call it. Nothing here imports more than the standard library: the workflow reads this module
for every job.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from marvel.errors import InputError
from marvel.tasks import get_task


def no_collector(task: str) -> None:
    """For a source that plays no simulator."""


def never_missing(task: str, section: dict) -> None:
    """For a source that needs nothing from outside."""


@dataclass(frozen=True)
class Source:
    """One way to have a task's dataset.

    Attributes:
        command: (task, the config's `dataset` section, folder, options) -> arguments of a `python -m` that writes
            `dataset.hdf5` and `outputs` into the folder; `options` are those of the collector, {} without one.
        outputs: Names of the files that it writes beside `dataset.hdf5`.
        missing: (task, section) -> one sentence why the dataset cannot be had, told before any job starts, or None.
        collector: (task) -> module whose function `train` plays the simulator for the data, or None.
    """

    command: Callable[[str, dict, str, dict], list[str]]
    outputs: tuple[str, ...] = ()
    missing: Callable[[str, dict], str | None] = never_missing
    collector: Callable[[str], str | None] = no_collector


def get_command(task: str, section: dict, out: str, options: dict) -> list[str]:
    """Find or download DSRL's file and link to it; `files` of the section names another file or a folder."""
    given = section.get("files", {}).get(task)
    command = ["marvel.datasets", "get", task, "--no-card", "--out", f"{out}/dataset.hdf5"]
    return command + (["--file", given] if given else [])


def not_found(task: str, section: dict) -> str | None:
    """Why neither this machine nor a mirror has the task's file; None if one has it."""
    from marvel.datasets.mirrors import find

    try:
        find(task, section.get("files", {}).get(task), ask_only=True)
    except InputError as error:
        return str(error)
    return None


def collector(task: str) -> str:
    """The module that collects a task's data from its simulator."""
    return "marvel.datasets.metadrive_driver" if get_task(task).suite == "metadrive" else "marvel.datasets.collect"


def collect_command(task: str, section: dict, out: str, options: dict) -> list[str]:
    """A run of the task's collector; `seed` of the section seeds it."""
    spec = {"method": "collect", "stage": "dataset", "train": collector(task), "task": task, "cost_limit": None}
    spec |= {"seed": section.get("seed", 0), "options": options}
    return ["marvel.run", json.dumps(spec, sort_keys=True), "--out", out]


SOURCES = {
    "dsrl": Source(get_command, missing=not_found),
    "collect": Source(collect_command, outputs=("progress.csv", "episodes.csv", "run.json"), collector=collector),
}
