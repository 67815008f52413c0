"""Fixtures of the faults."""

import pytest
from studies import Copy, products

from faults import end_started, study


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
