"""A run: same spec, same bytes; killed and resumed, the same bytes; repeated from its own record; never overwritten."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT, make_spec, run_in_process

from marvel.files import file_hash
from marvel.run import record
from marvel.run.__main__ import main
from marvel.run.execute import execute
from marvel.run.progress import COLUMNS
from marvel.run.spec import read_spec

KILLS = 2
CHECKPOINTS = ("marvel.cpq", "marvel.prealign")


def read(out, name="progress.csv"):
    return (out / name).read_bytes()


def test_same_spec_same_bytes_in_another_process(tmp_path):
    spec = make_spec("baselines.from_scratch")
    execute(spec, tmp_path / "a")
    run_in_process(spec, tmp_path / "b")
    execute(spec | {"seed": 1}, tmp_path / "c")
    assert read(tmp_path / "a") == read(tmp_path / "b")
    assert read(tmp_path / "a") != read(tmp_path / "c")
    assert read(tmp_path / "a").decode().splitlines()[0] == ",".join(COLUMNS)


def test_checkpoint_bytes_do_not_depend_on_the_folder(tmp_path, toy_offline, toy_dataset):
    spec = make_spec("marvel.cpq", dataset=str(toy_dataset), options={"steps": 150, "batch_size": 32})
    run_in_process(spec, tmp_path / "elsewhere")
    assert read(tmp_path / "elsewhere", "checkpoint.pt") == toy_offline.read_bytes()


def test_run_json_is_a_spec_that_repeats_the_run(tmp_path, toy_offline):
    spec = make_spec("baselines.warm_start", start=str(toy_offline))
    execute(spec, tmp_path / "a")
    assert main([str(tmp_path / "a" / "run.json"), "--out", str(tmp_path / "b")]) == 0
    assert read(tmp_path / "a") == read(tmp_path / "b")
    entry = json.loads(read(tmp_path / "a", "run.json"))
    assert entry["options"] == {"controller": "adaptive_pid"}  # defaults are written out
    assert entry["hyperparameters"]["discount"] == 0.99
    assert entry["record"]["inputs"] == {str(toy_offline): file_hash(toy_offline)}
    assert entry["record"]["outputs"]["progress.csv"] == file_hash(tmp_path / "a" / "progress.csv")
    code = entry["record"]["code"]
    assert {"baselines/warm_start.py", "marvel/sac.py", "marvel/simulators/toy.py"} <= code.keys()
    assert {"marvel/run/context.py", "marvel/run/execute.py", "marvel/numerics.py"} <= code.keys()
    assert not {"marvel/simulators/bullet.py", "marvel/cpq.py", "marvel/run/record.py"} & code.keys()


def test_finished_outputs_are_kept_put_back_and_never_overwritten(tmp_path, capfd):
    spec = make_spec("baselines.from_scratch")
    execute(spec, tmp_path)
    first = read(tmp_path), read(tmp_path, "run.json")
    execute(spec, tmp_path)
    assert "already finished" in capfd.readouterr().err
    for name in ("progress.csv", "run.json"):  # Snakemake removes declared outputs before it repeats a job
        (tmp_path / name).unlink()
    began = time.monotonic()
    execute(spec, tmp_path)
    assert time.monotonic() - began < 1
    assert (read(tmp_path), read(tmp_path, "run.json")) == first
    with pytest.raises(ValueError, match=re.escape(str(tmp_path)) + ".* another spec.* give another --out"):
        execute(spec | {"seed": 5}, tmp_path)
    assert read(tmp_path) == first[0]


@pytest.mark.parametrize("stage", ["baselines.from_scratch", "marvel.method", "marvel.cpq", "marvel.prealign"])
def test_killed_again_and_again_it_ends_with_the_same_bytes(stage, tmp_path, toy_dataset, toy_offline, toy_prealigned):
    # budgets of some seconds, so that each attempt gets a part of the way
    long = {"hidden_units": 16, "online_episodes": 200, "eval_every": 20, "eval_episodes": 2}
    options = {"marvel.cpq": {"steps": 2000, "batch_size": 32}, "marvel.prealign": {"calls": 500}}.get(stage, {})
    start = {"marvel.method": toy_prealigned, "marvel.prealign": toy_offline}.get(stage)
    spec = make_spec(
        stage,
        hyperparameters=long,
        options=options,
        start=None if start is None else str(start),
        dataset=None if stage.startswith(("baselines", "marvel.method")) else str(toy_dataset),
    )
    execute(spec, tmp_path / "whole")
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "marvel.run", json.dumps(spec), "--out", str(killed)]
    quick = os.environ | {"MARVEL_SNAPSHOT_SECONDS": "0"}
    kills, resumed_at = 0, []
    while True:
        process = subprocess.Popen(command, cwd=ROOT, env=quick, stderr=subprocess.PIPE, text=True)
        if kills < KILLS:
            snapshot, before = killed / ".state" / "snapshot.pt", time.monotonic()
            old = snapshot.stat().st_mtime_ns if snapshot.exists() else None
            while process.poll() is None and time.monotonic() - before < 60:
                if snapshot.exists() and snapshot.stat().st_mtime_ns != old:
                    break  # it has got further than the last attempt
                time.sleep(0.01)
            time.sleep(0.15)
            process.send_signal(signal.SIGKILL)
        text = process.communicate()[1]
        resumed_at += [int(number) for number in re.findall(r"going on at round (\d+)", text)]
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, text
        kills += 1
    assert kills == KILLS
    assert len(resumed_at) == KILLS and resumed_at == sorted(set(resumed_at))  # each attempt began further on
    for name in ["progress.csv", *(["checkpoint.pt"] if stage in CHECKPOINTS else [])]:
        assert read(killed, name) == read(tmp_path / "whole", name)
    assert json.loads(read(killed, "run.json"))["record"]["resumed"] == KILLS
    assert not (killed / ".state" / "snapshot.pt").exists()


def test_an_orphan_and_its_replacement_do_not_write_together(tmp_path):
    spec = make_spec("baselines.from_scratch", hyperparameters={"hidden_units": 16, "online_episodes": 900})
    command = [sys.executable, "-m", "marvel.run", json.dumps(spec), "--out", str(tmp_path)]
    orphan = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / ".state" / "buffer.f32").exists():
        assert orphan.poll() is None
        time.sleep(0.01)
    replacement = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert orphan.communicate() and orphan.returncode == replacement.returncode == 0
    assert "waiting for another process" in replacement.stderr
    assert "already finished" in replacement.stderr


def test_a_changed_spec_does_not_resume_a_stale_snapshot(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("marvel.run.context.SNAPSHOT_SECONDS", 0.0)
    spec = make_spec("baselines.from_scratch")

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("marvel.run.execute.write_outputs", stop)
    with pytest.raises(KeyboardInterrupt):
        execute(spec, tmp_path / "a")
    assert (tmp_path / "a" / ".state" / "snapshot.pt").exists()
    monkeypatch.undo()
    execute(spec | {"seed": 3}, tmp_path / "a")
    assert "starting anew" in capfd.readouterr().err
    execute(spec | {"seed": 3}, tmp_path / "b")
    assert read(tmp_path / "a") == read(tmp_path / "b")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"task": "BalRun"}, "no task 'BalRun'; did you mean BallRun"),
        ({"train": "baselines.warmstart"}, "'baselines.warmstart' is no module"),
        (
            {"options": {"controler": "pid"}},
            "'controler' is no option of baselines.from_scratch.train; did you mean controller",
        ),
        ({"hyperparameters": {"critic_rl": 1}}, "'critic_rl' is no hyperparameter; did you mean critic_lr"),
        ({"hyperparameters": {"tau": -1}}, "tau is -1; it must be a finite number > 0 and <= 1"),
        ({"hyperparameters": {"log_prob": "yes"}}, "log_prob is 'yes'; it must be one of true, official"),
        ({"hyperparameters": {"online_episodes": 7}}, "online_episodes 7 is not a multiple of episodes_per_round 5"),
        ({"options": {"controller": "pdi"}}, "controller 'pdi' does not exist; did you mean pid"),
        ({"start": "nowhere.pt"}, "the start nowhere.pt does not exist"),
        ({"train": "baselines.warm_start"}, "starts from a checkpoint, but its spec names none"),
        ({"sede": 0}, "'sede' is no key of a spec; did you mean seed"),
    ],
)
def test_bad_specs_fail_with_one_sentence(changes, sentence, tmp_path, capfd):
    spec = {"train": "baselines.from_scratch", "task": "Toy", "seed": 0, "cost_limit": 5}
    assert main([json.dumps(spec | changes), "--out", str(tmp_path)]) == 1
    error = capfd.readouterr().err
    assert sentence in error and error.count("\n") == 1 and error.startswith("error: ")


def test_spec_files(tmp_path):
    with pytest.raises(ValueError, match=r"nothing\.json cannot be read as a spec"):
        read_spec("nothing.json")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(ValueError, match="is no JSON"):
        read_spec(str(tmp_path / "x.json"))


def test_results_of_other_programs_are_checked(tmp_path, capfd):
    execute(make_spec("baselines.from_scratch"), tmp_path / "run")
    file = tmp_path / "run" / "progress.csv"
    assert main(["--check", str(file)]) == 0
    assert "sound, 5 rows, 600 environment steps" in capfd.readouterr().out
    text = file.read_text()
    faults = {
        text.replace("cumulative_cost", "cost_so_far"): "lacks the column(s) cumulative_cost",
        text.replace("\n2,", "\n3,", 1): "has round 3 in row 2",
        re.sub(r"(\n3,15,)\d+", r"\g<1>300", text): "goes from env_steps 300 to 300 in row 3",
        re.sub(r"(\n3,15,\d+,\d+,)[^,]+", r"\1", text): "has no train_return in row 3",
        re.sub(r"(\n3,15,\d+,\d+,)[^,]+", r"\1inf", text): "as train_return in row 3; it must be a finite number",
    }
    for content, sentence in faults.items():
        assert content != text
        file.write_text(content)
        assert main(["--check", str(file)]) == 1
        error = capfd.readouterr().err
        assert sentence in error and error.startswith("error: ") and error.count("\n") == 1


def test_code_hash_sees_code_and_not_comments(tmp_path):
    texts = ['"""Doc."""\nx = 1\n', "# other\nx = 1  # why\n", "x = 2\n"]
    hashes = []
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.py").write_text(text)
        hashes.append(record.code_hash(tmp_path / f"{number}.py"))
    assert hashes[0] == hashes[1] != hashes[2]
