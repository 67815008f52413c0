"""Make a study's tables from its scores; nothing is trained.

python -m workflow.tables main final --scores results/quick/scores.csv
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from workflow.captions import missing_sentence
from workflow.names import add_labels, labels_of, named
from workflow.tables import TABLES
from workflow.tables.page import with_note, write
from workflow.tables.source import Source


def draw(name: str, source: Source, folder: Path) -> None:
    """Make one table of `TABLES` and write it."""
    page, frames = import_module(TABLES[name].module).make(source)
    if set(frames) != set(TABLES[name].csv):
        raise ValueError(f"{TABLES[name].module} makes {sorted(frames)}; TABLES says {sorted(TABLES[name].csv)}.")
    page = with_note(page, missing_sentence(source.missing, source.scores))
    write(folder, name, named(page, source.labels, source.methods), frames)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m workflow.tables", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="+", choices=list(TABLES))
    parser.add_argument("--scores", type=Path, required=True, help="scores.csv in the study's folder")
    parser.add_argument(
        "--ranks", type=Path, nargs="+", help="files of python -m marvel.ranks, {task}/seed{number}.csv"
    )
    parser.add_argument("--out-dir", type=Path, help="default: tables/ beside the scores")
    add_labels(parser)
    options = parser.parse_args(arguments)
    source = Source(options.scores, options.ranks, labels_of(options.labels))
    for name in options.names:
        draw(name, source, options.out_dir or source.study / "tables")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"tables: {error}")
