"""Whether the tests notice what a careless refactoring could do: every change of `mutants.yaml` against its test.

    ./run test-mutants [FILE ...] [--jobs 2]

FILE is a path of the project or its beginning, such as marvel/sac.py or workflow/statistics; without any, all changes
are tried. The project is copied to temporary folders, so that nothing here is touched. A change is noticed if its test
fails, and survives if the test passes; the exit status is 0 only if all are noticed.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.changes import ROOT, Mutant, read_mutants
from tests.mutants.process import preload, start

NOTICED, SURVIVED, ERROR = "noticed", "survived", "error"
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".snakemake", ".peers", "__pycache__", ".*_cache", "results", "data"
)


def copy_project(folder: Path) -> Path:
    """A copy of the project without results, environments and caches."""
    return Path(shutil.copytree(ROOT, folder, ignore=LEFT_OUT, symlinks=True))


def outcome_of(status: int, log: Path) -> tuple[str, str]:
    """What pytest's exit status means for a change, and why where it is an error."""
    if status in (0, 1):  # "all passed" and "some failed"
        return (SURVIVED, NOTICED)[status], ""
    lines = log.read_text().strip().splitlines()
    return ERROR, f"pytest ended with status {status}" + (f": {lines[-1]}" if lines else "")


def unchanged(tests: list[str], copies: list[Path]) -> Iterator[str]:
    """The output of tests that do not pass without any change, shared out over the copies by their files."""
    shares: dict[Path, list[str]] = {copy: [] for copy in copies}
    for file in sorted({test.split("::")[0] for test in tests}):
        least = min(copies, key=lambda copy: len(shares[copy]))
        shares[least] += [test for test in tests if test.split("::")[0] == file]
    logs = {start(ids, copy, copy.with_suffix(".log")): copy for copy, ids in shares.items() if ids}
    for _ in range(len(logs)):
        process, status = os.wait()
        if status != 0:
            yield logs[process].with_suffix(".log").read_text()


def attempts(mutants: list[Mutant], copies: list[Path]) -> Iterator[tuple[Mutant, str, str, float]]:
    """Apply each change to a copy that is free, run its test there and take the change back; as they end.

    Yields:
        The change, its outcome, why for an error, and seconds.
    """
    waiting, free, running = list(reversed(mutants)), list(copies), {}
    while waiting or running:
        while waiting and free:
            mutant, copy = waiting.pop(), free.pop()
            text = (copy / mutant.file).read_text()
            if (fault := mutant.fault(text)) is not None:
                free.append(copy)
                yield mutant, ERROR, fault, 0.0
                continue
            (copy / mutant.file).write_text(mutant.applied(text))
            process = start([mutant.test], copy, copy.with_suffix(".log"))
            running[process] = mutant, copy, text, time.monotonic()
        if not running:
            return
        process, status = os.wait()
        mutant, copy, text, began = running.pop(process)
        (copy / mutant.file).write_text(text)
        free.append(copy)
        ended = os.waitstatus_to_exitcode(status)  # a signal's number below 0: the alarm of a test that hangs
        yield mutant, *outcome_of(ended, copy.with_suffix(".log")), time.monotonic() - began


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="./run test-mutants", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="only changes of these files or folders")
    parser.add_argument("--jobs", type=int, default=2, help="tests at a time (2)")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}; it must be at least 1")
    mutants = [m for m in read_mutants() if not options.files or m.file.startswith(tuple(options.files))]
    if not mutants:
        parser.error(f"mutants.yaml has no change of {' or '.join(options.files)}")
    began, outcomes = time.monotonic(), []
    preload()
    with tempfile.TemporaryDirectory(prefix="mutants.") as folder:
        copies = [copy_project(Path(folder) / str(number)) for number in range(options.jobs)]
        for output in unchanged(sorted({mutant.test for mutant in mutants}), copies):
            print(f"{output}\ntest-mutants: error: a test does not pass without any change.", file=sys.stderr)
            return 1
        for mutant, outcome, why, seconds in attempts(mutants, copies):
            outcomes.append((mutant.file, outcome))
            words = why and f": {why}"
            print(f"{outcome:8} {seconds:5.1f} s  {mutant.file}: {mutant.slip}{words}  [{mutant.test}]", flush=True)
    for file, count in Counter(mutant.file for mutant in mutants).items():
        print(f"{file}: {count} changes, {outcomes.count((file, NOTICED))} noticed")
    total = Counter(outcome for _, outcome in outcomes)
    told = ", ".join(f"{total[outcome]} {outcome}" for outcome in (NOTICED, SURVIVED, ERROR))
    print(f"{len(outcomes)} changes: {told}; {time.monotonic() - began:.0f} s")
    return int(total[NOTICED] != len(outcomes))


if __name__ == "__main__":
    sys.exit(main())
