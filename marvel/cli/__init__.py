"""The command `marvel`: one small module a subcommand, imported when it is asked for."""

import importlib
import os
import sys
import tomllib
from pathlib import Path

from marvel.cli.common import ENDINGS, ended_by

# {subcommand: one line of help}; each is the function `main(arguments) -> exit code` of the module marvel.cli.NAME.
COMMANDS = {
    "run": "run one spec, or go on with it",
    "verify": "repeat a run from its record and compare, row by row",
    "tasks": "the tasks, and what they need",
    "datasets": "check, describe and get datasets",
    "cost": "what a study will cost: jobs, core-hours, memory, disk, wall time",
    "status": "how far a study is, live",
    "watch": "a clip of a run: the offline policy beside the fine-tuned one",
    "merge": "bring two halves of a study together",
}
EXAMPLES = """\
examples:
  marvel tasks 'Ball*'
  marvel cost workflow/config/quick.yaml --cores 2
  marvel status quick
  marvel verify results/quick/runs/marvel/BallRun/seed0/run.json
  marvel watch results/quick/runs/marvel/BallRun/seed0/run.json
"""


def main(arguments: list[str] | None = None) -> int:
    """The command line.

    Returns:
        0 if all is well; 1 if the answer is no, or the input faulty (one sentence on stderr); 2 for a command line that
        cannot be read; 128 and the signal's number if one asked it to stop.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in ("-h", "--help"):
        print(overview(), end="")
        return 0 if words else 2
    if words[0] == "--version":
        print(f"marvel {version()}")
        return 0
    name, *rest = words
    if name not in COMMANDS:
        kind = "option" if name.startswith("-") else "command"
        print(f"marvel: {name!r} is no {kind}; known commands are {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    try:
        return importlib.import_module(f"marvel.cli.{name}").main(rest)
    except ENDINGS as error:
        return ended_by(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `marvel tasks | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def version() -> str:
    """The version in pyproject.toml; a study is named by its commit, which every run.json records."""
    text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]["version"]


def overview() -> str:
    """What `marvel --help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {text}" for name, text in COMMANDS.items()]
    head = "usage: marvel COMMAND ...        (marvel COMMAND --help explains one)\n\ncommands:\n"
    return head + "\n".join(lines) + f"\n\n{EXAMPLES}"
