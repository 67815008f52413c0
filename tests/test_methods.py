"""One contract for every method in every config: contributors write no test and are tested all the same."""

import csv
import itertools
import json
from pathlib import Path

import pytest
import torch
import yaml
from conftest import ROOT, SMALL

from marvel.finetune import COLUMNS
from marvel.run import execute, read_card
from workflow.study import Study

CONFIGS = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "workflow" / "config").glob("*.yaml"))]
OFFLINE = {"steps": 60, "batch_size": 16, "eval_every": 60}


def lines() -> dict[str, tuple[dict, dict]]:
    """{name: (config, line)} of all different method lines in workflow/config."""
    found, seen = {}, set()
    for config in CONFIGS:
        for name, line in config["methods"].items():
            wiring = [config.get(stage, {}).get(line.get(stage)) for stage in ("offline", "prealign")]
            wiring = [part and {k: v for k, v in part.items() if k not in OFFLINE and k != "calls"} for part in wiring]
            key = json.dumps([line, wiring], sort_keys=True)
            if "train" in line and key not in seen:
                seen.add(key)
                found[name if name not in found else f"{config['study']}_{name}"] = (config, line)
    return found


LINES = lines()


def run(name: str, out: Path, toy_dataset: Path, seed: int = 0, **hyperparameters) -> Path:
    """Run a method's line on the toy task, with the stages it needs, on tiny budgets."""
    config, line = LINES[name]
    offline = {key: value | OFFLINE for key, value in config.get("offline", {}).items()}
    prealign = {key: value | {"calls": 10} for key, value in config.get("prealign", {}).items()}
    small = SMALL | hyperparameters
    config = config | {
        "tasks": ["Toy"],
        "seeds": [0, 1],
        "offline_seed": "paired",
        "dataset": {"source": "dsrl", "files": {}},
        "offline": offline,
        "prealign": prealign,
        "hyperparameters": small,
        "methods": {name: {key: value for key, value in line.items() if key not in SMALL}},
    }
    study = Study(config)
    card = read_card(study.finetune_card(name, "Toy", seed))
    if card["dataset"]:
        card["dataset"] = str(toy_dataset)
    if line["start"] != "scratch":
        algorithm = line["offline"]
        stage = read_card(study.pretrain_card(algorithm, "Toy", seed)) | {"dataset": str(toy_dataset)}
        card["start"] = make(stage, out.parent / f"{name}-{algorithm}-{seed}")
        if line["start"] == "prealigned":
            stage = read_card(study.prealign_card(line["prealign"], algorithm, "Toy", seed))
            stage |= {"dataset": str(toy_dataset), "start": card["start"]}
            card["start"] = make(stage, out.parent / f"{name}-{algorithm}-vpa-{seed}")
    execute(card, out)
    return out


def make(card: dict, out: Path) -> str:
    """Run an offline stage unless it is there; returns its checkpoint."""
    if not (out / "checkpoint.pt").exists():
        execute(card, out)
    return str(out / "checkpoint.pt")


def read(out: Path) -> list[dict]:
    """Rows of progress.csv as text."""
    with open(out / "progress.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", LINES)
def test_method_keeps_the_contract(name, tmp_path, toy_dataset):
    state = torch.random.get_rng_state()
    rows = read(run(name, tmp_path / "a", toy_dataset))
    assert torch.equal(state, torch.random.get_rng_state()), "a method draws from torch's global generator"

    assert list(rows[0]) == list(COLUMNS)
    assert [int(row["round"]) for row in rows] == list(range(len(rows)))
    steps = [int(row["env_steps"]) for row in rows]
    assert steps[0] == 0 and steps == sorted(set(steps))
    for key in ("train_return", "train_cost", "multiplier", "reward_q", "cost_q"):
        assert rows[0][key] == ""
        assert all(row[key] != "" for row in rows[1:])
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

    again = run(name, tmp_path / "b", toy_dataset)
    assert (again / "progress.csv").read_bytes() == (tmp_path / "a" / "progress.csv").read_bytes()
    other = read(run(name, tmp_path / "c", toy_dataset, seed=1))
    assert other != rows


@pytest.mark.parametrize("name", LINES)
def test_more_evaluation_changes_no_training_column(name, tmp_path, toy_dataset):
    few = read(run(name, tmp_path / "few", toy_dataset, eval_every=100))
    many = read(run(name, tmp_path / "many", toy_dataset, eval_every=1, eval_episodes=3))
    assert len(few) == len(many)
    for a, b in zip(few, many, strict=True):
        assert {k: v for k, v in a.items() if "eval" not in k} == {k: v for k, v in b.items() if "eval" not in k}
    assert all(row["eval_return"] for row in many)
