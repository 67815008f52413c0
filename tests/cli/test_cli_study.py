"""`marvel status`, `cost` and `merge` on a study that Snakemake has run."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from studies import Copy, toy_config

from marvel.cli import main

METHODS = {"warm_start": {"train": "baselines.warm_start", "start": "offline", "offline": "cpq"}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, toy_dataset) -> tuple[Copy, dict]:
    """A copy of the project in which a study of one method and two seeds has run, and its config."""
    copied, config = Copy(tmp_path_factory.mktemp("finished")), toy_config(toy_dataset, methods=METHODS)
    result = copied.run(config)
    assert result.returncode == 0, result.stdout
    return copied, config


def ask(capsys, *words) -> tuple[int, dict]:
    """Exit code and JSON of a `marvel` command."""
    code = main([*map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_finished_study_is_done_and_files_taken_away_are_waited_for(finished, tmp_path, capsys):
    study = tmp_path / "toy"
    shutil.copytree(finished[0].folder / "results" / "toy", study, symlinks=True)
    code, found = ask(capsys, "status", study)
    assert code == 0 and found["finished"] and found["planned"]
    assert {stage: counts["done"] for stage, counts in found["stages"].items()} == {
        "dataset": 1,
        "pretrain": 2,
        "finetune": 2,
    }
    (study / "runs" / "warm_start" / "Toy" / "seed1" / "run.json").unlink()
    (study / "runs" / "warm_start" / "Toy" / "seed1" / "progress.csv").unlink()
    code, found = ask(capsys, "status", study, "--cores", 2)
    assert code == 0 and not found["finished"] and found["stages"]["finetune"]["waiting"] == 1
    assert found["seconds_left"] > 0 and main(["status", str(study), "--once"]) == 0
    assert "nothing is running" in capsys.readouterr().out
    (study / ".plan.json").unlink()
    code, found = ask(capsys, "status", study)
    assert not found["planned"] and found["stages"]["finetune"] == {
        "done": 1,
        "running": 0,
        "failed": 0,
        "stopped": 0,
        "waiting": 1,
    }


def test_a_job_that_ended_before_its_first_round_is_found_in_its_log(finished, tmp_path, capsys):
    study = tmp_path / "toy"
    shutil.copytree(finished[0].folder / "results" / "toy", study, symlinks=True)
    run = Path("warm_start") / "Toy" / "seed0"
    shutil.rmtree(study / "runs" / run)
    (study / "logs" / "finetune" / f"{run}.log").write_text("warm_start ...\nerror: its start is gone.\n")
    code, found = ask(capsys, "status", study)
    assert code == 1
    assert [job["reason"] for job in found["failed"]] == ["its start is gone."]
    assert main(["status", str(study), "--once"]) == 1
    assert "failed finetune warm_start Toy seed 0: its start is gone." in capsys.readouterr().out


def test_cost_counts_the_jobs_that_snakemake_runs(finished, tmp_path, capsys):
    copied, config = finished
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config | {"study": "new", "seeds": [0, 1, 2]}))
    _, found = ask(capsys, "cost", path, "--cores", 2)
    jobs = copied.planned(config | {"study": "new", "seeds": [0, 1, 2]})
    assert {row["stage"]: row["jobs"] for row in found["stages"]} == {
        stage: jobs[stage] for stage in ("dataset", "pretrain", "finetune")
    }
    assert found["jobs"] == 7 and found["disk_mb"] > 0 and found["memory_mb"] >= 2 * 400


def test_two_halves_become_the_study_that_was_run(finished, tmp_path, capsys):
    copied, config = finished
    study, other = copied.folder / "results" / "toy", tmp_path / "toy"
    shutil.copytree(study, other, symlinks=True)
    runs = [f"{stage}/Toy/seed1" for stage in ("offline/cpq", "runs/warm_start")]
    contents = {path: (study / path / "progress.csv").read_bytes() for path in runs}
    for run in runs:
        shutil.rmtree(study / run)
    assert copied.planned(config)["pretrain"] == 1
    code, found = ask(capsys, "merge", other, study)
    assert code == 0 and found["copied"] == runs and not found["conflicts"]
    assert sorted(found["equal"]) == ["offline/cpq/Toy/seed0", "runs/warm_start/Toy/seed0"]
    assert {path: (study / path / "progress.csv").read_bytes() for path in runs} == contents
    assert not {"pretrain", "finetune"} & copied.planned(config).keys()
    (study / runs[1] / "progress.csv").unlink()  # what Snakemake does before it runs a job again
    (study / runs[1] / "run.json").unlink()
    result = copied.run(config)
    assert result.returncode == 0 and "finished before: outputs put back" in result.stdout
    code, found = ask(capsys, "merge", other, study)
    assert code == 0 and found["copied"] == [] and len(found["equal"]) == 4
