"""How a study of 6,000 runs is scored and drawn, and how long it takes to start again when it is half done.

    ./run python -m benchmarks.scale [--seeds 79] [--folder FOLDER]

The paper's 19 entries on four tasks with 79 seeds have 6,004 runs of 101 rounds, and 2,212 offline models and
pre-alignments to start from. Every file that they leave is made up (numbers are drawn, no run is played). Then the
commands of the rules are run, each in a process of its own; and Snakemake plans the study when the later half of its
runs is gone.
"""

import argparse
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from marvel import numerics
from marvel.run import record
from marvel.run.progress import COLUMNS, episodes_bytes, progress_bytes
from marvel.tasks import get_task
from workflow.code import ROOT
from workflow.figures.entries import figure_command
from workflow.study import Study
from workflow.tables import TABLES

TASKS = ["BallRun", "BallCircle", "CarRun", "CarCircle"]
SIZE, SECONDS, GIGABYTES, AGAIN = 6_000, 60, 2.0, 25  # what is promised of 6,000 runs
EVALUATED = ("eval_return", "eval_cost", "eval_return_std", "eval_cost_std", "eval_episodes")


class Cost(NamedTuple):
    """What a command took."""

    what: str
    wall: float  # seconds
    cpu: float  # seconds, its children's included
    megabytes: float  # largest resident set


def scaled(seeds: int) -> dict:
    """The paper's study on `TASKS` with more seeds, without what is drawn from datasets or recorded states."""
    config = yaml.safe_load((ROOT / "workflow" / "config" / "paper.yaml").read_text(encoding="utf-8"))
    figures = {}
    for name, entry in config["figures"].items():
        if isinstance(entry, dict) and "tasks" in entry:
            entry["tasks"] = [task for task in entry["tasks"] if task in TASKS]
        if name != "fig1_sparsity" and (not isinstance(entry, dict) or entry.get("tasks", TASKS)):
            figures[name] = entry
    config |= {"study": "scale", "tasks": TASKS, "seeds": list(range(seeds)), "figures": figures}
    del config["ranks"]
    return config


@cache
def code_of(train: str) -> dict[str, str]:
    """What a run records of its code; the same for all runs of a module."""
    return record.code_of(train, "marvel.run.execute", "marvel.numerics")


def made_up(study: Study, folder: str, spec: dict) -> dict[str, bytes]:
    """{name: content} of the files that a job leaves; returns rise, costs fall."""
    task, limit = get_task(spec["task"]), spec["cost_limit"]
    rng = np.random.default_rng(seed_of(folder))
    rounds = study.shared(spec["task"]).rounds if spec["stage"] == "finetune" else 40
    steps, rows, episodes, costs, violations = task.max_episode_steps, [], [], 0.0, 0
    skill = np.random.default_rng(seed_of(spec["method"])).uniform(0.3, 0.9)
    for number in range(rounds + 1):
        row = dict.fromkeys(COLUMNS) | {"round": number, "episodes": number, "env_steps": number * steps}
        reached, cost = (
            task.max_return * skill * (number / rounds) + rng.normal(),
            abs(rng.normal(limit, limit / 2)) * (1.5 - number / rounds),
        )
        if number and spec["stage"] == "finetune":
            costs, violations = costs + cost, violations + (cost > limit)
            row |= {"train_return": reached, "train_cost": cost, "multiplier": rng.random(), "reward_q": rng.normal()}
            row |= {"cost_q": rng.random()}
            episodes.append((number, "train", steps, reached, cost))
        row |= {"train_violations": violations, "cumulative_cost": costs, "updates": number * 200}
        if number % 5 == 0 or number == rounds:
            row |= dict(zip(EVALUATED, (reached, cost, 1.0, 1.0, 5), strict=True))
            episodes += [(number, "eval", steps, reached, cost)] * 5
        rows.append(row)
    files = {"progress.csv": progress_bytes(rows), "episodes.csv": episodes_bytes(episodes)}
    if spec["stage"] != "finetune":
        files["checkpoint.pt"] = folder.encode()
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    told = {"fingerprint": folder, "status": "finished", "commit": "0" * 40, "dirty": False}
    told |= {"code": code_of(spec["train"]), "outputs": hashes, "peak_memory_mb": 400, "seconds": 300.0}
    told |= {"cpu_seconds": 290.0} | machine()
    inputs = {spec[key]: hashlib.sha256(b"").hexdigest() for key in ("start", "dataset") if spec[key]}
    told |= {"inputs": inputs, "resumed": 0}
    return files | {"run.json": (json.dumps(spec | {"record": told}, indent=1) + "\n").encode()}


def seed_of(text: str) -> int:
    """A seed from a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")


@cache
def machine() -> dict:
    """What a record says of where the run was made."""
    return {"cpu": record.processor(), "versions": record.versions(), "numerics": numerics.settings()}


def write_study(study: Study, base: Path) -> list[Path]:
    """Write what all jobs of a study leave, in their order; returns the folders of the runs."""
    from marvel.cli.plan import jobs_of

    runs = []
    for job in jobs_of(study):
        folder = base / job.folder
        runs += [folder] if job.stage == "finetune" else []
        if folder.exists():  # of an earlier call
            continue
        folder.mkdir(parents=True)
        if job.spec is None:  # data
            for name in ("dataset.hdf5", "scatter.png"):
                (folder / name).write_bytes(b"")
            card = ROOT / "results" / "reference" / "data" / folder.name / "card.json"  # the page reads it
            (folder / "card.json").write_bytes(card.read_bytes())
            continue
        for name, content in made_up(study, job.folder, job.spec).items():
            (folder / name).write_bytes(content)
    return runs


def timed(what: str, words: list[str], folder: Path) -> Cost:
    """Run `python -m` with these words in a folder."""
    began = time.monotonic()
    command = [sys.executable, "-m", *words]
    with tempfile.TemporaryFile("w+") as output:
        paths = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=paths)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"scale: {what} failed:\n{output.read()[-3000:]}")
    print(f"{what} done", flush=True)
    return Cost(what, time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def report_costs(study: Study, folder: Path) -> list[Cost]:
    """Scores, tables and figures as the rules make them, and the page."""
    base, found = study.base, []
    methods = [word for each in study.runs_by_method for word in ("--method", *each)]
    limit = str(study.cost_limit)
    words = ["workflow.runs.scores", "--runs", f"{base}/runs", *methods, "--cost-limit", limit]
    found.append(timed("scores", [*words, "--out", f"{base}/scores.csv"], folder))
    for name in TABLES:
        if name != "ranks":
            found.append(timed(f"table {name}", ["workflow.tables", name, "--scores", f"{base}/scores.csv"], folder))
    for name in study.figures:
        words = ["workflow.figures", *shlex.split(figure_command(study, name))]
        found.append(timed(f"figure {name}", [*words, "--out", f"{base}/figures/{name}"], folder))
    found.append(timed("page", ["workflow.page", "--study", base, *methods], folder))
    return found


def start_costs(folder: Path, runs: list[Path]) -> list[Cost]:
    """Snakemake's planning of the whole study, and of one whose later half of runs is gone."""
    plan = ["snakemake", "--snakefile", str(ROOT / "Snakefile"), "--configfile", "config.yaml", "--cores", "2"]
    timed("touch", [*plan, "--touch", "--quiet", "all"], folder)  # so that Snakemake knows how they were made
    found = [timed("snakemake -n, all runs there", [*plan, "-n", "--quiet", "all"], folder)]
    for run in runs[len(runs) // 2 :]:
        for path in run.iterdir():
            path.unlink()
    return [*found, timed("snakemake -n, half of the runs there", [*plan, "-n", "--quiet", "all"], folder)]


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=79, help="of the study; 79 make 6,004 runs")
    parser.add_argument("--folder", type=Path, help="a folder to work in, which is kept and used again")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        config = scaled(options.seeds)
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        study = Study(config)
        began = time.monotonic()
        runs = write_study(study, folder)
        print(f"{len(runs)} runs made up in {time.monotonic() - began:.0f} s", flush=True)
        drawn = report_costs(study, folder)
        started = start_costs(folder, runs)
    for cost in (*drawn, *started):
        print(f"{cost.what:40} {cost.wall:6.1f} s  {cost.cpu:6.1f} s CPU  {cost.megabytes:6.0f} MB")
    counted = [cost for cost in drawn if cost.what != "page"]
    cpu, memory = sum(cost.cpu for cost in counted), max(cost.megabytes for cost in counted) / 1000
    again = started[-1].cpu
    print(f"scores, tables and figures: {cpu:.1f} s CPU (at most {SECONDS}), {memory:.2f} GB (at most {GIGABYTES})")
    print(f"half done, it plans in {again:.1f} s CPU (at most {AGAIN})")
    return int(len(runs) >= SIZE and (cpu > SECONDS or memory > GIGABYTES or again > AGAIN))


if __name__ == "__main__":
    sys.exit(main())
