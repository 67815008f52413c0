"""A study that takes seconds, and copies of the project in which Snakemake runs it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from conftest import ROOT, SMALL

COMPARED = ("progress.csv", "checkpoint.pt", "dataset.hdf5", "scores.csv", "final.md", "per_seed.csv", "*.png", "*.pdf")


def needed_alone(config: dict) -> dict:
    """A config without the entries of `offline` and `prealign` that no method starts from, which would be refused."""
    kept = {}
    for stage in ("offline", "prealign"):
        names = {entry.get(stage) for entry in [*config["methods"].values(), config.get("ranks", {})]} - {None}
        kept[stage] = {name: entry for name, entry in config[stage].items() if name in names}
    return config | kept


def toy_config(dataset: Path, /, **changes) -> dict:
    """A study of four methods on the toy task that takes seconds; with other methods, of the stages that they need."""
    config = {
        "study": "toy",
        "tasks": ["Toy"],
        "seeds": [0, 1],
        "cost_limit": 5,
        "dataset": {"source": "dsrl", "files": {"Toy": str(dataset)}},
        "hyperparameters": SMALL,
        "offline": {"cpq": {"train": "marvel.cpq", "steps": 40, "batch_size": 16}},
        "prealign": {"vpa": {"calls": 10}},
        "methods": {
            "marvel": {"train": "marvel.method", "start": "prealigned", "offline": "cpq", "prealign": "vpa"},
            "warm_start": {"train": "baselines.warm_start", "start": "offline", "offline": "cpq"},
            "from_scratch": {"train": "baselines.from_scratch", "start": "scratch"},
            "offline_only": {"train": "baselines.offline_only", "start": "offline", "offline": "cpq"},
        },
    }
    config |= changes
    if changes.keys() & {"methods", "offline", "prealign"} != {"methods"} or not config["methods"]:
        return config
    return needed_alone(config)


class Copy:
    """A copy of the project in a folder of its own, where Snakemake can run."""

    def __init__(self, folder: Path):
        self.folder = folder
        names = ("Snakefile", "marvel", "baselines", "workflow", "profiles", "environment.yml")
        for name in names:
            source = ROOT / name
            skip = shutil.ignore_patterns("__pycache__")
            (shutil.copytree if source.is_dir() else shutil.copy)(
                source, folder / name, **({"ignore": skip} if source.is_dir() else {})
            )

    def command(self, config: dict | None, *words: str) -> list[str]:
        """Snakemake on a config."""
        arguments = []
        if config is not None:
            path = self.folder / "config.yaml"
            path.write_text(yaml.safe_dump(config, sort_keys=False))
            arguments = ["--configfile", str(path)]
        return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments, *words]

    def run(self, config: dict | None, *words: str) -> subprocess.CompletedProcess:
        """Run it to the end; stdout and stderr together in stdout."""
        command = self.command(config, *words)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.run(command, cwd=self.folder, env=environment(), timeout=600, **pipes)

    def module(self, *words: str) -> subprocess.CompletedProcess:
        """`python -m` with these words; stdout and stderr together in stdout."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        command = [sys.executable, "-m", *words]
        return subprocess.run(command, cwd=self.folder, env=environment(), timeout=600, **pipes)

    def planned(self, config: dict) -> dict[str, int]:
        """{rule: jobs} of a dry run."""
        text = self.run(config, "-n").stdout
        table = re.search(r"Job stats:\njob\s+count\n[-\s]+\n((?:\w+\s+\d+\n)+)", text)
        if table is None:
            assert "Nothing to be done" in text, text
            return {}
        jobs = {name: int(count) for name, count in (line.split() for line in table[1].splitlines())}
        jobs.pop("total")
        return jobs


def environment() -> dict:
    """Python of this environment first, a snapshot after every round."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "MARVEL_SNAPSHOT_SECONDS": "0"}


def descendants(pid: int) -> list[tuple[int, list[str]]]:
    """(process id, command line) of all processes below `pid`, from /proc."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text()
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        parents[int(entry.name)] = (int(stat.rsplit(")", 1)[1].split()[1]), words)
    found, frontier = [], {pid}
    while frontier:
        frontier = {child for child, (parent, _) in parents.items() if parent in frontier}
        found += [(child, parents[child][1]) for child in frontier]
    return found


def products(folder: Path) -> dict[str, bytes]:
    """{relative path: bytes} of everything that a study makes and that has no clock in it."""
    base = folder / "results"
    paths = {path for pattern in COMPARED for path in base.rglob(pattern) if ".state" not in path.parts}
    return {str(path.relative_to(base)): path.read_bytes() for path in sorted(paths)}
