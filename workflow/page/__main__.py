"""A study as one HTML file that opens from disk, without a network: verdicts, tables, curves, data, runs.

    python -m workflow.page --study results/quick --method marvel BallRun,CarRun 0,1,2

writes results/quick/report/index.html. Without --method it shows the runs of scores.csv and
cannot say which are missing.
"""

import argparse
import sys
from pathlib import Path

from marvel.files import write_atomically
from workflow.names import add_labels, labels_of
from workflow.page.inputs import read
from workflow.page.links import FOLDER
from workflow.page.page import render


def main(arguments: list[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--study", type=Path, required=True, help="its folder, with scores.csv and runs/")
    parser.add_argument("--tables", type=Path, help="folder of the tables; by default tables/ in the study's")
    words = {"nargs": 3, "action": "append", "default": []}
    names = ("METHOD", "TASKS", "SEEDS")
    parser.add_argument("--method", metavar=names, **words, help="runs that the study asked for, with commas")
    names = ("NAME", "TASKS", "METHODS")
    parser.add_argument("--steps", metavar=names, **words, help="methods that differ by one option each, with commas")
    add_labels(parser)
    parser.add_argument("--out", type=Path, help=f"by default {FOLDER}/index.html in the study's folder")
    options = parser.parse_args(arguments)
    planned = [
        (method, task, int(seed))
        for method, tasks, seeds in options.method
        for task in tasks.split(",")
        for seed in seeds.split(",")
    ]
    steps = {name: (tasks.split(","), methods.split(",")) for name, tasks, methods in options.steps}
    text = render(read(options.study, options.tables, planned, steps, labels_of(options.labels)))
    out = options.out or options.study / FOLDER / "index.html"
    write_atomically(out, text.encode())
    print(f"page: {len(text.encode()) / 1e6:.1f} MB -> {out}")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"page: {error}")
