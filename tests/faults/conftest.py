"""Fixtures of the faults."""

import shutil
import subprocess

import pytest
from studies import Copy, products

from faults import end_started, study

NAMESPACE = ["unshare", "--mount", "--map-root-user"]  # mounts in it are seen and outlived by no other process


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> Copy:
    """A copy of the project in which the study has run without any fault; not to be changed."""
    copied = Copy(tmp_path_factory.mktemp("whole"))
    result = copied.run(study())
    assert result.returncode == 0, result.stdout
    return copied


@pytest.fixture(scope="session")
def undisturbed(whole) -> dict[str, bytes]:
    """{path: bytes} of what it made."""
    return products(whole.folder)


@pytest.fixture(autouse=True)
def nothing_left_running():
    """End what a failed test left."""
    yield
    end_started()


@pytest.fixture
def copied(tmp_path) -> Copy:
    """A fresh copy of the project."""
    (tmp_path / "project").mkdir()
    return Copy(tmp_path / "project")


@pytest.fixture(scope="session")
def namespace() -> list[str]:
    """The words that start a command with mounts of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare (util-linux)")
    tried = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"this machine lets nobody mount a tmpfs in a namespace of their own: {tried.stderr.strip()}")
    return NAMESPACE
