"""A study from another folder, without the environment's PATH, with values of the command line, in another locale."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from studies import Copy, toy_config

SCRATCH = {"from_scratch": {"train": "baselines.from_scratch", "start": "scratch"}}
PROGRESS = "results/toy/runs/from_scratch/Toy/seed0/progress.csv"


@pytest.fixture(scope="module")
def copied(tmp_path_factory) -> Copy:
    """A copy whose path has a space."""
    folder = tmp_path_factory.mktemp("the project")
    return Copy(folder)


def snakemake(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess:
    """Snakemake in a folder, with nothing of this environment but what is given."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    variables = {"PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"]} | environment
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *words]
    return subprocess.run(command, cwd=folder, env=variables, timeout=600, **pipes)


@pytest.fixture
def one(toy_dataset, tmp_path) -> list[str]:
    """The words that give Snakemake a study of one run."""
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(toy_config(toy_dataset, seeds=[0], methods=SCRATCH)))
    return ["--configfile", str(tmp_path / "one.yaml")]


@pytest.mark.slow
def test_a_study_runs_from_any_folder_without_the_environment_s_path(copied, one, tmp_path):
    for name, words in (("elsewhere", []), ("there it goes", ["--directory", str(tmp_path / "there it goes")])):
        (tmp_path / name).mkdir()
        start = tmp_path / name if not words else copied.folder
        result = snakemake(
            start,
            "--snakefile",
            str(copied.folder / "Snakefile"),
            *words,
            *one,
            PYTHONPATH=os.environ.get("PYTHONPATH", ""),
        )
        assert result.returncode == 0, result.stdout
        assert (tmp_path / name / PROGRESS).is_file() and (tmp_path / name / "results/toy/tables/final.md").is_file()
    assert not (copied.folder / "results").exists()


def test_values_of_the_command_line(copied, one):
    result = snakemake(copied.folder, "-n", *one, "--config", "seeds=[3,4]", "cost_limit=1e1")
    assert result.returncode == 0 and re.search(r"finetune +2\b", result.stdout), result.stdout
    result = snakemake(copied.folder, "-n", *one, "--config", "cost_limit=nan")
    assert result.returncode == 1
    assert result.stdout.strip().endswith("error: config: cost_limit is nan; it must be a finite number >= 0.")
    result = snakemake(copied.folder, "-n", "--config", "study=mine", "seeds=[0]")
    assert result.returncode == 0 and re.search(r"monte_carlo +2\b", result.stdout), result.stdout


def test_faults_of_tables_files_and_duplicates_stop_snakemake_with_one_sentence(copied, one, tmp_path):
    def last_line() -> str:
        result = snakemake(copied.folder, "-n", *one)
        assert result.returncode == 1 and "Traceback" not in result.stdout, result.stdout
        return result.stdout.strip().splitlines()[-1]

    for name, line, sentence in (
        ("marvel/tasks.tsv", "Toy\t1\n", "error: tasks.tsv line 41 has 2 cells, the header 12; one tab"),
        (
            "workflow/config/hyperparameters.tsv",
            "BallRun" + "\t" * 8 + "x\n",
            "(BallRun): the task has a row in line 2",
        ),
        ("workflow/config/collect.tsv", "BallRum\t\t\tx\n", "there is no task 'BallRum'; did you mean BallRun"),
        ("baselines/from_scratch.py", "def (\n", "error: baselines/from_scratch.py line"),
    ):
        path = copied.folder / name
        content = path.read_bytes()
        path.write_bytes(content + line.encode())
        assert sentence in last_line(), name
        path.write_bytes(content)
    with open(tmp_path / "one.yaml", "a") as file:
        file.write("seeds: [7]\n")
    assert last_line().endswith("keep one of each.") and "given twice: seeds (lines " in last_line()


def test_another_locale_and_a_notebook_s_terminal_change_nothing(copied, one, tmp_path):
    """As in a terminal that a Jupyter kernel started, under a locale whose encoding lacks most characters."""
    (tmp_path / "here").mkdir()
    backend = "module://matplotlib_inline.backend_inline"
    words = ["--snakefile", str(copied.folder / "Snakefile"), *one]
    result = snakemake(
        tmp_path / "here", *words, MPLBACKEND=backend, LC_ALL="POSIX", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0"
    )
    assert result.returncode == 0, result.stdout
    assert "†" in (tmp_path / "here/results/toy/figures/curves_raw.txt").read_text(encoding="utf-8")
