"""Close a block, one task and seed of a study: hashes of all its files, one CPU model, one run repeated and compared.

    python -m workflow.runs.block results/quick/runs/*/BallRun/seed0/run.json \
        results/quick/runs/*/BallRun/seed0/*.csv --repeat results/quick/runs/marvel/BallRun/seed0 \
        --out results/quick/blocks/BallRun/seed0.json
"""

import argparse
import json
import sys
from pathlib import Path

from marvel.errors import InputError
from marvel.files import file_hash, write_atomically
from marvel.run.verify import sentences, verify


def made_by(files: list[Path]) -> dict:
    """What the records among the files have in common.

    Returns:
        cpu and numerics of all, sorted commits.

    Raises:
        InputError: They were made on several CPU models or under several numerics.
    """
    found = [path for path in files if path.name == "run.json"]
    records = {path: json.loads(path.read_text(encoding="utf-8"))["record"] for path in found}
    common = {}
    for key in ("cpu", "numerics"):
        values: dict[str, Path] = {}
        for path, record in records.items():
            values.setdefault(json.dumps(record[key]), path)
        if len(values) > 1:
            told = " and ".join(f"{value} ({path})" for value, path in values.items())
            raise InputError(f"the block has several {key}: {told}; delete the runs of one and make them again here.")
        common[key] = json.loads(next(iter(values), "null"))
    return common | {"commits": sorted({str(record["commit"]) for record in records.values()})}


def repeat(run: Path) -> None:
    """Run a run's record again and compare all its outputs.

    Raises:
        InputError: The repetition failed, an output differs, or one is missing or no longer what its record says.
    """
    report = verify(run / "run.json")
    notes = [file["note"] for file in report["files"].values() if "note" in file]
    if notes or not report["equal"]:
        parted = [f"another {name}" for name, file in report["files"].items() if not file["equal"]]
        raise InputError(f"repeating {run} does not confirm it: {'; '.join([*parted, *notes, *sentences(report)])}.")


def main(arguments: list[str] | None = None) -> None:
    """Close a block."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, help="of the block; records, rows and checkpoints")
    parser.add_argument("--repeat", type=Path, required=True, help="folder of the run to repeat")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    found = made_by(options.files)
    repeat(options.repeat)
    hashes = {path.as_posix(): file_hash(path) for path in sorted(options.files) if path.suffix != ".pt"}
    block = found | {"repeated": options.repeat.as_posix(), "files": hashes}
    write_atomically(options.out, (json.dumps(block, indent=1) + "\n").encode())
    print(f"block: {len(hashes)} files, {options.repeat} repeated with the same outputs -> {options.out}")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"block: {error}")
