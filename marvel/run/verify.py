"""Repeat a finished run from its record and compare: `python -m marvel.run --verify run.json`.

The run is played again in a process and a folder of its own, in the numerics mode of the record. What it leaves is then
compared with what the recorded run left: progress.csv and episodes.csv row by row, all else by hash.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from marvel.errors import InputError, Interrupted
from marvel.files import file_hash
from marvel.run.record import ROOT
from marvel.run.spec import read_spec

STAGES = ("data", "filtered", "offline", "prealigned", "runs")  # folders of a study that hold runs or their inputs
TABLES = ("progress.csv", "episodes.csv")
INPUTS = ("start", "dataset")


def verify(path: Path, keep: Path | None = None) -> dict:
    """Repeat the run of a run.json and compare.

    Args:
        path: The run.json. Inputs that its spec names by a relative path are looked for from the working directory and
            in the study that `path` belongs to, wherever that has been copied.
        keep: A new folder for the repeated run; by default a temporary one.

    Returns:
        {"run", "equal", "seconds", "files": {name: comparison}, "differences": [{"part", "name", "recorded",
        "now"}]}; see `compare_table` for the comparison of a table. `equal` says that every file that the record names
        came out the same, from the same inputs; differences are what might explain it if not.

    Raises:
        InputError: No record, an input is missing, or the run failed.
        Interrupted: A signal ended it.
    """
    spec, record = read_spec(str(path)), recorded(path)
    found = {key: find_input(path, key, spec[key], record) for key in INPUTS if spec[key] is not None}
    if keep is not None and keep.exists():
        raise InputError(f"{keep} exists; give a new folder.")
    with tempfile.TemporaryDirectory(prefix="marvel-verify-") as temporary:
        out = keep or Path(temporary) / "run"
        repeat(spec | {key: str(file) for key, file in found.items()}, out, record)
        again = json.loads((out / "run.json").read_text(encoding="utf-8"))
        now = again.pop("record")
        files = {name: compare(path.with_name(name), out / name, record) for name in record["outputs"]}
    differences = list(inputs_differ(spec, record, found)) + list(others_differ(spec, record, again, now))
    same_inputs = not any(each["part"] == "input" for each in differences)
    return {
        "run": str(path),
        "equal": same_inputs and all(file["equal"] for file in files.values()),
        "seconds": now["seconds"],
        "files": files,
        "differences": differences,
    }


def recorded(path: Path) -> dict:
    """The record in a run.json.

    Raises:
        InputError: There is none, or it names no outputs.
    """
    record = json.loads(path.read_text(encoding="utf-8")).get("record")
    if not isinstance(record, dict) or not isinstance(record.get("outputs"), dict) or not record["outputs"]:
        raise InputError(f"{path} has no record of a finished run; give the run.json that a run left.")
    return record


def find_input(path: Path, key: str, named: str, record: dict) -> Path:
    """The file that a spec names as `key`: of those that exist the one whose hash is recorded, else the first.

    Raises:
        InputError: There is none.
    """
    candidates = [Path(named)]
    if (study := study_of(path)) is not None and (inside := within_study(Path(named))) is not None:
        candidates.append(study / inside)
    there = [file for file in candidates if file.is_file()]
    if not there:
        places = " or ".join(str(file) for file in dict.fromkeys(candidates))
        digest = record.get("inputs", {}).get(named)
        what = f" (SHA-256 {digest[:12]}...)" if digest else ""
        raise InputError(f"{path}: its {key}{what} is not at {places}; run the stage that makes it first.")
    return next((file for file in there if file_hash(file) == record.get("inputs", {}).get(named)), there[0])


def within_study(path: Path) -> Path | None:
    """A path relative to the study that it lies in, from the last folder named after a stage on; None if in none."""
    places = [index for index, part in enumerate(path.parts[:-1]) if part in STAGES]
    return Path(*path.parts[places[-1] :]) if places else None


def study_of(path: Path) -> Path | None:
    """The folder of the study that a file lies in, or None."""
    inside = within_study(path.absolute())
    return None if inside is None else path.absolute().parents[len(inside.parts) - 1]


def repeat(spec: dict, out: Path, record: dict) -> None:
    """Play a spec in a process of its own, in the numerics mode of a record; progress goes to stderr.

    Raises:
        InputError: It failed; its own words have gone to stderr.
        Interrupted: A signal ended it.
    """
    mode = record.get("numerics", {}).get("mode", "native")
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"MARVEL_NUMERICS": mode, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "marvel.run", json.dumps(spec), "--out", str(out)]
    with subprocess.Popen(command, env=environment) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)  # the terminal has sent it one already, unless it was sent to us alone
            process.wait()
            raise
    if code < 0 or code > 128:
        number = -code if code < 0 else code - 128
        raise Interrupted(f"the repeated run was stopped by {signal.Signals(number).name}.", number)
    if code:
        raise InputError("the repeated run failed; see the lines above.")


def compare(old: Path, new: Path, record: dict) -> dict:
    """One output of the recorded run beside that of the repeated one.

    Returns:
        {"equal"} and, of a table, what `compare_table` says; "note" where the recorded run's own file is missing or no
        longer what its record says, in which case its recorded hash alone decides.
    """
    digest = record["outputs"][old.name]
    result = {"equal": new.is_file() and file_hash(new) == digest}
    if not old.is_file():
        return result | {"note": f"{old} is not here; compared by its recorded hash"}
    if file_hash(old) != digest:
        return result | {"note": f"{old} was changed after the run; compared by its recorded hash"}
    if not new.is_file():
        return result | {"note": "the repeated run left none"}
    return result | (compare_table(old, new) if old.name in TABLES else {})


def compare_table(old: Path, new: Path) -> dict:
    """Where two CSV files part.

    Returns:
        {"rows": [of old, of new], "equal_rows": rows before the first that differs, "columns": those that only one of
        them has} and, where a row differs, "first": {"row", "column", "recorded", "now"} and "largest": {"column",
        "row", "relative"}, the largest relative difference of all numbers in the rows that both have.
    """
    (rows, head), (others, other_head) = map(_read, (old, new))
    shared = [name for name in head if name in other_head]
    equal, first, largest = 0, None, None
    for number, (row, other) in enumerate(zip(rows, others, strict=False)):
        parted = [name for name in shared if row[name] != other[name]]
        if not parted and first is None:
            equal += 1
        elif parted and first is None:
            first = {"row": number, "column": parted[0], "recorded": row[parted[0]], "now": other[parted[0]]}
        for name in parted:
            relative = _relative(row[name], other[name])
            if relative is not None and (largest is None or relative > largest["relative"]):
                largest = {"column": name, "row": number, "relative": relative}
    result = {"rows": [len(rows), len(others)], "equal_rows": equal, "columns": sorted({*head} ^ {*other_head})}
    return result | ({"first": first, "largest": largest} if first else {})


def _read(path: Path) -> tuple[list[dict], list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return list(reader), list(reader.fieldnames or [])


def _relative(old: str, new: str) -> float | None:
    """|a - b| over the larger of both; None where one is no number."""
    try:
        a, b = float(old), float(new)
    except ValueError:
        return None
    return abs(a - b) / max(abs(a), abs(b)) if a != b else 0.0


def inputs_differ(spec: dict, record: dict, found: dict[str, Path]):
    """Differences of the inputs: one whose bytes are not those that the run read."""
    for key, file in found.items():
        then, now = record.get("inputs", {}).get(spec[key]), file_hash(file)
        if then != now:
            yield {"part": "input", "name": key, "recorded": then, "now": now, "file": str(file)}


def others_differ(spec: dict, record: dict, again: dict, now: dict):
    """Differences of everything else that a record names: spec, task, code, versions, numerics, processor, checkout."""
    parts = [("spec", spec, again)]
    parts += [(key, spec.get(key), again.get(key)) for key in ("hyperparameters", "options")]
    parts += [(part, record.get(part), now.get(part)) for part in ("task", "code", "versions", "numerics")]
    parts.append(("run", record, now))
    plain = {"spec": ("method", "stage", "train", "task", "seed", "cost_limit"), "run": ("status", "cpu", "commit")}
    for part, old, new in parts:
        if old is None and part not in plain:  # a record of an earlier version
            yield {"part": "unrecorded", "name": part, "recorded": None, "now": None}
            continue
        for name in plain.get(part, sorted(old.keys() | new.keys())):
            then = old.get(name, "finished" if name == "status" else None)
            if then != new.get(name):
                yield {"part": part, "name": name, "recorded": then, "now": new.get(name)}
    for who, state in (("recorded", record), ("now", now)):
        if state.get("dirty"):
            yield {"part": "run", "name": "dirty", **dict.fromkeys(("recorded", "now")), who: True}


def sentences(report: dict) -> list[str]:
    """The differences of a report in words, the likeliest reasons first."""
    lines, found = [], report["differences"]
    for part in dict.fromkeys(each["part"] for each in found):
        group = [each for each in found if each["part"] == part]
        if part == "input":
            for each in group:
                then = (
                    f"the record names {each['recorded'][:12]}..." if each["recorded"] else "the record names no hash"
                )
                lines.append(
                    f"another {each['name']}: {each['file']} has the SHA-256 {each['now'][:12]}..., {then}; the run "
                    "did not start from this file"
                )
        elif part == "code":
            lines.append(f"other code: {_listed([each['name'] for each in group])}")
        elif part == "unrecorded":
            lines.append(
                f"the record, of an earlier version, does not tell: {_listed([each['name'] for each in group])}"
            )
        elif part == "run":
            lines += [_run_sentence(each) for each in group]
        else:
            kinds = {"spec": "other spec", "task": "other facts of the task", "options": "other options"}
            kinds |= {"numerics": "other numerics (docs/numerics.md)", "versions": "other versions"}
            what = [f"{each['name']} {_shown(each['recorded'])} then, {_shown(each['now'])} now" for each in group]
            lines.append(f"{kinds.get(part, 'other ' + part)}: {_listed(what)}")
    return lines


def _listed(names: list[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _run_sentence(each: dict) -> str:
    if each["name"] == "dirty":
        when = "the recorded run was made" if each["recorded"] else "the repeated run was made"
        return f"uncommitted changes: {when} in a checkout with changes that its commit does not have"
    what = {"cpu": "another processor", "commit": "another commit", "status": "another end"}[each["name"]]
    note = "; native numerics differ between types of processor, docs/numerics.md" if each["name"] == "cpu" else ""
    return f"{what}: {_shown(each['recorded'])} then, {_shown(each['now'])} now{note}"


def _shown(value) -> str:
    return "none" if value is None else str(value)[:40]
