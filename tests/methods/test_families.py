"""One task of each family through the whole pipeline on tiny budgets; ./run test-all-tasks does it for all 38."""

import importlib.util

import pytest

from benchmarks.all_tasks import whole_pipeline

METADRIVE = pytest.mark.skipif(
    importlib.util.find_spec("metadrive") is None, reason="MetaDrive is not installed: ./run install metadrive"
)


@pytest.mark.filterwarnings("ignore:Conversion of an array:DeprecationWarning")  # Safety-Gymnasium's
@pytest.mark.parametrize("name", ["CarRun", "HopperVelocity", "PointGoal1", pytest.param("hardmean", marks=METADRIVE)])
def test_whole_pipeline(name, tmp_path):
    result = whole_pipeline(name, tmp_path)
    assert result["steps_per_s"] > 20
    for stage in ("offline", "prealigned"):
        assert (tmp_path / stage / "checkpoint.pt").exists()
    assert (tmp_path / "online" / "run.json").exists()
