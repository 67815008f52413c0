"""The changes of `mutants.yaml`, how one is applied, and how tests are run against a copy of the project."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("mutants.yaml")
SECONDS = 300  # after which a test has hung


class Mutant(NamedTuple):
    """A change of one place in the code, and the test that must fail under it."""

    file: str  # relative to the project's root
    slip: str  # the change in words
    old: str
    new: str
    test: str  # pytest's node id; without [parameters] all of a test's cases

    def fault(self, text: str) -> str | None:
        """Why the change cannot be applied to the file's text, or would change no code; None if it can."""
        if (count := text.count(self.old)) != 1:
            return f"does not apply: the old text occurs {count} times, not once"
        try:
            changed = code(self.applied(text))
        except SyntaxError as error:
            return f"does not apply: the new text is no Python ({error})"
        return None if changed != code(text) else "does not apply: old and new text are the same code"

    def applied(self, text: str) -> str:
        """The file's text after the change."""
        return text.replace(self.old, self.new)


def code(text: str) -> str:
    """The syntax tree of a module without comments and docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def read_mutants() -> list[Mutant]:
    """All changes, file by file."""
    table = yaml.safe_load(TABLE.read_text())
    return [Mutant(file, **change) for file, changes in table.items() for change in changes]


def run_tests(ids: list[str], folder: Path, *options: str) -> tuple[int, str]:
    """Run tests, at most until the first one fails, of the project in `folder`, whose modules they import.

    No bytecode is written: Python tells a stale one by size and second, and changes come faster.

    Returns:
        pytest's exit status (-1 if it took too long) and its output.
    """
    settings = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=", *options, *ids]
    words = {"cwd": folder, "env": os.environ | settings, "capture_output": True, "text": True}
    try:
        result = subprocess.run(command, timeout=max(SECONDS, 10 * len(ids)), **words)
    except subprocess.TimeoutExpired:
        return -1, "a test takes too long"
    return result.returncode, result.stdout + result.stderr
