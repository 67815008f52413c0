"""Sources of datasets: what the workflow calls, what can be told before any job starts."""

import json
import subprocess
import sys

import pytest
from files import make, save

from marvel.datasets import __main__ as commands
from marvel.datasets.sources import SOURCES


def test_dsrl_links_to_the_file_that_the_config_names(tmp_path, home):
    given = str(save(tmp_path / "my file.hdf5", make()))
    source, out = SOURCES["dsrl"], tmp_path / "data" / "BallRun"
    module, *arguments = source.command("BallRun", {"files": {"BallRun": given}}, str(out), {})
    assert (module, commands.main(arguments)) == ("marvel.datasets", 0)
    assert sorted(path.name for path in out.iterdir()) == sorted(["dataset.hdf5", *source.outputs])
    assert (out / "dataset.hdf5").resolve() == tmp_path / "my file.hdf5"
    assert "--file" not in source.command("CarRun", {"files": {"BallRun": given}}, str(out), {})


def test_dsrl_says_early_what_is_missing(tmp_path, home):
    given = str(save(tmp_path / "own.hdf5", make()))
    missing = SOURCES["dsrl"].missing
    assert missing("BallRun", {"files": {"BallRun": given}}) is None
    assert "none.hdf5, named as the dataset of BallRun, does not exist" in missing(
        "BallRun", {"files": {"BallRun": "none.hdf5"}}
    )
    assert "Toy has no DSRL dataset; set `source: collect`" in missing("Toy", {})


@pytest.mark.parametrize(
    "task, module", [("BallRun", "marvel.datasets.collect"), ("easymean", "marvel.datasets.metadrive_driver")]
)
def test_collect_runs_the_collector_of_the_tasks_suite(task, module):
    source = SOURCES["collect"]
    program, spec, *rest = source.command(task, {"seed": 4}, "results/x/data/t", {"steps": 7})
    assert (program, rest) == ("marvel.run", ["--out", "results/x/data/t"])
    spec = json.loads(spec)
    assert spec["train"] == source.collector(task) == module
    assert (spec["task"], spec["seed"], spec["options"], spec["cost_limit"]) == (task, 4, {"steps": 7}, None)
    assert source.missing(task, {}) is None and SOURCES["dsrl"].collector(task) is None


def test_the_workflow_imports_no_library_for_the_sources():
    code = "import sys, marvel.datasets.sources; assert not {'numpy', 'h5py', 'torch', 'tqdm'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
