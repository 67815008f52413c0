"""How far a study is, from its files alone: outputs, the runs' status files, their logs."""

import contextlib
import json
import os
import socket
import time
from pathlib import Path

from marvel.cli.plan import STAGES, Job, found_jobs, read_plan, schedule

SILENT = 600.0  # seconds after which a run on another machine that says nothing counts as gone
STATES = ("done", "running", "failed", "stopped", "waiting")
PRODUCT = {"dataset": "dataset.hdf5", "filter": "dataset.hdf5"}


class Progress:
    """A study under observation.

    Args:
        folder: The study's.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._done: dict[str, dict] = {}  # records do not change

    def look(self, cores: int | None = None) -> dict:
        """The study as it is now.

        Args:
            cores: How many jobs run at once, for the time left; by default as many as run now.

        Returns:
            "study", "planned" (False where only what has begun is known), "stages" {stage: {state: jobs}}, "running",
            "failed", "stopped" and "diverged" (lists of jobs), "seconds_left" (None where nothing runs), "work_left"
            (seconds of one core), "finished".
        """
        plan = read_plan(self.folder)
        jobs, expected = plan or (found_jobs(self.folder), {})
        states = {job.folder: self.state(job) for job in jobs}
        counts = {stage: dict.fromkeys(STATES, 0) for stage in STAGES if any(job.stage == stage for job in jobs)}
        lists: dict[str, list[dict]] = {"running": [], "failed": [], "stopped": [], "diverged": []}
        for job in jobs:
            state = states[job.folder]
            counts[job.stage][state["state"]] += 1
            kind = "diverged" if state.get("status") == "diverged" else state["state"]
            if kind in lists:
                who = {"stage": job.stage, "name": job.name, "task": job.task, "seed": job.seed, "folder": job.folder}
                lists[kind].append(who | {key: value for key, value in state.items() if key != "state"})
        left = remaining(jobs, states, expected)
        cores = cores or len(lists["running"])
        waited = [job for job in jobs if job.folder in left]
        return {
            "study": self.folder.name,
            "planned": plan is not None,
            "stages": counts,
            **lists,
            "seconds_left": schedule(waited, left, cores)[0] if cores and left else None,
            "work_left": sum(left.values()),
            "finished": bool(jobs) and all(state["state"] == "done" for state in states.values()),
        }

    def state(self, job: Job) -> dict:
        """{"state"} of a job and what is known of it."""
        if job.folder in self._done:
            return self._done[job.folder]
        place = self.folder / job.folder
        record = _read(place / "run.json")
        if record is not None or (place / PRODUCT.get(job.stage, "progress.csv")).exists():
            record = (record or {}).get("record", {})
            known = {key: record[key] for key in ("status", "reason", "seconds") if key in record}
            self._done[job.folder] = {"state": "done"} | known
            return self._done[job.folder]
        status = _read(place / ".state" / "status.json") or {}
        state = status.get("state")
        if state == "running":
            return {"state": "running" if alive(status) else "stopped"} | _shown(status)
        if state == "failed":
            return {"state": "failed", "reason": status.get("reason", "")}
        if state == "stopped":
            return {"state": "stopped", "reason": status.get("reason", "")}
        if (reason := error_in_log(self.folder, job)) is not None:
            return {"state": "failed", "reason": reason}
        return {"state": "waiting"}


def _read(path: Path) -> dict | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _shown(status: dict) -> dict:
    """What a running job says of itself, its time left counted on since it said so."""
    kept = {key: status.get(key) for key in ("round", "done", "total", "unit", "values", "per_second", "host")}
    left, age = status.get("seconds_left"), max(0.0, time.time() - status.get("time", 0.0))
    return kept | {"seconds_left": None if left is None else max(0.0, left - age), "age": age}


def alive(status: dict) -> bool:
    """Whether the process that wrote a status file still works: by its number on this machine, elsewhere by its age."""
    if status.get("host") != socket.gethostname():
        return time.time() - status.get("time", 0.0) < SILENT
    pid = int(status.get("pid", 0))
    try:
        return b"marvel" in Path(f"/proc/{pid}/cmdline").read_bytes()  # not another process that got its number
    except OSError:
        if Path("/proc/self").exists():
            return False
    with contextlib.suppress(OSError):
        os.kill(pid, 0)
        return True
    return False


def error_in_log(folder: Path, job: Job) -> str | None:
    """The sentence with which a job ended before it had a status file, from the last line of its log."""
    log = folder / "logs" / job.stage / f"{Path(*Path(job.folder).parts[1:])}.log"
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.path.getsize(log) - 4096))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return None
    return lines[-1].removeprefix("error: ") if lines and lines[-1].startswith("error: ") else None


def remaining(jobs: list[Job], states: dict[str, dict], expected: dict[str, float]) -> dict[str, float]:
    """{folder: seconds} that the jobs which are not done may still take, at the pace of those that are."""
    ours = {job.folder: states[job.folder].get("seconds") for job in jobs if states[job.folder].get("seconds")}
    known = [folder for folder in ours if expected.get(folder)]
    pace = sum(ours[folder] for folder in known) / sum(expected[folder] for folder in known) if known else 1.0
    left = {}
    for job in jobs:
        state = states[job.folder]
        if state["state"] == "done":
            continue
        alike = [ours[other.folder] for other in jobs if other.stage == job.stage and other.folder in ours]
        whole = pace * expected[job.folder] if job.folder in expected else sum(alike) / len(alike) if alike else 0.0
        done, total = state.get("done") or 0, state.get("total") or 0
        share = 1 - done / total if total else 1.0
        own = state.get("seconds_left") if state["state"] == "running" else None
        left[job.folder] = own if own is not None else whole * share
    return left
