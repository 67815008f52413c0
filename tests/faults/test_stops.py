"""Asked to stop, and asked to run twice: SIGTERM, Ctrl-C, a second Snakemake."""

import os
import signal
import time

import pytest
from studies import products

from faults import assert_same, jobs_of, kill, start, study, temporary_files, wait_for_job, wait_until_gone

pytestmark = pytest.mark.slow


def test_stopped_in_three_ways_and_started_twice_it_ends_with_the_same_bytes(copied, undisturbed):
    for stage, stop in (("dataset", terminate), ("pretrain", interrupt), ("finetune", terminate_job)):
        process = start(copied, study())
        job = wait_for_job(process, copied.folder, lambda stage=stage: stage)
        assert job is not None
        time.sleep(0.3)
        jobs = [each.pid for each in jobs_of(process.pid)]
        stop(process, job)
        assert process.wait(timeout=300) != 0, (copied.folder / "output.txt").read_text()
        wait_until_gone(jobs)
        assert not (copied.folder / "results/toy/scores.csv").exists()
        assert temporary_files(copied.folder / "results") == []
        print(stop.__name__, "in", stage, "ended with", process.returncode, flush=True)
    first = start(copied, study())
    wait_for_job(first, copied.folder, lambda: "reports")
    second = start(copied, study(), log="second.txt")
    assert second.wait(timeout=120) == 1 and first.poll() is None
    error = (copied.folder / "second.txt").read_text()
    assert "error: another snakemake is running the study toy; wait for it or stop it." in error
    assert "Traceback" not in error
    assert first.wait(timeout=300) == 0, (copied.folder / "output.txt").read_text()
    assert_same(products(copied.folder), undisturbed)


def terminate(process, job) -> None:
    """SIGTERM to Snakemake alone, as a scheduler or a shutdown sends it."""
    process.terminate()


def interrupt(process, job) -> None:
    """Ctrl-C: the terminal sends SIGINT to the whole process group, which start() made for Snakemake and its jobs."""
    os.killpg(process.pid, signal.SIGINT)


def terminate_job(process, job) -> None:
    """SIGTERM to a job alone, as `scancel` sends it."""
    assert kill(job.pid, signal.SIGTERM)
