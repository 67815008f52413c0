"""Which code of this project a module is made of, so that a rule runs again when it changes."""

import ast
import hashlib
import os
from functools import cache
from pathlib import Path

from marvel.run.record import code_hash

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("workflow", "marvel", "baselines")


def here(path: Path) -> str:
    """A file of the project, relative to the working directory: rules name it the same in every checkout."""
    return os.path.relpath(path)


@cache
def code_of(module: str, *packages: str) -> list[str]:
    """The module's file and those that it imports, directly or not, within `packages` (its own if none is named)."""
    return [here(path) for path in sorted(_closure(module, packages or (module.split(".")[0],)))]


def _closure(module: str, packages: tuple[str, ...]) -> set[Path]:
    """Files of a module and of all that it imports, directly or not, within `packages`."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if path is None or path in found or name.split(".")[0] not in packages:
            continue
        found.add(path)
        waiting += _imports(path)
    return found


def _file_of(module: str) -> Path | None:
    """The file of a module or package of this project, None if there is none."""
    stem = ROOT / module.replace(".", "/")
    return next((file for file in (stem.with_suffix(".py"), stem / "__init__.py") if file.is_file()), None)


@cache
def _imports(path: Path) -> list[str]:
    """Modules, and names that may be modules, that a file imports anywhere in it."""
    found = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return found


@cache
def code_version(module: str, *tables: str | Path) -> str:
    """Hash of all that decides what a module of the report makes of its inputs, for the `params` of its rule.

    As a parameter it re-runs a rule when code or a table changes; comments, docstrings and layout do not count, which
    files as inputs would. A module that is imported by a name made at run time is not seen: give it a hash of its own.

    Args:
        module: Such as `workflow.tables.final`; with it count the modules of this project that it imports, directly or
            not, and the packages they lie in.
        tables: Data files that the code reads beside its inputs, such as workflow/config/hyperparameters.tsv.

    Raises:
        FileNotFoundError: One of the tables is missing.
    """
    files = _closure(module, PACKAGES)
    files |= {parent / "__init__.py" for file in files for parent in file.parents if ROOT in parent.parents}
    parts = {path.relative_to(ROOT).as_posix(): _code_hash(path) for path in files if path.is_file()}
    for table in (Path(os.path.abspath(table)) for table in tables):
        parts[table.relative_to(ROOT).as_posix()] = hashlib.sha256(table.read_bytes()).hexdigest()
    return hashlib.sha256(repr(sorted(parts.items())).encode()).hexdigest()[:16]


_code_hash = cache(code_hash)


def code_of_runs() -> list[str]:
    """Python files that a run may use."""
    files = (path for top in ("marvel", "baselines") for path in (ROOT / top).rglob("*.py"))
    return [here(path) for path in sorted(files)]
