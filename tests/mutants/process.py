"""Processes that run tests of a copy of the project: forked, since importing the libraries takes longer than a test."""

import importlib
import os
import signal
import sys
import traceback
from pathlib import Path

from tests.mutants.changes import ROOT

SECONDS = 300  # after which a test has hung
LIBRARIES = ("numpy", "torch", "pandas", "scipy.stats", "scipy.optimize", "h5py", "gymnasium", "matplotlib", "pytest")

# plugins that no named test needs take longer to load than most tests
UNUSED = ("cacheprovider", "xdist", "hypothesispytest")
OPTIONS = ["-x", "-q", "-o", "addopts=", *(word for name in UNUSED for word in ("-p", f"no:{name}"))]


def preload() -> None:
    """Import what the tests need and none of the project; with one thread, so that the process may be forked."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    for name in LIBRARIES:
        importlib.import_module(name)


def start(ids: list[str], copy: Path, log: Path) -> int:
    """Run tests of a copy of the project, at most until the first one fails; returns the process's number.

    Args:
        ids: Pytest's node ids.
        copy: Folder of the copy, whose modules the tests import.
        log: File for the output; the exit status is pytest's.
    """
    sys.stdout.flush()
    if process := os.fork():
        return process
    status = 3  # pytest's "internal error"
    try:
        signal.alarm(SECONDS + 10 * len(ids))
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.chdir(copy)
        settle(copy)
        import pytest

        status = int(pytest.main([*OPTIONS, *ids]))
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def settle(copy: Path) -> None:
    """Let this process and those that it starts import the copy's modules and none of the project's own.

    No bytecode is written: Python tells a stale one by size and second, and changes come faster.
    """
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.path[:] = [str(copy), *(entry for entry in sys.path if entry and Path(entry) != ROOT)]
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
