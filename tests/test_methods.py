"""One contract for every method in every config: contributors write no test and are tested all the same.

Every different entry runs twice. What depends on the function alone, not on its options, is tried once per function and
kind of start: that another seed gives other numbers, and that evaluating more often changes no training number.
"""

import csv
import hashlib
import itertools
import json
from pathlib import Path

import pytest
import torch
import yaml
from conftest import ROOT, SMALL

from marvel.run.execute import execute
from marvel.run.progress import COLUMNS
from marvel.run.spec import read_spec
from workflow.study import Study

CONFIGS = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "workflow" / "config").glob("*.yaml"))]
OFFLINE = {"steps": 60, "batch_size": 16, "eval_every": 60}
# Options that scale with the budget, if a entry has them; the toy's budget is 20 episodes of 30 steps.
OPTIONS = {"update_ratio": 0.2, "warmup_steps": 200}


def entries() -> dict[str, tuple[dict, dict]]:
    """{name: (config, entry)} of all different method entries in workflow/config."""
    found, seen = {}, set()
    for config in CONFIGS:
        for name, entry in config["methods"].items():
            wiring = [config.get(stage, {}).get(entry.get(stage)) for stage in ("offline", "prealign")]
            wiring = [part and {k: v for k, v in part.items() if k not in OFFLINE and k != "calls"} for part in wiring]
            named = {key: value for key, value in entry.items() if key not in ("offline", "prealign")}
            key = json.dumps([named, wiring], sort_keys=True)
            if "train" in entry and key not in seen:
                seen.add(key)
                found[name if name not in found else f"{config['study']}_{name}"] = (config, entry)
    return found


ENTRIES = entries()
# The first entry of each function and kind of start.
KINDS = list({(entry["train"], entry["start"]): name for name, (_, entry) in reversed(ENTRIES.items())}.values())


@pytest.fixture(scope="session")
def stages(tmp_path_factory) -> Path:
    """Folder of the offline stages, shared by all entries."""
    return tmp_path_factory.mktemp("stages")


@pytest.fixture
def run(tmp_path, stages, toy_dataset):
    """run(name, seed=0, **hyperparameters): the folder of a method's entry, run on the toy with its stages."""
    count = itertools.count()

    def run(name: str, seed: int = 0, **hyperparameters) -> Path:
        config, entry = ENTRIES[name]
        budget = {"online_episodes": max(SMALL["online_episodes"], 4 * entry.get("episodes_per_round", 1))}
        entry = {key: value for key, value in entry.items() if key not in SMALL}
        # the toy's random data has no episode that could be relabelled
        offline = {
            key: {option: choice for option, choice in value.items() if option != "outliers"} | OFFLINE
            for key, value in config.get("offline", {}).items()
        }
        study = Study(
            {key: value for key, value in config.items() if key != "ranks"}  # its tasks are others
            | {
                "tasks": ["Toy"],
                "seeds": [0, 1],
                "offline_seed": "paired",
                "dataset": {"source": "dsrl", "files": {}},
                "figures": {},  # they name other methods
                "offline": offline,
                "prealign": {key: value | {"calls": 10} for key, value in config.get("prealign", {}).items()},
                "hyperparameters": SMALL | hyperparameters,
                "methods": {name: entry | {key: OPTIONS[key] for key in OPTIONS if entry.get(key)} | budget},
            }
        )
        spec = read_spec(study.finetune_spec(name, "Toy", seed))
        if spec["dataset"]:
            spec["dataset"] = str(toy_dataset)
        if entry["start"] != "scratch":
            # evaluation is not what is varied in the stages, so that they can be shared
            evaluation = {key: SMALL[key] for key in ("eval_every", "eval_episodes")}
            stage = read_spec(study.pretrain_spec(entry["offline"], "Toy", seed)) | {"dataset": str(toy_dataset)}
            stage["hyperparameters"] |= evaluation
            spec["start"] = make(stage, stages)
            if entry["start"] == "prealigned":
                stage = read_spec(study.prealign_spec(entry["prealign"], entry["offline"], "Toy", seed))
                stage |= {"dataset": str(toy_dataset), "start": spec["start"]}
                stage["hyperparameters"] |= evaluation
                spec["start"] = make(stage, stages)
        out = tmp_path / str(next(count))
        execute(spec, out)
        return out

    return run


def make(spec: dict, stages: Path) -> str:
    """Run an offline stage unless it was run before; returns its checkpoint."""
    spec = spec | {"method": spec["train"]}  # entries of several studies may be the same stage under other names
    out = stages / hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]
    if not (out / "checkpoint.pt").exists():
        execute(spec, out)
    return str(out / "checkpoint.pt")


def read(out: Path) -> list[dict]:
    """Rows of progress.csv as text."""
    with open(out / "progress.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ENTRIES)
def test_method_keeps_the_contract(name, run):
    state = torch.random.get_rng_state()
    out = run(name)
    rows = read(out)
    assert torch.equal(state, torch.random.get_rng_state()), "a method draws from torch's global generator"

    assert list(rows[0]) == list(COLUMNS)
    assert [int(row["round"]) for row in rows] == list(range(len(rows)))
    steps = [int(row["env_steps"]) for row in rows]
    assert steps[0] == 0 and steps == sorted(set(steps))
    for key in ("train_return", "train_cost", "multiplier", "reward_q", "cost_q"):
        assert rows[0][key] == ""
    assert rows[0]["eval_return"] != "" and rows[-1]["eval_return"] != ""
    for row in rows:
        assert all(abs(float(value)) < 1e6 for value in row.values() if value)
        assert 0 <= int(row["train_violations"]) <= int(row["episodes"])
        assert not row["multiplier"] or float(row["multiplier"]) >= 0
        assert not row["train_cost"] or 0 <= float(row["train_cost"]) <= 30
    for before, row in itertools.pairwise(rows):
        played = int(row["episodes"]) - int(before["episodes"])
        assert played > 0 and int(row["env_steps"]) - int(before["env_steps"]) <= 30 * played
        cost = float(row["cumulative_cost"]) - float(before["cumulative_cost"])
        assert cost == pytest.approx(float(row["train_cost"]) * played, abs=1e-3)
        assert all(row[key] for key in ("train_return", "train_cost", "multiplier"))
        updated = int(row["updates"]) - int(before["updates"])
        assert updated >= 0 and all(bool(row[key]) == (updated > 0) for key in ("reward_q", "cost_q"))

    assert (run(name) / "progress.csv").read_bytes() == (out / "progress.csv").read_bytes()


@pytest.mark.parametrize("name", KINDS)
def test_another_seed_gives_other_numbers(name, run):
    assert read(run(name, seed=1)) != read(run(name))


@pytest.mark.parametrize("name", KINDS)
def test_more_evaluation_changes_no_training_column(name, run):
    few = read(run(name, eval_every=100))
    many = read(run(name, eval_every=1, eval_episodes=3))
    assert len(few) == len(many)
    for a, b in zip(few, many, strict=True):
        assert {k: v for k, v in a.items() if "eval" not in k} == {k: v for k, v in b.items() if "eval" not in k}
    assert all(row["eval_return"] for row in many)
