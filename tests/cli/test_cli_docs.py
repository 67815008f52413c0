"""docs/command-line.md: every command in it runs, on a small study with the names of the quick one."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, make_spec
from files import make, save
from studies import Copy

from marvel.cli import COMMANDS, main, overview
from marvel.run.execute import execute

TEXT = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, flags=re.S) for line in block.splitlines()]
TINY = {"hidden_units": 8, "online_episodes": 5, "eval_episodes": 1, "updates_per_round": 1}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with a study "quick" of two runs, and another half of it."""
    folder = Copy(tmp_path_factory.mktemp("documented")).folder
    quick = folder / "results" / "quick"
    data = quick / "data" / "BallRun" / "dataset.hdf5"
    data.parent.mkdir(parents=True)
    save(data, make(count=12))
    budget = {"hyperparameters": TINY, "cost_limit": 20}
    for task in ("BallRun", "BallCircle"):
        execute(make_spec("baselines.from_scratch", task=task, **budget), quick / "runs" / "marvel" / task / "seed0")
    other = folder / "other" / "results" / "quick"
    shutil.copytree(quick, other)
    execute(make_spec("baselines.from_scratch", task="BallRun", seed=1, **budget), other / "runs/marvel/BallRun/seed1")
    return folder


@pytest.mark.parametrize("line", LINES)
def test_every_command_runs(project, line, monkeypatch, capfd):
    monkeypatch.chdir(project)
    program, *words = shlex.split(line)
    if program == "marvel":
        assert main(words) == 0, capfd.readouterr().err
        assert capfd.readouterr().out or words[0] == "run"
    else:  # a dry run; tests/cli/test_cli_verify_rule.py runs it
        assert program == "snakemake"
        result = subprocess.run([sys.executable, "-m", "snakemake", "-n", *words], capture_output=True, text=True)
        assert result.returncode == 0 and "verify_run" in result.stdout, result.stdout + result.stderr


def test_every_command_is_documented_and_has_examples(capsys):
    assert re.findall(r"^\| `marvel (\w+)", TEXT, flags=re.M) == list(COMMANDS)
    for name in COMMANDS:
        with pytest.raises(SystemExit) as end:
            main([name, "--help"])
        out = capsys.readouterr().out
        assert end.value.code == 0 and "examples:" in out and "--json" in out, name
    assert main(["--help"]) == 0 and "examples:" in overview()


def test_the_version_is_that_of_citation_and_changes(capsys):
    assert main(["--version"]) == 0
    version = capsys.readouterr().out.split()[1]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    assert re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(), flags=re.M)[1] == version


def test_run_prints_json(project, monkeypatch, capfd):
    monkeypatch.chdir(project)
    folder = "results/quick/runs/marvel/BallRun/seed0"
    assert main(["run", f"{folder}/run.json", "--out", "again_json", "--json"]) == 0
    found, record = json.loads(capfd.readouterr().out), json.loads(Path(folder, "run.json").read_text())["record"]
    assert found["status"] == "finished" and found["out"] == "again_json" and found["cpu_seconds"] > 0
    assert found["outputs"]["progress.csv"] == record["outputs"]["progress.csv"]
    assert main(["run", "--check", f"{folder}/progress.csv", "--json"]) == 0
    checked = json.loads(capfd.readouterr().out)
    assert checked["sound"] and checked["env_steps"] == 500


def test_what_is_no_command_is_refused(capsys):
    assert main(["chess"]) == 2 and "'chess' is no command; known commands are run," in capsys.readouterr().err
    assert main([]) == 2
