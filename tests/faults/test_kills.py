"""Killed without a word, at random moments of every stage: a job, Snakemake, or both."""

import random
import re
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from faults import BASE, FOLDERS, STAGES, assert_goes_on, is_over, kill, start, study, wait_for_job, wait_until_gone

pytestmark = pytest.mark.slow
KILLS, IN_EACH = 20, 4
VICTIMS = ("both", "job", "both", "snakemake")  # an orphan ends its stage, and that can then be hit no more


def test_twenty_kills_in_all_stages_end_with_the_same_bytes(copied, whole, undisturbed):
    rng, hits, victims_of, killed = random.Random(0), Counter(), Counter(), []
    seconds = mean_seconds(whole)

    def wanted() -> str:
        """The first stage that is not over and was not hit often enough."""
        left = [stage for stage in STAGES if hits[stage] < IN_EACH and not is_over(copied.folder, stage)]
        return left[0] if left else "reports"

    while len(killed) < KILLS:
        process = start(copied, study())
        job = wait_for_job(process, copied.folder, wanted)
        if job is None:
            break  # finished
        time.sleep(0.6 * rng.random() * seconds[job.stage])
        victims = VICTIMS[hits[job.stage] % len(VICTIMS)]
        hit = process.poll() is None and (
            kill(job.pid) if victims != "snakemake" else Path(f"/proc/{job.pid}").exists()
        )
        if victims == "job":
            time.sleep(0.5)  # Snakemake and the other jobs go on for a moment, then all of it goes down
        process.kill()
        process.wait()
        hits[job.stage] += hit
        if not hits[job.stage] and is_over(copied.folder, job.stage):  # missed: once more
            shutil.rmtree(copied.folder / BASE / FOLDERS[job.stage])
        victims_of[victims] += 1
        killed.append(job.pid)
        print("killed", victims, "in", job.stage, "" if hit else "(the job had just ended)", flush=True)
    assert min(hits[stage] for stage in STAGES) >= 1 and min(victims_of[word] for word in VICTIMS) >= 2, hits
    assert len(killed) >= 0.75 * KILLS, hits
    wait_until_gone(killed)
    assert_goes_on(copied, study(), undisturbed)


def mean_seconds(whole) -> dict[str, float]:
    """{stage: how long a job of it took in the undisturbed study}."""
    found = {"reports": 1.0}
    for stage in STAGES[:-1]:
        files = (whole.folder / "results" / "toy" / "benchmarks" / stage).rglob("*.tsv")
        times = [float(file.read_text().splitlines()[1].split("\t")[0]) for file in files]
        found[stage] = sum(times) / len(times)
    return found


def test_a_job_that_is_killed_fails_the_study_and_stops_no_other(copied, undisturbed):
    """As the kernel does where memory runs out."""
    process = start(copied, study())
    while (job := wait_for_job(process, copied.folder, lambda: "finetune")) and "from_scratch" not in command(job.pid):
        time.sleep(0.01)
    assert job is not None and kill(job.pid)
    assert process.wait(timeout=300) == 1
    log = (copied.folder / "output.txt").read_text()
    assert "--out results/toy/runs/from_scratch/Toy/seed0" in log  # the command that failed
    runs = copied.folder / "results" / "toy" / "runs"
    assert {path.parts[-4] for path in runs.glob("*/*/seed0/progress.csv")} == {"marvel", "warm_start"}
    assert not (runs.parent / "scores.csv").exists()
    redraw = copied.module("workflow.redraw", "config.yaml")
    assert redraw.returncode == 0, redraw.stdout
    missing = (runs.parent / "tables" / "missing.csv").read_text()
    assert re.search("from_scratch,Toy,0,(unfinished|not run)", missing)  # by whether it had a snapshot
    assert "Missing: all of From scratch (1)." in (runs.parent / "tables" / "final.md").read_text()
    assert_goes_on(copied, study(), undisturbed)


def command(pid: int) -> str:
    """The words of a process, or nothing where it has ended."""
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read()
    except OSError:
        return ""
