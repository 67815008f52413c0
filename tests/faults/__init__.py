"""Faults that are really done to a study (`./run test-faults`): what all of them need.

The study takes some twenty seconds and goes through every stage: a dataset is collected, a policy trained on it and
pre-aligned, three methods run from these, tables, figures and the page are drawn. After each fault the same command
must go on, and what it ends with is compared, byte for byte, with a study that nobody disturbed.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from studies import Copy, descendants, environment, products, toy_config

METHODS = ("marvel", "warm_start", "from_scratch")
STAGES = ("dataset", "pretrain", "prealign", "finetune", "reports")
FOLDERS = {"dataset": "data", "pretrain": "offline", "prealign": "prealigned", "finetune": "runs"}
BASE = Path("results") / "toy"


def study(**changes) -> dict:
    """The config."""
    config = toy_config(Path("unused"), seeds=[0])
    config["dataset"] = {"source": "collect", "collect": {"steps": 300, "rollout_steps": 300, "batch_size": 16}}
    config["methods"] = {name: config["methods"][name] for name in METHODS}
    return config | changes


STARTED: list[subprocess.Popen] = []  # by `start`; what a failed test leaves running is ended after it


class Job(NamedTuple):
    """A process that works on a job."""

    pid: int
    stage: str  # one of STAGES


def start(copied: Copy, config: dict, *words: str, log: str = "output.txt") -> subprocess.Popen:
    """Start Snakemake in a process group of its own, in which Ctrl-C is not ignored; output goes to a file."""
    with open(copied.folder / log, "w") as output:
        process = subprocess.Popen(
            copied.command(config, *words),
            cwd=copied.folder,
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=heed_interrupts,
        )
    STARTED.append(process)
    return process


def heed_interrupts() -> None:
    """What is started in the background of a shell ignores SIGINT, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_started() -> None:
    """End what still runs in the process groups that `start` made."""
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def jobs_of(pid: int) -> list[Job]:
    """The jobs at work below a process."""
    found = []
    for child, words in descendants(pid):
        if words[1:2] != ["-m"] or len(words) < 4:
            continue
        if words[2] == "marvel.run":
            found.append(Job(child, json.loads(words[3])["stage"]))
        elif words[2].startswith(("workflow.", "marvel.datasets")):
            found.append(Job(child, "reports"))
    return found


def wait_for_job(process: subprocess.Popen, folder: Path, wanted: Callable[[], str]) -> Job | None:
    """The first job of a stage; None where the study ends before.

    Args:
        process: Snakemake.
        folder: The copy in which it runs.
        wanted: Says which stage, asked again and again.
    """
    while process.poll() is None:
        stage = wanted()
        for job in jobs_of(process.pid):
            if job.stage == stage:
                return job
        time.sleep(0.02)
    return None


def is_over(folder: Path, stage: str) -> bool:
    """Whether all jobs of a stage have ended well; of reports some are always left."""
    records = [] if stage == "reports" else (folder / BASE / FOLDERS[stage]).rglob("seed0/run.json")
    if stage == "dataset":
        records = (folder / BASE / "data").glob("*/run.json")
    return len(list(records)) == (len(METHODS) if stage == "finetune" else 1)


def kill(pid: int, number: int = signal.SIGKILL) -> bool:
    """Signal a process that was found below our own a moment ago; whether it was still there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pids: list[int], seconds: float = 120) -> None:
    """Wait for processes that are no children of this one."""
    ends = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < ends, f"of {pids}, some go on"
        time.sleep(0.1)


def temporary_files(folder: Path) -> list[str]:
    """What a writer left unfinished below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*.tmp"))


def assert_goes_on(copied: Copy, config: dict, undisturbed: dict[str, bytes]) -> str:
    """The same command ends well, with the bytes of an undisturbed study and nothing left over; returns its output."""
    result = copied.run(config)
    assert result.returncode == 0, result.stdout
    assert_same(products(copied.folder), undisturbed)
    assert temporary_files(copied.folder) == []
    return result.stdout


def assert_same(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    """All products are there, with the same bytes."""
    assert found.keys() == expected.keys() and len(expected) > 15
    assert [name for name in expected if expected[name] != found[name]] == []
