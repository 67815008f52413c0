"""Malformed inputs as data, a module per kind.

Each has `CASES`, pairs of an input and words of the sentence that refuses it, and `give`, which hands an input to the
code that reads it.
"""

from pathlib import Path
from typing import NamedTuple


class World(NamedTuple):
    """What the inputs are faults of: good files of the toy task, and an empty folder."""

    folder: Path
    dataset: Path
    offline: Path  # a checkpoint of CPQ, its record beside it
    prealigned: Path  # the same, pre-aligned


def save(folder: Path, name: str, content: str | bytes) -> Path:
    """A file of this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
