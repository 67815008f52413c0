"""Killed without a word, at random moments of every stage: a job, Snakemake, or both."""

import random
import time
from collections import Counter

import pytest

from faults import STAGES, assert_goes_on, kill, start, study, wait_for_job, wait_until_gone

pytestmark = pytest.mark.slow
KILLS, VICTIMS = 4, ("job", "snakemake", "both")  # kills in each stage


def test_twenty_kills_in_all_stages_end_with_the_same_bytes(copied, whole, undisturbed):
    rng, hits, orphans = random.Random(0), Counter(), []
    seconds = mean_seconds(whole)
    for number, stage in enumerate(stage for stage in STAGES for _ in range(KILLS)):
        process = start(copied, study())
        job = wait_for_job(process, stage, copied.folder)
        assert job is not None, f"the study ended before kill {number}: {hits}"
        time.sleep(0.8 * rng.random() * seconds[job.stage])  # later than that, it may have ended
        victims = VICTIMS[number % len(VICTIMS)]
        there = victims != "snakemake" and kill(job.pid)
        if victims == "job":
            time.sleep(0.5)  # Snakemake and the other jobs go on for a moment, then all of it goes down
        hits[job.stage, victims] += process.poll() is None and (victims == "snakemake" or there)
        process.kill()
        process.wait()
        orphans.append(job.pid)
        print("killed", victims, "in", job.stage, flush=True)
    by_stage = {stage: sum(hits[stage, victims] for victims in VICTIMS) for stage in STAGES}
    assert min(by_stage.values()) >= 2 and sum(by_stage.values()) >= 15, hits
    wait_until_gone(orphans)
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
    while (job := wait_for_job(process, "finetune", copied.folder)) and "from_scratch" not in command(job.pid):
        time.sleep(0.01)
    assert job is not None and kill(job.pid)
    assert process.wait(timeout=300) == 1
    log = (copied.folder / "output.txt").read_text()
    assert "Error in rule finetune" in log and "runs/from_scratch/Toy/seed0" in log
    runs = copied.folder / "results" / "toy" / "runs"
    assert {path.parts[-4] for path in runs.glob("*/*/seed0/progress.csv")} == {"marvel", "warm_start"}
    assert not (runs.parent / "scores.csv").exists()
    redraw = copied.module("workflow.redraw", "config.yaml")
    assert redraw.returncode == 0, redraw.stdout
    missing = (runs.parent / "tables" / "missing.csv").read_text()
    assert "from_scratch,Toy,0,unfinished" in missing
    assert "from_scratch" in (runs.parent / "tables" / "final.md").read_text()
    assert_goes_on(copied, study(), undisturbed)


def command(pid: int) -> str:
    """The words of a process, or nothing where it has ended."""
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read()
    except OSError:
        return ""
