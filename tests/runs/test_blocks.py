"""Blocks: one task and seed of a study, closed with hashes and a run repeated."""

import json
import shutil

import pytest
import yaml
from studies import Copy, toy_config

from marvel.files import file_hash
from workflow.runs import block
from workflow.study import Study


def test_a_block_is_all_that_one_task_and_seed_leave(tmp_path):
    own = {"tasks": ["BallRun", "CarRun"], "seeds": [0, 1], "dataset": {"source": "collect"}, "cost_limit": 20}
    config = toy_config(tmp_path) | own | {"ranks": {"offline": "cpq", "prealign": "vpa", "tasks": ["CarRun"]}}
    config["methods"]["from_scratch"]["seeds"] = [1]
    study = Study(config)
    files = study.block_files("CarRun", 0)
    assert "results/toy/ranks/CarRun/seed0.csv" in files and not any(
        "ranks" in f for f in study.block_files("BallRun", 0)
    )
    assert not any("from_scratch" in file or "BallRun" in file or "seed1" in file for file in files)
    whole = [file for task in study.tasks for seed in study.seeds for file in study.block_files(task, seed)]
    assert sorted(file for file in whole if "/ranks/" not in file) == sorted(study.run_files())
    assert {study.repeated_run("BallRun", 0), study.repeated_run("CarRun", 0)} == {
        "results/toy/runs/marvel/BallRun/seed0",
        "results/toy/runs/warm_start/CarRun/seed0",
    }


@pytest.fixture(scope="module")
def closed(tmp_path_factory, toy_dataset):
    """A copy of the project with one block of the toy study made."""
    project = Copy(tmp_path_factory.mktemp("block"))
    result = project.run(toy_config(toy_dataset), "--", "results/toy/blocks/Toy/seed1.json")
    assert result.returncode == 0, result.stdout
    return project.folder


def test_a_block_closes_with_the_hashes_of_its_files(closed):
    made = json.loads((closed / "results/toy/blocks/Toy/seed1.json").read_text())
    assert made["repeated"] == "results/toy/runs/warm_start/Toy/seed1" and made["cpu"]
    study = Study(yaml.safe_load((closed / "config.yaml").read_text()))
    assert sorted(made["files"]) == sorted(f for f in study.block_files("Toy", 1) if not f.endswith(".pt"))
    assert not (closed / "results/toy/runs/marvel/Toy/seed0").exists()


def test_what_is_not_what_its_record_says_is_refused(closed, monkeypatch, tmp_path):
    monkeypatch.chdir(closed)
    run = tmp_path / "run"
    shutil.copytree(closed / "results/toy/runs/from_scratch/Toy/seed1", run)
    block.repeat(run)
    rows = (run / "progress.csv").read_bytes()
    (run / "progress.csv").write_bytes(rows.replace(b"1", b"2"))
    with pytest.raises(ValueError, match=r"progress\.csv was changed after the run"):
        block.repeat(run)
    record = json.loads((run / "run.json").read_text())
    record["record"]["outputs"]["progress.csv"] = file_hash(run / "progress.csv")
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"run does not confirm it: another progress\.csv"):
        block.repeat(run)
    record["record"]["cpu"] = "another"
    (run / "run.json").write_text(json.dumps(record))
    other = closed / "results/toy/runs/marvel/Toy/seed1/run.json"
    with pytest.raises(ValueError, match=r"the block has several cpu: .* and \"another\" .*; delete the runs of one"):
        block.made_by([other, run / "run.json"])
    record["train"] = "nowhere.at_all"
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"the repeated run failed"):
        block.repeat(run)
