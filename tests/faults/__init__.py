"""Faults that are really done to a study (`./run test-faults`): what all of them need.

The study takes some twenty seconds and goes through every stage: a dataset is collected, a policy trained on it and
pre-aligned, three methods run from these, tables, figures and the page are drawn. After each fault the same command must
go on, and what it ends with is compared, byte for byte, with a study that nobody disturbed.
"""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from studies import Copy, descendants, environment, products, toy_config

METHODS = ("marvel", "warm_start", "from_scratch")
STAGES = ("dataset", "pretrain", "prealign", "finetune", "reports")
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


def wait_for_job(process: subprocess.Popen, stage: str, folder: Path) -> Job | None:
    """A job of a stage, or of a later one where all jobs of the stage have ended; None where the study ends before.

    Args:
        process: Snakemake.
        stage: One of STAGES.
        folder: The copy in which it runs.
    """
    while process.poll() is None:
        over = is_over(folder, stage)  # looked at first: a job may begin between the two looks
        wanted = STAGES[STAGES.index(stage) :] if over else (stage,)
        found = [job for job in jobs_of(process.pid) if job.stage in wanted]
        if found:
            return min(found, key=lambda job: STAGES.index(job.stage))
        time.sleep(0.02)
    return None


def is_over(folder: Path, stage: str) -> bool:
    """Whether all files of a stage are there."""
    pattern, count = {
        "dataset": ("data/*/run.json", 1),
        "pretrain": ("offline/*/*/*/run.json", 1),
        "prealign": ("prealigned/*/*/*/*/run.json", 1),
        "finetune": ("runs/*/*/*/run.json", len(METHODS)),
        "reports": ("report/none", 1),
    }[stage]
    return len(list((folder / BASE).glob(pattern))) >= count


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
