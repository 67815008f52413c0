"""`marvel verify`: equal runs, and every way in which a repeated one can differ."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, make_spec

from marvel.cli import main
from marvel.files import file_hash
from marvel.run.execute import execute


@pytest.fixture(scope="module")
def study(toy_offline, tmp_path_factory) -> Path:
    """A study's folder with an offline model and one run that started from it."""
    study = tmp_path_factory.mktemp("results") / "toy"
    start = study / "offline" / "cpq" / "Toy" / "seed0" / "checkpoint.pt"
    start.parent.mkdir(parents=True)
    shutil.copy(toy_offline, start)
    execute(make_spec("baselines.warm_start", start=str(start)), study / "runs" / "warm_start" / "Toy" / "seed0")
    return study


@pytest.fixture
def run(study, tmp_path) -> Path:
    """run.json of the run in a copy of the study; the spec names the start by a path that is no longer there."""
    copied = tmp_path / "elsewhere" / "toy"
    shutil.copytree(study, copied)
    path = copied / "runs" / "warm_start" / "Toy" / "seed0" / "run.json"
    change(path, lambda spec: rename_start(spec, "results/toy/offline/cpq/Toy/seed0/checkpoint.pt"))
    return path


def change(path: Path, edit) -> None:
    """Edit a JSON file in place."""
    spec = json.loads(path.read_text())
    edit(spec)
    path.write_text(json.dumps(spec))


def rename_start(spec: dict, name: str) -> None:
    """Give the start another path, in the spec and in the record."""
    spec["record"]["inputs"][name] = spec["record"]["inputs"].pop(spec["start"])
    spec["start"] = name


def verified(capfd, *words: str) -> tuple[int, str]:
    """Exit code and stdout of `marvel verify`."""
    code = main(["verify", *map(str, words)])
    return code, capfd.readouterr().out


def test_a_run_of_a_moved_study_is_repeated(run, capfd, tmp_path):
    code, out = verified(capfd, run, "--keep", tmp_path / "kept")
    assert code == 0 and out.startswith(f"equal: {run}"), out
    assert "progress.csv: equal, 5 rows" in out and "episodes.csv: equal" in out and "actor.pt: equal" in out
    assert (tmp_path / "kept" / "progress.csv").read_bytes() == run.with_name("progress.csv").read_bytes()


def test_another_start_is_named_and_where_the_rows_part(run, toy_dataset, tmp_path, capfd):
    """Until now this exited 0 without a word."""
    spec = make_spec("marvel.cpq", dataset=str(toy_dataset), seed=1, options={"steps": 150, "batch_size": 32})
    execute(spec, tmp_path / "other")
    start = run.parents[4] / "offline" / "cpq" / "Toy" / "seed0" / "checkpoint.pt"
    start.unlink()
    shutil.copy(tmp_path / "other" / "checkpoint.pt", start)
    code, out = verified(capfd, run, "--json")
    (report,) = json.loads(out)
    assert code == 1 and not report["equal"]
    (reason,) = [each for each in report["differences"] if each["part"] == "input"]
    assert reason["name"] == "start" and reason["now"] == file_hash(start) != reason["recorded"]
    first = report["files"]["progress.csv"]["first"]
    assert first["row"] == 0 and first["column"] == "eval_return" and first["recorded"] != first["now"]
    assert report["files"]["progress.csv"]["largest"]["relative"] > 0
    code, out = verified(capfd, run)
    assert code == 1 and out.startswith(f"NOT EQUAL: {run}") and "did not start from this file" in out


def test_a_number_that_nothing_explains(run, capfd):
    rows = run.with_name("progress.csv").read_text().splitlines()
    cells = rows[3].split(",")
    cells[rows[0].split(",").index("train_return")] = "7.5"
    rows[3] = ",".join(cells)
    run.with_name("progress.csv").write_text("\n".join(rows) + "\n")
    code, out = verified(capfd, run)
    assert code == 0 and "was changed after the run" in out  # the record's hash still holds: the run itself is repeated
    digest = file_hash(run.with_name("progress.csv"))
    change(run, lambda spec: spec["record"]["outputs"].update({"progress.csv": digest}))
    code, out = verified(capfd, run)
    assert code == 1 and "5 rows then, 5 now, the first 2 equal; row 2 has train_return 7.5 then" in out, out
    assert "why that may be" in out and "another start" not in out and "other " not in out.split("why that may be")[1]


def test_what_differs_is_told_even_where_the_rows_are_equal(run, capfd):
    def edit(spec: dict) -> None:
        record = spec["record"]
        record["versions"]["torch"] = "1.0"
        record["code"]["marvel/sac.py"] = "0" * 16
        record |= {"cpu": "Pentium", "dirty": True}

    change(run, edit)
    code, out = verified(capfd, run)
    assert code == 0 and "what differs all the same" in out
    for words in (
        "torch 1.0 then",
        "other code: marvel/sac.py",
        "Pentium then",
        "the recorded run was made in a checkout",
    ):
        assert words in out, out


def test_the_recorded_numerics_mode_is_used(tmp_path):
    def python(*words: str, mode: str) -> subprocess.CompletedProcess:
        environment = os.environ | {"MARVEL_NUMERICS": mode, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-m", *words], cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    spec = make_spec("baselines.from_scratch", hyperparameters={"hidden_units": 8, "online_episodes": 5})
    result = python("marvel.run", json.dumps(spec), "--out", "first", mode="portable")
    assert result.returncode == 0, result.stderr
    result = python("marvel.run", "--verify", "first/run.json", mode="native")
    assert result.returncode == 0 and "numerics" not in result.stdout, result.stdout + result.stderr


def test_faults_are_one_sentence_and_the_other_runs_are_still_repeated(run, tmp_path, capfd):
    bare = tmp_path / "bare.json"
    bare.write_text(json.dumps(make_spec("baselines.from_scratch")))
    assert main(["verify", str(bare), str(run)]) == 1
    out, err = capfd.readouterr()
    assert "bare.json has no record of a finished run; give the run.json that a run left." in err
    assert out.startswith(f"equal: {run}")
    (run.parents[4] / "offline" / "cpq" / "Toy" / "seed0" / "checkpoint.pt").unlink()
    assert main(["verify", str(run)]) == 1
    assert "is not at results/toy/offline/cpq/Toy/seed0/checkpoint.pt or" in capfd.readouterr().err
