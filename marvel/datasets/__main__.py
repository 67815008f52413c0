"""The command line of `python -m marvel.datasets`; see the package."""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

from marvel.datasets.card import card, picture, show
from marvel.datasets.mirrors import find
from marvel.errors import InputError
from marvel.files import replacing, write_atomically


def keep(facts: dict, arrays: dict[str, np.ndarray], folder: Path) -> None:
    """Write a card and its picture, card.json and scatter.png, into `folder`."""
    for name, content in (
        ("scatter.png", picture(facts, arrays)),
        ("card.json", (json.dumps(facts, indent=1) + "\n").encode()),
    ):
        write_atomically(folder / name, content)


def link(source: Path, out: Path) -> None:
    """Make `out` a symbolic link to `source`, by one rename.

    Raises:
        InputError: `out` is a file or folder, which a link must not replace, or cannot be written.
    """
    if os.path.lexists(out) and not out.is_symlink():
        raise InputError(f"{out} exists and is no link; remove it or give another --out.")
    with replacing(out) as temporary:
        temporary.symlink_to(source)


def get(task: str, file: str | None, out: Path, with_card: bool = True) -> dict:
    """Find or download a task's dataset, check it, link `out` to it, keep its card there; returns the card."""
    source = Path(os.path.realpath(find(task, file)))
    facts, arrays = card(source, task)  # a faulty file raises before anything is linked
    link(source, out)
    if with_card:
        keep(facts, arrays, out.parent)
    return facts


def parser() -> argparse.ArgumentParser:
    """The three commands and their options."""
    made = argparse.ArgumentParser(prog="python -m marvel.datasets", description="Check, describe and get datasets.")
    commands = made.add_subparsers(dest="command", required=True)
    for name, text in (
        ("check", "print a card per file"),
        ("card", "print it and keep it, with a picture, beside the file"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("files", nargs="+", metavar="FILE", type=Path)
        command.add_argument("--task", help="the task that the files belong to; guessed otherwise")
    command = commands.add_parser("get", help="find or download a task's dataset, check it and link to it")
    command.add_argument("task", metavar="TASK")
    command.add_argument("--file", help="a file, or a folder to look in first")
    command.add_argument("--out", required=True, type=Path, metavar="DIR/dataset.hdf5")
    command.add_argument("--no-card", action="store_true", help="print the card without keeping it beside the link")
    return made


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status, 1 if any file is faulty."""
    options = parser().parse_args(arguments)
    status = 0
    for file in options.files if options.command != "get" else [None]:
        try:
            if options.command == "get":
                facts = get(options.task, options.file, options.out, not options.no_card)
            else:
                facts, arrays = card(file, options.task)
                if options.command == "card":
                    keep(facts, arrays, file.parent)
            text, encoding = show(facts), sys.stdout.encoding or "ascii"
            print(text.encode(encoding, errors="backslashreplace").decode(encoding))
        except InputError as fault:
            print(f"error: {fault}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
