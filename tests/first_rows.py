"""The first rows of every entry of every config on the toy: `python -m tests.first_rows` rewrites tests/first_rows.csv.

The numbers are what the code computes, no truth from elsewhere: they make a change in what any method or stage computes
show itself as a diff that a reviewer reads. Portable numerics make them hold on any processor.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import marvel  # noqa: F401  (sets the numerics, before anything imports NumPy)

FILE = Path(__file__).with_name("first_rows.csv")
ROOT = FILE.parent.parent
ROUNDS = 3
HEADER = ("entry", "stage", "row", "column", "value")


def computed(dataset: Path, folder: Path) -> list[tuple[str, str, int, str, float]]:
    """(entry, stage, row, column, value) of the first rows of all runs and of the stages before them."""
    from entries import ENTRIES, run_entry  # after the numerics are set

    found, seen = [], set()
    for name in ENTRIES:
        for out in run_entry(name, dataset, folder / "stages", folder / name):
            if out in seen:
                continue
            seen.add(out)
            stage = json.loads((out / "run.json").read_text(encoding="utf-8"))["stage"]
            with open(out / "progress.csv", newline="", encoding="utf-8") as file:
                for number, row in enumerate(csv.DictReader(file)):
                    if number > ROUNDS:
                        break
                    found += [(name, stage, number, column, float(value)) for column, value in row.items() if value]
    return found


def in_portable_process(dataset: Path, folder: Path, out: Path) -> None:
    """Write `computed` to `out` from a process with portable numerics."""
    environment = os.environ | {"MARVEL_NUMERICS": "portable", "PYTHONPATH": os.pathsep.join((str(ROOT), "tests"))}
    command = [sys.executable, "-m", "tests.first_rows", str(dataset), str(folder), str(out)]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(result.stderr)


def main(arguments: list[str]) -> None:
    """With three paths compute; with none rewrite the committed file."""
    if arguments:
        dataset, folder, out = map(Path, arguments)
        with open(out, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([HEADER, *computed(dataset, folder)])
        return
    from conftest import write_toy_dataset

    with tempfile.TemporaryDirectory() as folder:
        dataset = write_toy_dataset(Path(folder) / "dataset.hdf5")
        in_portable_process(dataset, Path(folder), FILE)


if __name__ == "__main__":
    sys.path.insert(0, str(FILE.parent))
    main(sys.argv[1:])
