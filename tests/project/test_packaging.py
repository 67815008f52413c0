"""Packaging: one list of pins, a README whose words work. The script ./run is tested in test_run_*.py."""

import os
import re
import subprocess

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from documents import block
from studies import Copy, toy_config


def requirements(name: str) -> list[str]:
    """The lines of a requirements file without comments."""
    lines = (ROOT / name).read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def test_environment_yml_has_the_requirements_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [part for part in environment["dependencies"] if isinstance(part, str)]
    (pip,) = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    assert "python=3.11" in conda
    assert sorted(pip) == sorted(requirements("requirements.txt"))
    step = (ROOT / "environment.post-deploy.sh").read_text()
    assert re.search(r"pip install --no-deps (.*)", step)[1].split() == requirements("requirements-nodeps.txt")


def test_a_baseline_is_added_by_the_words_of_the_readme(tmp_path, toy_dataset):
    source, line = (block("README.md", "Add a baseline", language) for language in ("python", "yaml"))
    name = re.search(r"baselines/(\w+)\.py", source)[1]
    copied = Copy(tmp_path)
    (tmp_path / "baselines" / f"{name}.py").write_text(source)
    methods = toy_config(toy_dataset)["methods"]
    config = toy_config(toy_dataset, seeds=[0], methods={"warm_start": methods["warm_start"]})
    assert copied.run(config).returncode == 0
    config["methods"] |= yaml.safe_load(line)["methods"]
    jobs = copied.planned(config)
    assert jobs["finetune"] == 1 and "pretrain" not in jobs  # only the new cell runs
    result = copied.run(config)
    assert result.returncode == 0, result.stdout
    scores = pd.read_csv(tmp_path / "results" / "toy" / "scores.csv")
    assert set(scores["method"]) == {"warm_start", name}
    assert name in (tmp_path / "results/toy/tables/final.md").read_text()


def test_a_baseline_is_a_rule_of_its_own(tmp_path, toy_dataset):
    copied = Copy(tmp_path)
    methods = {
        "from_scratch": toy_config(toy_dataset)["methods"]["from_scratch"],
        **yaml.safe_load(block("docs/extending.md", "A baseline in any language", "yaml")),
    }
    config = toy_config(toy_dataset, seeds=[0], methods=methods)
    assert copied.planned(config)["random_actions"] == 1
    result = copied.run(config)
    assert result.returncode == 0, result.stdout
    scores = pd.read_csv(tmp_path / "results" / "toy" / "scores.csv")
    mine = scores[scores["method"] == "random_actions"]
    assert len(mine) == 5 and mine["env_steps"].iloc[-1] == 600 and set(mine["cost_limit"]) == {5}
    program = tmp_path / "baselines" / "random_actions.py"
    program.write_text(program.read_text().replace("cumulative_cost", "cost_so_far"))
    (tmp_path / "results/toy/runs/random_actions/Toy/seed0/progress.csv").unlink()
    assert copied.run(config).returncode != 0
    log = (tmp_path / "results/toy/logs/random_actions/Toy/seed0.log").read_text()
    assert "lacks the column(s) cumulative_cost" in log


def test_nothing_in_the_repository_points_outside_it():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    home = re.compile(r"(?<![\w.:/])/(?:home|root|work|opt|mnt)/[\w.-]+")
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in (".py", ".smk", ".md", ".yaml", ".yml", ".toml", ".tsv", ".csv", ".json", ".sh", "") and (
            path.is_file() and os.path.getsize(path) < 2_000_000
        ):
            assert not home.search(path.read_text(encoding="utf-8")), name


def test_pre_commit_checks_what_lint_checks():
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repo["repo"] == "local" and all(hook["language"] == "system" for hook in repo["hooks"])
    lint = re.search(r"^    lint\)\n(.*?);;", (ROOT / "run").read_text(), flags=re.M | re.S)[1]
    parts = [part.removeprefix("exec ") for part in " ".join(lint.replace("\\\n", " ").split()).split(" && ")]
    assert len(parts) == len(repo["hooks"])
    for part, hook in zip(parts, repo["hooks"], strict=True):
        assert f"./run {part}".startswith(hook["entry"]), (part, hook)
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    (snakefmt,) = [hook for hook in repo["hooks"] if hook["id"] == "snakefmt"]
    assert {"Snakefile", "workflow/rules/page.smk"} <= {name for name in tracked if re.search(snakefmt["files"], name)}


def test_the_entry_of_the_workflow_catalog_starts_a_config_that_exists():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert (ROOT / usage["mandatory-flags"]["flags"].split()[-1]).is_file()
    conda = 'conda:\n        "../../environment.yml"'
    assert usage["software-stack-deployment"]["conda"] and conda in (ROOT / "workflow/rules/page.smk").read_text()
