"""`marvel merge`: bring two halves of a study, made on two machines, together."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from marvel.cli.common import make_parser
from marvel.cli.plan import FOLDERS, found_jobs
from marvel.errors import InputError

BESIDE = ("logs", "benchmarks")  # kept as well where the job is new; tables and figures are drawn anew
STAGING = ".merging"  # in the study that is added to: a job on its way


class Unit(NamedTuple):
    """What one job left in a study."""

    folder: str  # relative to the study
    files: dict[str, str]  # {name: SHA-256}
    record: dict  # of its run.json, or {}


def main(arguments: list[str]) -> int:
    """Copy what is missing, unless something is in conflict."""
    parser = make_parser(
        "merge",
        "Copy the finished runs of one half of a study into the other. What both have must be equal, byte for byte,\n"
        "and a run must have started from the very files that the merged study has; otherwise every conflict is\n"
        "named, nothing is copied, and the exit code is 1. Nothing is ever overwritten. Then run snakemake again: it\n"
        "makes what is still missing, and draws.",
        "marvel merge other/results/quick results/quick",
        "marvel merge other/results/quick results/quick --dry-run --json",
    )
    parser.add_argument("source", type=Path, metavar="FROM", help="a study's folder")
    parser.add_argument("target", type=Path, metavar="INTO", help="the same study's folder, to which runs are added")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would be copied")
    options = parser.parse_args(arguments)
    found = merge(options.source, options.target, options.dry_run)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        for conflict in found["conflicts"]:
            print(f"conflict: {conflict}", file=sys.stderr)
        for note in found["notes"]:
            print(f"note: {note}")
        verb = "would be copied" if options.dry_run or found["conflicts"] else "copied"
        done = 0 if found["conflicts"] and not options.dry_run else len(found["copied"])
        print(f"{done} of {len(found['copied'])} new jobs {verb}, {len(found['equal'])} are in both and equal")
    return 1 if found["conflicts"] else 0


def merge(source: Path, target: Path, dry_run: bool = False) -> dict:
    """Copy what `target` lacks, if nothing is in conflict.

    Args:
        source, target: Folders of the study.
        dry_run: Only look.

    Returns:
        "copied" (folders, relative to the study; what would be copied where there are conflicts or `dry_run`), "equal",
        "conflicts" and "notes" (sentences).

    Raises:
        InputError: A folder is no study, or both are one.
    """
    for folder in (source, target):
        if not any((folder / top).is_dir() for top in FOLDERS):
            raise InputError(f"{folder} is no study's folder; it must hold {', '.join(FOLDERS)} or some of them.")
    if source.resolve() == target.resolve():
        raise InputError(f"{source} and {target} are one folder.")
    conflicts, notes = [], []
    theirs, ours = units(source, conflicts, notes), units(target, conflicts, notes)
    new = [folder for folder in theirs if folder not in ours]
    equal = []
    for folder in theirs.keys() & ours.keys():
        if (reason := conflict(theirs[folder], ours[folder])) is not None:
            conflicts.append(f"{folder} is in both and differs: {reason}")
        else:
            equal.append(folder)
    together = theirs | ours
    for folder in new:
        conflicts += [f"{folder} {reason}" for reason in strangers(theirs[folder], together)]
        if (target / folder).is_dir() and any((target / folder).iterdir()):
            conflicts.append(f"{folder} was begun in {target}; finish it there or remove that folder")
    notes += other_conditions([theirs[folder] for folder in new], list(ours.values()))
    if not conflicts and not dry_run:
        for folder in new:
            copy(source, target, theirs[folder])
    return {"copied": new, "equal": sorted(equal), "conflicts": sorted(conflicts), "notes": notes}


def units(study: Path, conflicts: list[str], notes: list[str]) -> dict[str, Unit]:
    """{folder: what a finished job left there}, in the order of the stages; faults are added to the two lists."""
    from marvel.files import file_hash

    found = {}
    for job in found_jobs(study):
        place = study / job.folder
        files = sorted(path for path in place.iterdir() if path.is_file() and not path.name.startswith("."))
        if links := [path.name for path in files if path.is_symlink()]:
            notes.append(f"{place / links[0]} is a link; that job is left out, and snakemake gets the file again")
            continue
        try:
            record = json.loads((place / "run.json").read_text(encoding="utf-8")).get("record", {})
        except OSError:
            record = {}
        except ValueError:
            conflicts.append(f"{place / 'run.json'} is no JSON")
            continue
        if (
            not record
            and not (job.stage == "finetune" and (place / "progress.csv").is_file())
            and job.stage != "filter"
        ):
            continue  # begun, not finished
        hashes = {path.name: file_hash(path) for path in files}
        for name, digest in record.get("outputs", {}).items():
            if hashes.get(name) != digest:
                state = "missing" if name not in hashes else "not the file that its run wrote"
                conflicts.append(f"{place / name} is {state}, by its run.json")
        found[job.folder] = Unit(job.folder, hashes, record)
    return found


def conflict(one: Unit, other: Unit) -> str | None:
    """Why what two halves have of one job is not the same; None if it is."""
    from marvel.run.record import differences

    names = [name for name in one.files.keys() | other.files.keys() if name != "run.json"]
    if parted := sorted(name for name in names if one.files.get(name) != other.files.get(name)):
        parts = ("code", "versions", "numerics")
        why = differences(
            {part: one.record.get(part) for part in parts}, {part: other.record.get(part) for part in parts}
        )
        if one.record.get("cpu") != other.record.get("cpu"):
            why.insert(0, f"cpu {one.record.get('cpu')} and {other.record.get('cpu')}")
        return f"{', '.join(parted)}" + (f" ({', '.join(why[:4])})" if why else "")
    if one.record.get("fingerprint") != other.record.get("fingerprint"):
        return "their records have different fingerprints"
    return None


def strangers(unit: Unit, together: dict[str, Unit]):
    """Why a run does not belong to the merged study: it read other files than those that lie there."""
    from marvel.run.verify import within_study

    for named, digest in unit.record.get("inputs", {}).items():
        inside = within_study(Path(named))
        maker = together.get(str(inside.parent)) if inside is not None else None
        if maker is not None and maker.files.get(inside.name) not in (None, digest):
            yield f"read another {inside} ({digest[:12]}...) than the study has ({maker.files[inside.name][:12]}...)"


def other_conditions(new: list[Unit], old: list[Unit]) -> list[str]:
    """What the halves were made under, where it differs: the ledger of claims tells such runs apart."""
    notes = []
    for name in ("cpu", "commit"):
        theirs, ours = ({unit.record[name] for unit in units if unit.record.get(name)} for units in (new, old))
        if theirs - ours and ours:
            shown = [", ".join(sorted(value[:40] for value in values)) for values in (theirs, ours)]
            notes.append(f"the halves have another {name}: {shown[0]} and {shown[1]}")
    return notes


def copy(source: Path, target: Path, unit: Unit) -> None:
    """Copy a job's files, with what a run keeps to put them back; times follow the order of copying.

    The job's folder gets to its place by one rename: a merge that is cut off leaves no half of a job, which the next
    one would take for a run under way.

    Raises:
        InputError: It cannot be written.
    """
    from marvel.files import link

    copy_beside(source, target, unit)
    place, staging = target / unit.folder, target / STAGING
    names = [name for name in unit.files if name != "run.json"] + ["run.json"] * ("run.json" in unit.files)
    shutil.rmtree(staging, ignore_errors=True)  # left by a killed merge
    try:
        for name in names:
            kept = staging / ".state" / name if unit.record else staging / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / unit.folder / name, kept)
            with open(kept, "rb+") as file:
                os.fsync(file.fileno())  # a crash after the rename must not leave empty files
            if unit.record:
                link(kept, staging / name)
            os.utime(staging / name)
        place.parent.mkdir(parents=True, exist_ok=True)
        staging.rename(place)
    except OSError as error:
        raise InputError(
            f"{place} cannot be written ({error.strerror}); free some space or make its folder writable, and merge "
            "again."
        ) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def copy_beside(source: Path, target: Path, unit: Unit) -> None:
    """Copy a job's log and benchmark where the target has none."""
    from marvel.files import replacing

    top, *rest = Path(unit.folder).parts
    for kind, ending in zip(BESIDE, (".log", ".tsv"), strict=True):
        file = Path(kind, FOLDERS[top], *rest[:-1], rest[-1] + ending)
        if (source / file).is_file() and not (target / file).exists():
            with replacing(target / file) as temporary:
                shutil.copyfile(source / file, temporary)
