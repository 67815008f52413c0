"""Every run that the study asked for: its state, where its record lies and the command that repeats it."""

import itertools
import shlex
from collections.abc import Iterable

from marvel.cli.state import Progress
from workflow.page.inputs import Inputs, folder_of
from workflow.page.links import link
from workflow.runs.records import chain, in_study
from workflow.statistics.scores import DIVERGED

FINE = ("finished", "finished, code changed since")


def section(inputs: Inputs) -> dict:
    """The runs, and those that are not as they should be.

    Returns:
        "groups": [{"task", "method", "runs": [...]}]; a run has seed, state, fine, reason, commit, dirty, processor,
        record (a link), command and stages. "faulty": the runs whose state is none of `FINE`, those of one task, state
        and reason together: [{"task", "state", "reason", "of": [(methods, seeds)]}]. "counts": {state: runs};
        "unfinished": those of them that are none of `FINE`.
    """
    progress = Progress(inputs.study).look()
    known = {
        (job["name"], job["task"], job["seed"]): (kind, job.get("reason") or "")
        for kind in ("failed", "stopped", "running")
        for job in progress[kind]
        if job["stage"] == "finetune"
    }
    last = inputs.scores.groupby(["method", "task", "seed"], sort=False)[["status", "code"]].last()
    groups: dict[tuple[str, str], list[dict]] = {}
    for run in sorted(inputs.planned, key=lambda run: inputs.tasks.index(run[1])):
        groups.setdefault((run[1], run[0]), []).append(_run(inputs, run, last, known))
    runs = [run for group in groups.values() for run in group]
    states = [run["state"] for run in runs]
    return {
        "groups": [
            {"task": task, "method": method, "runs": there}
            for (task, method), group in groups.items()
            if (there := [run for run in group if run["record"] or run["fine"]])
        ],
        "faulty": _together([run for run in runs if not run["fine"]]),
        "unfinished": {state: states.count(state) for state in dict.fromkeys(states) if state not in FINE},
        "counts": {state: states.count(state) for state in dict.fromkeys(states)},
    }


def _together(runs: list[dict]) -> list[dict]:
    """Runs of one task, state and reason as one entry, and in it methods that lack the same seeds as one."""
    seeds: dict[tuple, dict[str, list[int]]] = {}
    for run in runs:
        of = seeds.setdefault((run["task"], run["state"], run["reason"]), {})
        of.setdefault(run["method"], []).append(run["seed"])
    made = []
    for (task, state, reason), of in seeds.items():
        same: dict[tuple[int, ...], list[str]] = {}
        for method, numbers in of.items():
            same.setdefault(tuple(numbers), []).append(method)
        parts = [(methods, spans(numbers)) for numbers, methods in same.items()]
        made.append({"task": task, "state": state, "reason": reason, "of": parts})
    return made


def spans(numbers: Iterable[int]) -> str:
    """Whole numbers in words, rows of them as a span: "0 to 4, 7"."""
    parts = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{part[0]} to {part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in parts)


def _run(inputs: Inputs, run: tuple, last, known: dict) -> dict:
    method, task, seed = run
    spec = inputs.specs[run]
    record = (spec or {}).get("record", {})
    path = folder_of(inputs.study, run) / "run.json"
    state, reason = _state(run, record, last, known)
    return {
        "method": method,
        "task": task,
        "seed": seed,
        "state": state,
        "fine": state in FINE,
        "reason": reason,
        "commit": (record.get("commit") or "")[:10],
        "dirty": bool(record.get("dirty")),
        "processor": record.get("cpu", ""),
        "record": link(inputs.study, path),
        "rows": link(inputs.study, path.with_name("progress.csv")),
        "sha256": record.get("outputs", {}).get("progress.csv", ""),
        "command": f"./run marvel verify {shlex.quote(path.as_posix())}" if record else "",
        "stages": _stages(inputs, spec),
    }


def _state(run: tuple, record: dict, last, known: dict) -> tuple[str, str]:
    """The state of a run in words, and why it is not finished."""
    if run not in last.index:
        return known.get(run, ("missing", "no rows of it in scores.csv"))
    status, code = last.loc[run]
    if status == DIVERGED:
        return "diverged", record.get("reason", "its numbers stopped being finite")
    if code == "external":
        return "finished", "result of another program"
    return (FINE[1], "") if code == "changed" else (FINE[0], "")


def _stages(inputs: Inputs, spec: dict | None) -> list[dict]:
    """The stages that a run started from, the nearest first: their names, records and commits."""
    if not spec or not spec.get("start"):
        return []
    specs, made = chain(inputs.study, spec), []
    for before, stage in itertools.pairwise(specs):
        path = in_study(inputs.study, before["start"])
        made.append(
            {
                "name": path.relative_to(inputs.study).parent.as_posix(),
                "record": link(inputs.study, path),
                "commit": ((stage or {}).get("record", {}).get("commit") or "")[:10],
            }
        )
    return made
