"""One writer on a disk that is full at another point each time; test_disk.py runs it in a mount namespace of its own.

    python -m faults.full_disk STUDY MOUNT WRITER

A tmpfs at MOUNT gets room for 1, 2, 3, ... files, then for one page, two, four, ... until the writer ends well there.
Each attempt before that should end with status 1 and one sentence and leave no temporary file; then the disk gets
larger, and the same call should end with the bytes that it has on an empty disk. Prints what did not, as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

LARGE = "size=128m,nr_inodes=10k"
FILES = [f"size=128m,nr_inodes={count}" for count in (*range(2, 30), 60, 120, 240)]  # the first is the root folder
PAGES = [
    f"size={4096 * count},nr_inodes=10k" for count in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512)
]
PAGES += [f"size={size}m,nr_inodes=10k" for size in (4, 16, 64)]
LEFT = ("snapshot.pt", "buffer.f32")  # of a run; needless once it is finished
RUNS = {
    "dataset": "data/Toy",
    "pretrain": "offline/cpq/Toy/seed0",
    "prealign": "prealigned/vpa/cpq/Toy/seed0",
    "finetune": "runs/marvel/Toy/seed0",
}


def module(name: str, *words: str) -> Callable[[], int | None]:
    """`python -m NAME WORDS` in this process."""
    return lambda: import_module(name).main([*words])


def writers(study: Path, out: Path) -> dict[str, Callable[[], int | None]]:
    """{name: call that writes below `out`}, from what a finished study has."""
    scores, data = study / "scores.csv", study / "data/Toy/dataset.hdf5"
    made = {
        name: module(
            "marvel.run.__main__", str(study / folder / "run.json"), "--out", f"{out}/x", "--log", f"{out}/log"
        )
        for name, folder in RUNS.items()
    }
    runs = ["--runs", str(study / "runs"), "--method", "marvel", "Toy", "0"]
    tables = ["main", "final", "offline", "compare", "claims"]
    figure = ["curves", "--scores", str(scores), "--units", "raw"]
    noise = ["--task", "Toy", "--cost-limit", "5", "--seed", "0", "--filters", '{"noise": 0.1}']
    return made | {
        "filter": module("marvel.datasets.filters", str(data), *noise, "--out", f"{out}/x/dataset.hdf5"),
        "card": lambda: card(data, out / "x"),
        "scores": module("workflow.runs.scores", *runs, "--out", f"{out}/x/scores.csv"),
        "tables": module("workflow.tables.__main__", *tables, "--scores", str(scores), "--out-dir", f"{out}/x"),
        "figure": module("workflow.figures.__main__", *figure, "--out", f"{out}/x/curves"),
        "scatter": module(
            "workflow.figures.scatter", "--datasets", str(data), "--out", f"{out}/x/d", "--table", f"{out}/x/d.csv"
        ),
        "page": module("workflow.page.__main__", "--study", str(study), "--out", f"{out}/x/index.html"),
        "merge": lambda: merge(study, out / "x"),
        "plan": lambda: plan(study, out),
    }


def card(data: Path, folder: Path) -> int:
    """Keep a dataset's card beside a link to it."""
    link = folder / "dataset.hdf5"
    if not link.is_symlink():
        try:
            folder.mkdir(exist_ok=True)
            link.symlink_to(data)
        except OSError:  # that is not its own
            raise ValueError("the disk has no room for the dataset itself.") from None
    return import_module("marvel.datasets.__main__").main(["card", str(link), "--task", "Toy"])


def merge(study: Path, folder: Path) -> int:
    """Copy all jobs of the study into another half, which has none yet."""
    try:
        (folder / "runs").mkdir(parents=True, exist_ok=True)
    except OSError:  # that is not its own
        raise ValueError("the disk has no room for the other half.") from None
    return import_module("marvel.cli.merge").main([str(study), str(folder)])


def plan(study: Path, out: Path) -> None:
    """Write the list of jobs that `marvel status` reads."""
    from workflow.study import Study

    read = import_module("marvel.cli.plan").read_study(study.parents[1] / "config.yaml")
    assert isinstance(read, Study)
    read.base = str(out / "x")
    import_module("marvel.cli.plan").write_plan(read)


def attempt(call: Callable[[], int | None]) -> tuple[int, str]:
    """Exit status (below 0: the signal that ended it) and stderr of a call in a process of its own."""
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if not child:
            os.dup2(said.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os._exit(ended(call))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        return status, said.read()


def ended(call: Callable[[], int | None]) -> int:
    """Exit status of a call, as its `__main__` would end it."""
    try:
        return call() or 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except ValueError as error:  # what every __main__ of the workflow catches
        print(error, file=sys.stderr, flush=True)
    except Exception:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
    return 1


def mount(options: str, folder: Path) -> None:
    """Mount a tmpfs, or change the one that is mounted there."""
    again = "remount," if os.path.ismount(folder) else ""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"{again}{options}", "tmpfs", str(folder)], check=True)


def contents(folder: Path) -> dict[str, str]:
    """{path: hex} of all that has neither clock nor path in it."""
    skip = ("run.json", "status.json", "lock", "log", "card.json", *LEFT)
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in skip]
    return {str(path.relative_to(folder)): path.read_bytes().hex() for path in paths if "benchmarks" not in path.parts}


def faults(call: Callable[[], int | None], folder: Path) -> Iterator[dict | str]:
    """What went otherwise than it should, at each size of the disk; at the end how many sizes were too small."""
    mount(LARGE, folder)
    status, said = attempt(call)
    assert status == 0, said
    expected, small = contents(folder), 0
    subprocess.run(["umount", str(folder)], check=True)
    for sizes in (FILES, PAGES):
        for size in sizes:
            mount(size, folder)
            status, said = attempt(call)
            if status == 0:
                yield from told(size, "ended with status 0 and other files", said, contents(folder) == expected)
                subprocess.run(["umount", str(folder)], check=True)
                break
            small += 1
            lines = said.strip().splitlines() or [""]
            yield from told(size, "no sentence", said, "Traceback" not in said and lines[-1].endswith("."))
            left = [str(path) for path in folder.rglob(".*.tmp")]
            yield from told(size, f"temporary files {left}", said, not left)
            mount(LARGE, folder)
            again, words = attempt(call)
            yield from told(size, "does not go on", said + words, again == 0)
            yield from told(size, "ends with other files", said + words, again != 0 or contents(folder) == expected)
            left = [path.name for name in LEFT for path in folder.rglob(name)]
            yield from told(size, f"keeps {left}", said + words, not left)
            subprocess.run(["umount", str(folder)], check=True)
        else:
            raise AssertionError("the largest disk is too small")
    yield small


def told(size: str, what: str, said: str, well: bool) -> Iterator[dict]:
    """A fault as a dictionary, if it is one."""
    if not well:
        yield {"size": size, "what": what, "said": said[-1500:]}


if __name__ == "__main__":
    study, folder, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    os.chdir(study.parents[1])  # where the paths of its records lead
    found = list(faults(writers(study, folder)[name], folder))
    print(json.dumps({"small": found.pop(), "faults": found}))
