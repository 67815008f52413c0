"""One contract for every method in every config: contributors write no test and are tested all the same.

Every different entry runs twice. What depends on the function alone, not on its options, is tried once per function and
kind of start: that another seed gives other numbers, and that evaluating more often changes no training number.
"""

import csv
import itertools
from pathlib import Path

import pytest
import torch
from entries import ENTRIES, run_entry

from marvel.run.progress import COLUMNS

# The first entry of each function and kind of start, with and without a dataset.
KINDS = {
    (entry["train"], entry["start"], entry.get("dataset", False)): name
    for name, (_, entry) in reversed(ENTRIES.items())
}.values()


@pytest.fixture(scope="session")
def stages(tmp_path_factory) -> Path:
    """Folder of the offline stages, shared by all entries."""
    return tmp_path_factory.mktemp("stages")


@pytest.fixture
def run(tmp_path, stages, toy_dataset):
    """run(name, seed=0, **hyperparameters): the folder of a method's entry, run on the toy with its stages."""
    count = itertools.count()

    def run(name: str, seed: int = 0, **hyperparameters) -> Path:
        return run_entry(name, toy_dataset, stages, tmp_path / str(next(count)), seed, **hyperparameters)[-1]

    return run


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
