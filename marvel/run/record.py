"""What a run leaves behind so that its numbers can be traced and repeated: hashes, versions, machine."""

import ast
import hashlib
import importlib.metadata
import json
import platform
import subprocess
from dataclasses import asdict
from pathlib import Path

from marvel import numerics
from marvel.tasks import Task

ROOT = Path(__file__).resolve().parents[2]
# Files that only carry data from and to disk: a change in them cannot change a number.
CARRIERS = {
    "marvel/run/__main__.py",
    "marvel/run/progress.py",
    "marvel/run/record.py",
    "marvel/datasets/mirrors.py",
    "marvel/__init__.py",
}
PACKAGES = (
    "torch",
    "numpy",
    "h5py",
    "dsrl",
    "gymnasium",
    "bullet-safety-gym",
    "pybullet",
    "safety-gymnasium",
    "mujoco",
)
PACKAGES += ("metadrive-simulator", "panda3d")


def code_hash(path: Path) -> str:
    """Hash of a Python file's syntax tree without docstrings: comments and layout do not count (16 hex digits)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False):
            node.body = body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def code_of(*modules: str) -> dict[str, str]:
    """{path: hash} of the project's files that `modules` import, directly or not; paths relative to the root.

    Imports are read from the sources, so the answer does not depend on what else a process has loaded. Of the
    simulators, which `make_env` imports by need, only those among `modules` count.
    """
    hashes, waiting = {}, list(modules)
    while waiting:
        name = waiting.pop()
        stem = ROOT / name.replace(".", "/")
        path = next((p for p in (stem.with_suffix(".py"), stem / "__init__.py") if p.exists()), None)
        if path is None or (relative := path.relative_to(ROOT).as_posix()) in hashes.keys() | CARRIERS:
            continue
        hashes[relative] = code_hash(path)
        waiting += ["marvel.datasets"] * name.startswith("marvel.datasets.")  # importing a module runs its package
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            else:
                continue
            ours = [module for module in found if module.split(".")[0] in ("marvel", "baselines")]
            waiting += [module for module in ours if not module.startswith("marvel.simulators.")]
    return dict(sorted(hashes.items()))


def identity(spec: dict, task: Task, code: dict, inputs: dict) -> dict:
    """All that decides a run's numbers on one type of processor, by name.

    Args:
        spec: The run spec with all defaults written out.
        task: The facts of its task.
        code: From `code_of`.
        inputs: {path: SHA-256} of the files that it reads.
    """
    known = {"task": asdict(task), "code": code, "versions": versions(), "numerics": numerics.settings()}
    return {"spec": spec, "inputs": inputs} | known


def fingerprint(parts: dict) -> str:
    """Hash of what `identity` returns."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def differences(old: dict, new: dict) -> list[str]:
    """Names of what differs between two identities, such as "spec seed" or "code marvel/sac.py"."""
    found = []
    for part in sorted(old.keys() | new.keys()):
        ours, theirs = old.get(part) or {}, new.get(part) or {}
        found += [f"{part} {key}" for key in sorted(ours.keys() | theirs.keys()) if ours.get(key) != theirs.get(key)]
    return found


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
    """The processor's name, family, model and widest instructions, which the numerical libraries choose by.

    Across types numbers agree within rounding, not in bytes; a name alone, such as "AMD EPYC", may stand for several.
    """
    found = {}
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            found.setdefault(key.strip(), value.strip())
    except OSError:
        return platform.processor() or platform.machine()
    name = found.get("model name", platform.machine())
    widest = "AVX-512" if "avx512f" in found.get("flags", "") else "AVX2" if "avx2" in found.get("flags", "") else "?"
    return f"{name}, family {found.get('cpu family', '?')} model {found.get('model', '?')}, {widest}"
