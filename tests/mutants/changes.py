"""The changes of `mutants.yaml`, and how one is applied."""

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("mutants.yaml")


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


@cache
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
