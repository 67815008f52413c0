"""`marvel status` while a run goes on, and after it was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, make_spec

from marvel.cli import main
from marvel.cli.plan import Job, schedule
from marvel.cli.state import SILENT, Progress, alive

RUN = Path("runs", "from_scratch", "Toy", "seed0")
LONG = {"hidden_units": 16, "online_episodes": 2_000_000, "eval_every": 10_000, "eval_episodes": 1}


@pytest.fixture
def running(tmp_path):
    """A study's folder with a run that works for as long as the test does, and its process."""
    out = tmp_path / "results" / "toy" / RUN
    spec = make_spec("baselines.from_scratch", hyperparameters=LONG)
    words = [sys.executable, "-m", "marvel.run", json.dumps(spec), "--out", str(out)]
    quick = {"PYTHONPATH": str(ROOT), "MARVEL_SNAPSHOT_SECONDS": "0"}
    process = subprocess.Popen(words, env=os.environ | quick, stderr=subprocess.DEVNULL, cwd=tmp_path)
    status = out / ".state" / "status.json"
    while not status.exists():
        assert process.poll() is None
        time.sleep(0.05)
    yield tmp_path / "results" / "toy", process
    process.kill()
    process.wait()


def test_a_run_is_running_then_gone_then_stopped(running, tmp_path, capsys, monkeypatch):
    study, process = running
    monkeypatch.chdir(tmp_path)
    assert main(["status", "--json"]) == 0  # the only study of the folder
    found = json.loads(capsys.readouterr().out)
    assert [job["name"] for job in found["running"]] == ["from_scratch"] and not found["finished"]
    assert main(["status", "toy", "--once"]) == 0
    assert "finetune from_scratch Toy seed 0" in capsys.readouterr().out
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    found = Progress(study).look()
    assert not found["running"] and [job["name"] for job in found["stopped"]] == ["from_scratch"]
    assert main(["status", "toy", "--once"]) == 0
    assert "its process is gone" in capsys.readouterr().out


def test_what_a_running_job_reports_is_shown(running, capsys):
    study, process = running
    path = study / RUN / ".state" / "status.json"
    status = json.loads(path.read_text())
    values = {"train_return": 12.34, "train_cost": 5.0, "multiplier": 0.5}
    status |= {
        "done": 500,
        "total": 1000,
        "unit": "env_steps",
        "values": values,
        "per_second": 250.0,
        "seconds_left": 2.0,
    }
    process.send_signal(signal.SIGSTOP)
    path.write_text(json.dumps(status | {"time": time.time()}))
    assert main(["status", str(study), "--once"]) == 0
    out = capsys.readouterr().out
    for words in ("50 %", "12.34", "250 steps/s", "0.5", "about"):
        assert words in out, out


def test_a_run_elsewhere_lives_by_its_age():
    there = {"host": "another-machine", "pid": 1, "time": time.time()}
    assert alive(there) and not alive(there | {"time": time.time() - SILENT - 1})


def test_a_run_that_failed_says_why(tmp_path, capsys):
    out = tmp_path / "toy" / RUN
    spec = make_spec("baselines.from_scratch", task="Toy")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "breaks.py").write_text("def train(context, hp):\n    yield 7\n")
    words = [sys.executable, "-m", "marvel.run", json.dumps(spec | {"train": "breaks"}), "--out", str(out)]
    paths = os.pathsep.join([str(ROOT), str(tmp_path / "broken")])
    assert subprocess.run(words, env=os.environ | {"PYTHONPATH": paths}, capture_output=True).returncode == 1
    assert main(["status", str(tmp_path / "toy"), "--json"]) == 1
    (job,) = json.loads(capsys.readouterr().out)["failed"]
    assert "is no dictionary of column names" in job["reason"]


def test_an_unknown_study_is_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["status"]) == 1 and "there is no study in results" in capsys.readouterr().err
    assert main(["status", "nothing"]) == 1 and "there is no study 'nothing'" in capsys.readouterr().err


def test_a_schedule_follows_the_chains():
    def job(name: str, *needs: str, memory: int = 100) -> Job:
        return Job("finetune", name, "Toy", 0, name, needs, None, memory)

    jobs = [job("a"), job("b", "a"), job("c", "b"), job("d", memory=300), job("e")]
    seconds = dict.fromkeys("abcde", 10.0)
    assert schedule(jobs, seconds, 1) == (50.0, 300)
    assert schedule(jobs, seconds, 2) == (30.0, 400)
    assert schedule(jobs, seconds, 99) == (30.0, 500)
    assert schedule(jobs[1:], seconds, 1)[0] == 40.0  # what b needs is there already


def test_help_and_status_start_at_once(tmp_path):
    """Most of the 0.3 s is Python's; neither torch nor pandas nor Snakemake may be among what is imported."""
    (tmp_path / "toy" / RUN).mkdir(parents=True)
    for words in (["--help"], ["status", str(tmp_path / "toy"), "--once"]):
        code = f"import sys; from marvel.cli import main; main({words!r}); print(*sys.modules, file=sys.stderr)"
        result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        loaded = set(result.stderr.split())
        assert "marvel.cli" in loaded and not loaded & {"torch", "numpy", "pandas", "yaml", "jsonschema", "matplotlib"}
