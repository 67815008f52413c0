"""What several tests share: a small dataset and checkpoints of the toy task, and specs that run in a second."""

import marvel  # isort: skip  # noqa: F401  (sets the numerics, before NumPy is imported)
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from marvel import datasets
from marvel.rollout import play_episode
from marvel.run.execute import execute
from marvel.run.spec import read_spec
from marvel.simulators import make_env
from marvel.tasks import get_task

ROOT = Path(__file__).resolve().parent.parent
SMALL = {"hidden_units": 16, "online_episodes": 20, "eval_every": 2, "eval_episodes": 2, "updates_per_round": 4}
needs_metadrive = pytest.mark.skipif(
    importlib.util.find_spec("metadrive") is None, reason="MetaDrive is not installed: ./run install metadrive"
)


def make_spec(train: str, **changes) -> dict:
    """A complete spec on the toy task with budgets of about a second."""
    spec = {"train": train, "task": "Toy", "seed": 0, "cost_limit": 5, "hyperparameters": SMALL, "options": {}}
    return read_spec(json.dumps(spec | changes))


def run_in_process(spec: dict, out: Path) -> str:
    """Run a spec in a process of its own; returns stderr."""
    command = [sys.executable, "-m", "marvel.run", json.dumps(spec), "--out", str(out)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert result.returncode == 0, result.stderr
    return result.stderr


def write_toy_dataset(path: Path) -> Path:
    """Sixty random toy episodes in DSRL's schema."""
    task = get_task("Toy")
    env, rng = make_env(task), np.random.default_rng(0)
    columns = {key: [] for key in ("observations", "next_observations", "actions", "rewards", "costs", "terminals")}
    timeouts = []
    for seed in range(60):
        push = rng.uniform(-1, 1, task.action_dim).astype(np.float32)
        episode = play_episode(
            env, lambda observation, noise, push=push: np.clip(push + 0.3 * rng.standard_normal(2), -1, 1), seed
        )
        steps = len(episode.actions)
        last = np.arange(steps) == steps - 1
        columns["observations"].append(episode.observations[:-1])
        columns["next_observations"].append(episode.observations[1:])
        columns["actions"].append(episode.actions)
        columns["rewards"].append(episode.rewards)
        columns["costs"].append(episode.costs)
        columns["terminals"].append(last & episode.terminated)
        timeouts.append(last & (not episode.terminated))
    datasets.write(path, {key: np.concatenate(parts) for key, parts in (columns | {"timeouts": timeouts}).items()})
    return path


@pytest.fixture(scope="session")
def toy_dataset(tmp_path_factory) -> Path:
    """The toy's dataset."""
    return write_toy_dataset(tmp_path_factory.mktemp("toy") / "dataset.hdf5")


@pytest.fixture(scope="session")
def toy_offline(toy_dataset, tmp_path_factory) -> Path:
    """A CPQ checkpoint of a few steps."""
    out = tmp_path_factory.mktemp("offline")
    execute(make_spec("marvel.cpq", dataset=str(toy_dataset), options={"steps": 150, "batch_size": 32}), out)
    return out / "checkpoint.pt"


@pytest.fixture(scope="session")
def toy_prealigned(toy_offline, toy_dataset, tmp_path_factory) -> Path:
    """The same, pre-aligned."""
    out = tmp_path_factory.mktemp("prealigned")
    spec = make_spec("marvel.prealign", start=str(toy_offline), dataset=str(toy_dataset), options={"calls": 30})
    execute(spec, out)
    return out / "checkpoint.pt"


@pytest.fixture(autouse=True)
def one_thread():
    """As in runs: one thread, so that sums keep their order."""
    torch.set_num_threads(1)


def rows_of(trial, method, stop=None):
    """Drive a method as `marvel.run` does and return what it returns; `stop` breaks off after that many rows."""
    while True:
        try:
            trial.rows.append(next(method))
        except StopIteration as end:
            return end.value
        if stop is not None and len(trial.rows) >= stop:
            return None


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home, and no variable that names another folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DSRL_DATASET_DIR", raising=False)
    return tmp_path / "home" / ".dsrl" / "datasets"
