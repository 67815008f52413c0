"""A study in which runs are missing: Snakemake ends with an error, and one command draws the rest and names them."""

import subprocess
import sys

import pandas as pd
import pytest
from studies import Copy, environment, toy_config

FAILING = '''"""Fails on seed 1."""

from baselines import from_scratch


def train(context, hp):
    if context.seed == 1:
        raise ValueError("seed 1 is unlucky")
    yield from from_scratch.train(context, hp)
'''


def redraw(project: Copy) -> str:
    """Redraw the study; what it prints."""
    command = [sys.executable, "-m", "workflow.redraw", "config.yaml"]
    result = subprocess.run(command, cwd=project.folder, env=environment(), capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory, toy_dataset):
    """A copy in which the toy study has run, but for one run, which failed; with what Snakemake printed."""
    project = Copy(tmp_path_factory.mktemp("redraw"))
    (project.folder / "baselines/unlucky.py").write_text(FAILING)
    methods = toy_config(toy_dataset)["methods"]
    methods = {name: methods[name] for name in ("warm_start", "offline_only")}
    methods["unlucky"] = {"train": "baselines.unlucky", "start": "scratch"}
    project.config = toy_config(toy_dataset, methods=methods) | {"figures": {"aggregate": {"kind": "aggregate"}}}
    project.result = project.run(project.config)
    return project


def test_one_failed_run_leaves_an_error_and_then_all_reports(project):
    base = project.folder / "results/toy"
    assert project.result.returncode != 0 and not (base / "scores.csv").exists()
    assert "python -m workflow.redraw config.yaml" in project.result.stdout
    redraw(project)
    (row,) = pd.read_csv(base / "tables/missing.csv").to_dict("records")
    assert (row["method"], row["seed"], row["kind"], row["why"]) == ("unlucky", 1, "failed", "seed 1 is unlucky")
    note = "Made of 5 of 6 planned runs. Missing: unlucky on Toy, seed 1 (failed: seed 1 is unlucky)."
    for name in ("tables/main.md", "tables/final.md", "tables/claims.md", "figures/curves_raw.txt"):
        assert note in (base / name).read_text(), name
    assert (base / "figures/aggregate.pdf").stat().st_size > 500 and (base / "figures/datasets.pdf").is_file()
    jobs = project.planned(project.config)
    assert jobs["finetune"] == 1 and jobs["scores"] == 1 and "pretrain" not in jobs


def test_rows_alone_are_enough_and_changed_ones_are_left_out(project):
    """As in a clone: no checkpoints, nothing of .state. An edited progress.csv is no longer what its run wrote."""
    redraw(project)
    base = project.folder / "results/toy"
    first = (base / "tables/main.md").read_text()
    for path in {*base.glob("**/*.pt"), *base.glob("**/.state/*")}:
        path.unlink()
    redraw(project)
    assert (base / "tables/main.md").read_text() == first.replace("failed: seed 1 is unlucky", "not run")
    edited = base / "runs/warm_start/Toy/seed0/progress.csv"
    whole = edited.read_text()
    edited.write_text(whole.replace("0", "1", 1) + "\n")
    try:
        redraw(project)
        assert "Warm Start on Toy, seed 0 (refused: progress.csv" in (base / "tables/main.md").read_text()
        scores = base / "scores.csv"
        assert "warm_start,Toy,0," not in scores.read_text()
        assert scores.stat().st_mtime < edited.stat().st_mtime
    finally:
        edited.write_text(whole)
