"""Whether the tests notice what a careless refactoring could do: every change of `mutants.yaml` against its test.

    ./run test-mutants [FILE ...] [--jobs 2]

FILE is a path of the project or its beginning, such as marvel/sac.py or workflow/statistics; without any, all changes
are tried. The project is copied to temporary folders, so that nothing here is touched. A change is noticed if its test
fails, and survives if the test passes; the exit status is 0 only if all are noticed.
"""

import argparse
import queue
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.changes import ROOT, Mutant, read_mutants, run_tests

NOTICED, SURVIVED, ERROR = "noticed", "survived", "error"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".snakemake", ".peers", "__pycache__", ".*_cache", "results", "data")


def copy_project(folder: Path) -> Path:
    """A copy of the project without results, environments and caches."""
    return Path(shutil.copytree(ROOT, folder, ignore=LEFT_OUT, symlinks=True))


def attempt(mutant: Mutant, copy: Path) -> tuple[str, str]:
    """Apply a change to a copy, run its test there and take the change back; the outcome and, for an error, why."""
    path = copy / mutant.file
    text = path.read_text()
    if (fault := mutant.fault(text)) is not None:
        return ERROR, fault
    path.write_text(mutant.applied(text))
    try:
        status, output = run_tests([mutant.test], copy)
    finally:
        path.write_text(text)
    if status in (0, 1):  # pytest's "all passed" and "some failed"
        return (SURVIVED, NOTICED)[status], ""
    return ERROR, f"pytest ended with status {status}: {output.strip().splitlines()[-1] if output.strip() else ''}"


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="./run test-mutants", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="only changes of these files or folders")
    parser.add_argument("--jobs", type=int, default=2, help="tests at a time (2)")
    options = parser.parse_args(arguments)
    mutants = [m for m in read_mutants() if not options.files or m.file.startswith(tuple(options.files))]
    if not mutants:
        parser.error(f"mutants.yaml has no change of {' or '.join(options.files)}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants.") as folder:
        copies = queue.Queue()
        for number in range(options.jobs):
            copies.put(copy_project(Path(folder) / str(number)))
        copy = copies.get()
        status, output = run_tests(sorted({mutant.test for mutant in mutants}), copy)
        copies.put(copy)
        if status != 0:
            print(f"{output}\ntest-mutants: error: these tests do not pass without any change.", file=sys.stderr)
            return 1

        def take(mutant: Mutant) -> tuple[Mutant, str, str, float]:
            copy, start = copies.get(), time.monotonic()
            try:
                return mutant, *attempt(mutant, copy), time.monotonic() - start
            finally:
                copies.put(copy)

        outcomes = []
        with ThreadPoolExecutor(options.jobs) as pool:
            for mutant, outcome, why, seconds in pool.map(take, mutants):
                outcomes.append((mutant.file, outcome))
                words = why and f": {why}"
                print(f"{outcome:8} {seconds:5.1f} s  {mutant.file}: {mutant.slip}{words}  [{mutant.test}]", flush=True)
    for file, count in Counter(file for file, _ in outcomes).items():
        print(f"{file}: {count} changes, {outcomes.count((file, NOTICED))} noticed")
    total = Counter(outcome for _, outcome in outcomes)
    told = ", ".join(f"{total[outcome]} {outcome}" for outcome in (NOTICED, SURVIVED, ERROR))
    print(f"{len(outcomes)} changes: {told}; {time.monotonic() - began:.0f} s")
    return int(total[NOTICED] != len(outcomes))


if __name__ == "__main__":
    sys.exit(main())
