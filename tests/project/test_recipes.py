"""Recipes that run elsewhere: the SLURM profile, the container, the workflows of GitHub; here parsed and compared."""

import re
import shlex
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT
from studies import environment

PROFILES = {
    name: yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text()) for name in ("default", "slurm")
}
NOT_SHORT = {"filter", "monte_carlo", "block", "verify_run", "verify"}  # verify has no command
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_the_slurm_profile_holds_what_the_default_one_does_but_for_its_silence():
    default, slurm = PROFILES["default"], PROFILES["slurm"]
    assert {key: value for key, value in default.items() if key != "quiet"}.items() <= slurm.items()
    assert slurm["executor"] == "slurm" and "quiet" not in slurm  # which would hide the jobs that fail
    assert slurm["slurm-status-command"] == "squeue" and slurm["retries"] > 0


def dry_run(*words: str) -> str:
    """What Snakemake says of the smoke study that it would submit, made from nothing."""
    command = [sys.executable, "-m", "snakemake", "-n", "--workflow-profile", "profiles/slurm", *words]
    command += ["--config", "study=not_there", "--configfile", "workflow/config/smoke.yaml"]
    return subprocess.run(
        command, cwd=ROOT, env=environment(), check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ).stdout


def test_jobs_that_compute_ask_for_memory_and_time_and_reports_are_local():
    jobs = dict(re.findall(r"^rule (\w+):\n((?:    .*\n)+)", dry_run(), flags=re.M))
    submitted = {"dataset", "pretrain", "prealign", "finetune", "card", "scatter"}
    assert jobs.keys() >= submitted and {rule for rule in jobs if "table_" in rule}
    source = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    for part in re.split(r"^ *rule\b", source, flags=re.M)[1:]:
        name = re.match(r'(?: |:\s+name:\s+f?")(\w+)', part)[1]
        assert name in submitted | NOT_SHORT or "localrule: True" in part, name
        assert name not in submitted or "localrule: True" not in part, name
    for rule in ("dataset", "pretrain", "prealign", "finetune"):
        minutes, memory = (int(re.search(rf"\b{name}=(\d+)", jobs[rule])[1]) for name in ("runtime", "mem_mb"))
        assert 15 < minutes < 60 and 500 < memory < 1000, jobs[rule]
    assert re.search(r"\bmem_mb=576\b", jobs["card"]) and "runtime=120" in jobs["card"]  # the profile's default


def dockerfile() -> list[tuple[str, str]]:
    """(instruction, arguments) of the Dockerfile, comments left out and lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "container" / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def test_the_container_installs_what_run_installs():
    steps = dockerfile()
    assert steps[0] == ("FROM", "python:3.11-slim")
    assert {name for name, _ in steps} <= {"FROM", "ARG", "ENV", "RUN", "WORKDIR", "COPY"}
    script = re.findall(r"^ *pip_install (.*)$", (ROOT / "run").read_text(), flags=re.M)
    installed = re.findall(r"pip install (.*)", "\n".join(words for name, words in steps if name == "RUN"))
    assert sorted(installed) == sorted(script) and len(script) == 4
    copied = [word for name, words in steps if name == "COPY" for word in words.split()[:-1]]
    assert all((ROOT / name).exists() for name in copied)
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all(any(re.fullmatch(pattern.replace("*", ".*"), name) for pattern in kept) for name in copied)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_github_workflows_call_commands_of_the_readme(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["name"] == path.stem and workflow[True]  # YAML 1.1 reads the key `on` as true
    readme, script = (ROOT / "README.md").read_text(), (ROOT / "run").read_text()
    for job in workflow["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 360
        (python,) = [step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", "")]
        assert python == "3.11"
        commands = [shlex.split(step["run"]) for step in job["steps"] if "run" in step]
        own = [words for words in commands if words[0] == "./run"]
        assert own and all(words[0] in ("./run", "sudo") for words in commands)
        for _, name, *words in own:
            assert name == "pip" or f"./run {name}" in readme, name
            assert name == "pip" or re.search(rf"^    {name}\)", script, flags=re.M), name
            assert all((ROOT / word).is_file() for word in words if word.endswith(".txt"))
    assert WORKFLOWS and (path.stem != "ci" or [own[0], own[-1]] == [["./run", "lint"], ["./run", "test"]])
