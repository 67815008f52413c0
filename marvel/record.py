"""What a run leaves behind so that its numbers can be traced and repeated: hashes, versions, machine."""

import ast
import hashlib
import importlib.metadata
import json
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Files that only carry rows to disk: a change in them cannot change a number.
CARRIERS = {"marvel/run.py", "marvel/record.py", "marvel/__init__.py"}
PACKAGES = ("torch", "numpy", "dsrl", "gymnasium", "bullet-safety-gym", "pybullet", "safety-gymnasium", "mujoco")


def code_hash(path: Path) -> str:
    """Hash of a Python file's syntax tree without docstrings: comments and layout do not count (16 hex digits)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False):
            node.body = body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def code_in_use() -> dict[str, str]:
    """{path: hash} of this project's modules that are loaded now, paths relative to its root."""
    hashes = {}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not file or not Path(file).resolve().is_relative_to(ROOT):
            continue
        name = Path(file).resolve().relative_to(ROOT).as_posix()
        if name.split("/")[0] in ("marvel", "baselines") and name not in CARRIERS:
            hashes[name] = code_hash(ROOT / name)
    return dict(sorted(hashes.items()))


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(*parts: object) -> str:
    """Hash of JSON-able objects."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def commit() -> tuple[str | None, bool | None]:
    """The checked-out commit and whether tracked files differ from it; (None, None) outside a git checkout."""

    def git(*words: str) -> str:
        result = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
        return result.stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None, None


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a number."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """Name of the processor; across types numbers agree within rounding, not in bytes."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
