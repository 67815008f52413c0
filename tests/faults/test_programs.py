"""Simulators and methods that fail in every way, each beside runs that do not."""

import re

import pytest
from studies import products

from faults import assert_goes_on, start, study

pytestmark = pytest.mark.slow
FAULTY = '''"""From scratch, with a fault until the file `mended` exists where Snakemake runs."""

import ctypes
import itertools
import os
import resource
import signal
import sys
from pathlib import Path

import numpy as np

from baselines import from_scratch


def train(context, hp, *, fault: str = "none"):
    """One fault, in round 2 where it is one of the simulator."""
    rows = from_scratch.train(context, hp)
    if Path("mended").exists():
        yield from rows
        return
    simulator, step = context.env.simulator, context.env.simulator.step

    def broken(action):
        if context.round != 2:
            return step(action)
        if fault == "segfault":
            ctypes.string_at(0)
        if fault == "raises":
            raise RuntimeError("the physics engine lost its body")
        if fault == "nan":
            return *step(action)[:2], float("nan"), False
        if fault == "memory":
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            resource.setrlimit(resource.RLIMIT_AS, (resource.getpagesize() * pages + 2**26, resource.RLIM_INFINITY))
            kept = [np.ones(2**20) for _ in range(1000)]
        if fault == "killed":  # as the kernel does where memory runs out
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "exits":
            sys.exit(0)
        if fault == "vanishes":  # a library that ends the process, with the status of success
            os._exit(0)
        return step(action)

    simulator.step = broken
    if fault == "nothing":
        return
    for number, row in enumerate(rows):
        if fault == "early" and number == 3:
            return
        yield {"reward": 1.0} if fault == "columns" and number == 2 else row
'''
SAID = {  # what the study's output says of each
    "segfault": "Segmentation fault",
    "raises": "RuntimeError: the physics engine lost its body",
    "nan": r"error: the simulator of Toy gave the cost nan in step \d+ of the episode with seed \d+; no run can",
    "memory": "error: memory does not fit into this machine's memory .*; lower hidden_units, batch_size or the budget",
    "killed": "Killed",
    "exits": r"error: exits ended the process by itself \(exit code 0\).",
    "vanishes": "(?s)Missing files after .*runs/vanishes/Toy/seed0/progress.csv",
    "nothing": "error: nothing yielded no row; row 0 is the policy before any training.",
    "early": r"error: early ends at 360 env_steps, but its budget is 600|error: early stopped in round \d+, before all",
    "columns": "error: columns, row 2 lacks the column",
}


def test_each_fault_is_told_stops_no_other_run_and_once_mended_all_go_on(copied, undisturbed):
    (copied.folder / "baselines" / "faulty.py").write_text(FAULTY)
    config = study()
    sound = dict(config["methods"])
    faulty = {name: {"train": "baselines.faulty", "start": "scratch", "fault": name} for name in SAID}
    config["methods"] = sound | faulty
    process = start(copied, config)
    assert process.wait(timeout=600) == 1
    output, runs = (copied.folder / "output.txt").read_text(), copied.folder / "results" / "toy" / "runs"
    assert [name for name, words in SAID.items() if not re.search(words, output)] == [], output
    for name in SAID:
        assert f"results/toy/runs/{name}/Toy/seed0" in output  # the command that failed, or the file that is missing
    assert {path.parts[-4] for path in runs.glob("*/*/seed0/run.json")} == set(sound)
    assert not (runs.parent / "scores.csv").exists()

    redraw = copied.module("workflow.redraw", "config.yaml")
    assert redraw.returncode == 0, redraw.stdout
    missing = (runs.parent / "tables" / "missing.csv").read_text()
    assert all(f"{name},Toy,0," in missing for name in SAID) and "the simulator of Toy gave the cost nan" in missing

    (copied.folder / "mended").touch()
    result = copied.run(config)
    assert result.returncode == 0, result.stdout
    for name in ("progress.csv", "episodes.csv"):
        whole = (runs / "from_scratch/Toy/seed0" / name).read_bytes()
        assert [other for other in SAID if (runs / other / "Toy/seed0" / name).read_bytes() != whole] == []

    (copied.folder / "mended").unlink()
    config["methods"] = sound  # the study without them is the undisturbed one
    assert_goes_on(copied, config, undisturbed | runs_of(copied, SAID))


def runs_of(copied, methods) -> dict[str, bytes]:
    """Products of some methods' runs."""
    folders = tuple(f"toy/runs/{name}/" for name in methods)
    return {path: content for path, content in products(copied.folder).items() if path.startswith(folders)}
