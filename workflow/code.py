"""Which files of this project a module is made of, so that a rule re-runs when one of them changes."""

import ast
import os
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def here(path: Path) -> str:
    """A file of the project, relative to the working directory: rules name it the same in every checkout."""
    return os.path.relpath(path)


@cache
def code_of(module: str, *packages: str) -> list[str]:
    """The module's file and those that it imports, directly or not, within `packages` (its own if none is named)."""
    packages = packages or (module.split(".")[0],)
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        stem = ROOT / name.replace(".", "/")
        path = next((file for file in (stem.with_suffix(".py"), stem / "__init__.py") if file.is_file()), None)
        if path is None or path in found or name.split(".")[0] not in packages:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    return [here(path) for path in sorted(found)]


def code_of_runs() -> list[str]:
    """Python files that a run may use; the command line is none of them."""
    files = (path for top in ("marvel", "baselines") for path in (ROOT / top).rglob("*.py"))
    return [here(path) for path in sorted(files) if not path.is_relative_to(ROOT / "marvel" / "cli")]
