"""CPU time of a job until its first row, simulator included; and of importing torch, which is most of it.

`python -m benchmarks.startup` prints the first.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

# From random weights: row 0 is due at once, after one evaluation episode.
SPEC = {
    "train": "baselines.from_scratch",
    "task": "BallRun",
    "seed": 0,
    "cost_limit": 20,
    "hyperparameters": {"online_episodes": 5, "episodes_per_round": 5, "eval_episodes": 1},
    "options": {},
}


class Reached(BaseException):
    """The first row is there; not an Exception, which the job would report as its own fault."""


def until_the_first_row() -> None:
    """Run the job as the workflow does and leave it at its first report."""
    from marvel.run import __main__ as command
    from marvel.run.context import Context

    with tempfile.TemporaryDirectory() as folder:

        def report(context, done, total, unit, **values):
            raise Reached

        with mock.patch.object(Context, "report", report):
            try:
                command.main([json.dumps(SPEC), "--out", str(Path(folder) / "run")])
            except Reached:
                return
    raise RuntimeError("the job ended without a row")


def seconds(*command: str) -> float:
    """CPU seconds of a process."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return spent() - before


def turns(count: int) -> tuple[list[float], list[float]]:
    """CPU seconds of jobs and of `import torch`, in turns."""
    os.environ["OMP_NUM_THREADS"] = "1"
    pairs = [(seconds("-m", "benchmarks.startup"), seconds("-c", "import torch")) for _ in range(count)]
    return tuple(map(list, zip(*pairs, strict=True)))


if __name__ == "__main__":
    until_the_first_row()
