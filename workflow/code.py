"""Which code of this project a module is made of, so that a rule runs again when it changes."""

import ast
import hashlib
import os
from functools import cache
from pathlib import Path

from marvel.files import file_hash
from marvel.run.record import code_hash

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("workflow", "marvel", "baselines")
DATA = (".tsv", ".csv", ".yaml")


def here(path: Path) -> str:
    """A file of the project, relative to the working directory: the same in every checkout."""
    return os.path.relpath(path)


def _closure(module: str) -> set[Path]:
    """Files of a module and of all that it imports, directly or not."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if path is None or path in found or name.split(".")[0] not in PACKAGES:
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
def _texts(path: Path) -> frozenset[str]:
    """All texts of a file's source."""
    nodes = ast.walk(ast.parse(path.read_bytes()))
    return frozenset(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


@cache
def _tables() -> dict[str, Path]:
    """{file name: path} of the data files among the code."""
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*"))
    return {path.name: path for path in files if path.suffix in DATA}


@cache
def contents(module: str) -> dict[str, str]:
    """{path: hash} of all that decides what a module makes of its inputs, paths relative to the root.

    Of Python files comments, docstrings and layout do not count. A data file of the project, such as
    workflow/config/hyperparameters.tsv, belongs to it if any of the code has its file name as a text. A module that is
    imported by a name made at run time is not seen.

    Args:
        module: Such as `workflow.tables.final`; with it count the modules of this project that it imports, directly or
            not, and the packages they lie in.
    """
    files = _closure(module)
    files |= {parent / "__init__.py" for file in files for parent in file.parents if ROOT in parent.parents}
    files = {path for path in files if path.is_file()}
    tables = {_tables()[text] for path in files for text in _texts(path) & _tables().keys()}
    hashes = {path: _code_hash(path) for path in files} | {path: file_hash(path) for path in tables}
    return {path.relative_to(ROOT).as_posix(): hashes[path] for path in sorted(hashes)}


def code_version(module: str, *others: Path) -> str:
    """Hash of the `contents` of a module, for the `params` of its rule, which then runs again on a change.

    Args:
        module: As in `contents`.
        others: Further files that it reads, such as templates.

    Raises:
        FileNotFoundError: One of these is missing.
    """
    parts = [*contents(module).items(), *((path.name, file_hash(path)) for path in others)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


_code_hash = cache(code_hash)


def version_of_runs() -> str:
    """Hash of the Python files that a run may use, as in `contents`; the command line is none of them."""
    files = (path for top in ("marvel", "baselines") for path in sorted((ROOT / top).rglob("*.py")))
    hashes = [_code_hash(path) for path in files if not path.is_relative_to(ROOT / "marvel" / "cli")]
    return hashlib.sha256(repr(hashes).encode()).hexdigest()[:16]
