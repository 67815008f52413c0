"""What commands share: how they end, parsers with examples, and words for seconds and sizes."""

import argparse
import sys

from marvel.errors import InputError, Interrupted, SimulatorError

ENDINGS = (InputError, SimulatorError, Interrupted)


def ended_by(error: Exception) -> int:
    """Say on stderr which of `ENDINGS` ended a command; returns its exit status, 1 or 128 and the signal's number."""
    stopped = isinstance(error, Interrupted)
    print(error if stopped else f"error: {error}", file=sys.stderr)
    return 128 + error.signal if stopped else 1


def make_parser(name: str, description: str, *examples: str, json: bool = True) -> argparse.ArgumentParser:
    """The parser of a subcommand.

    Args:
        name: Of the subcommand.
        description: What it does and what its exit code says.
        *examples: Command lines, shown at the end of the help.
        json: Whether it has the option `--json`.
    """
    parser = argparse.ArgumentParser(
        prog=f"marvel {name}",
        description=description,
        epilog="\n".join(["examples:", *(f"  {example}" for example in examples)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if json:
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    return parser


def duration(seconds: float | None) -> str:
    """Seconds in words: "42 s", "14 min", "3 h 20 min", "2 d 5 h"; a dash if unknown."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def size(megabytes: float) -> str:
    """Megabytes in words: "350 MB", "1.7 GB"."""
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"
