"""Processor time and memory of the runs and of the stages they started from, from their records."""

from pathlib import Path

import numpy as np

from workflow.names import order
from workflow.page.inputs import Inputs, Run, folder_of
from workflow.runs.records import chain, in_study

STAGES = {"offline": "offline training", "prealigned": "Value Pre-Alignment", "runs": "online"}


def section(inputs: Inputs) -> dict:
    """What the runs took.

    Returns:
        "rows": one a method: mean processor minutes of each stage and of all (None where a record lacks them), peak
        memory in megabytes, n. "hours": of all runs, each shared stage counted once. "unknown": runs without a record
        of their time. "processors".
    """
    spent: dict[str, list[dict]] = {}
    every, processors, unknown = {}, set(), 0
    for run, spec in inputs.specs.items():
        if spec is None:
            continue
        stages = {}
        for place, record in _records(inputs, run, spec):
            if "cpu_seconds" not in record:
                stages = None
                break
            stages[place.parts[0]] = every[place] = float(record["cpu_seconds"])
            processors.add(str(record.get("cpu", "not recorded")))
        if stages is None:
            unknown += 1
            continue
        spent.setdefault(run[0], []).append(stages | {"memory": spec["record"].get("peak_memory_mb")})
    return {
        "rows": [_row(method, spent[method]) for method in order(list(spent))],
        "hours": sum(every.values()) / 3600,
        "unknown": unknown,
        "processors": sorted(processors),
        "stages": STAGES,
    }


def _records(inputs: Inputs, run: Run, spec: dict) -> list[tuple[Path, dict]]:
    """(folder in the study, record) of a run and of the stages it started from."""
    specs = chain(inputs.study, spec)
    places = [folder_of(inputs.study, run)]
    places += [in_study(inputs.study, stage["start"]).parent for stage in specs[:-1]]
    records = [(stage or {}).get("record", {}) for stage in specs]
    return [(place.relative_to(inputs.study), record) for place, record in zip(places, records, strict=True)]


def _row(method: str, runs: list[dict]) -> dict:
    means = {stage: np.mean([run.get(stage, 0.0) for run in runs]) / 60 for stage in STAGES}
    memory = [run["memory"] for run in runs if run["memory"] is not None]
    row = {"method": method, "n": len(runs), "memory": max(memory) if memory else None}
    minutes = {stage: float(value) for stage, value in means.items()}
    return row | {"minutes": minutes, "total": sum(minutes.values())}
