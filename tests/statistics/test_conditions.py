"""The ledger's conditions: each fails by its own fault alone, and records are read through the stages of a run."""

import json

import pandas as pd
import pytest

from workflow.runs.records import published_budgets, read_offline, read_records
from workflow.statistics.conditions import CONDITIONS, RECORD, Published, check, complete

PUBLISHED = Published(20.0, {"BallRun": 500}, frozenset(["BallRun"]))


def records(seeds: int = 5, **changes) -> pd.DataFrame:
    """Good records of two methods on BallRun; `changes` are {column: value of method b, seed 1}."""
    rows = [
        {
            "name": name, "task": "BallRun", "seed": seed, "online": True, "cost_limit": 20.0, "online_episodes": 500,
            "complete": True, "offline_seed": seed if name == "a" else None, "data": ("d",) if name == "a" else (),
            "cpu": (f"cpu of seed {seed}",), "versions": ("{}",), "numerics": ("x",),
            "code": {"marvel/sac.py": ("1",), f"{name}.py": ("2",)}, "current": True,
        }
        for name in ("a", "b")
        for seed in range(seeds)
    ]  # fmt: skip
    rows[seeds + 1].update(changes)
    return pd.DataFrame(rows, columns=RECORD, dtype=object)


def failing(table: pd.DataFrame, names=("a", "b"), task="BallRun") -> dict[str, str]:
    """Only the conditions that fail, with their reasons."""
    found = check(list(names), task, table, PUBLISHED)
    assert list(found) == list(CONDITIONS)
    return {key: reason for key, reason in found.items() if reason}


def test_good_records_meet_every_condition():
    assert failing(records()) == {}
    assert failing(records(), ["a"]) == {}


@pytest.mark.parametrize(
    ("changes", "condition", "words"),
    [
        ({"cost_limit": 40.0}, "limit", "b seed 1 has cost limit 40, not 20"),
        ({"online_episodes": 100}, "budget", "b seed 1 has 100 online episodes, published are 500"),
        ({"online_episodes": None}, "budget", "online budget of b seed 1 not recorded"),
        ({"complete": False}, "budget", "stopped before its budget"),
        ({"offline_seed": 0}, "pairs", "b seed 1 starts from offline seed 0"),
        ({"data": ("other",)}, "data", "different datasets"),
        ({"data": None}, "data", "data of b seed 1 not recorded"),
        ({"cpu": ("another",)}, "machine", "different cpu within seed 1: another and cpu of seed 1"),
        ({"cpu": ("another", "cpu of seed 1")}, "machine", "different cpu within seed 1"),
        ({"versions": ("{1}",)}, "machine", "different versions within seed 1"),
        ({"numerics": ("y",)}, "machine", "different numerics within seed 1"),
        ({"numerics": None}, "machine", "numerics of b seed 1 not recorded"),
        ({"code": {"marvel/sac.py": ("9",)}}, "code", "marvel/sac.py differs between the runs"),
        ({"code": {"marvel/sac.py": ("1", "9")}}, "code", "marvel/sac.py differs between the runs"),
        ({"code": None}, "code", "code of b seed 1 not recorded"),
        ({"current": False}, "code", "code changed after b seed 1 was made"),
    ],
)
def test_one_fault_fails_one_condition(changes, condition, words):
    found = failing(records(**changes))
    assert list(found) == [condition] and words in found[condition]


def test_a_task_that_nobody_tuned_or_without_a_published_budget_is_refused():
    table = records()
    found = failing(table.assign(task="PointGoal1"), task="PointGoal1")
    assert found["tuned"] == "the hyperparameters of PointGoal1 are defaults that nobody tuned"
    assert found["budget"] == "no published online budget for PointGoal1"


def test_a_run_that_diverged_need_not_have_played_its_budget():
    assert complete(100, 10_000, 500, 100, "diverged") is None and failing(records(complete=None)) == {}
    assert complete(100, 10_000, 500, 100, "") is False
    assert complete(500, 40_000, 500, 100, "") is True  # episodes that ended early
    assert complete(900, 50_000, 500, 100, "") is True  # a budget of steps
    assert complete(0, 0, 500, 100, "") is None  # an evaluation alone


def test_one_sides_seeds_must_be_among_the_others():
    table = records()
    fewer = table[(table["name"] == "a") | (table["seed"] < 3)]
    assert failing(fewer) == {}
    other = table[(table["name"] == "a") & (table["seed"] < 3) | (table["name"] == "b") & (table["seed"] > 1)]
    assert failing(other)["seeds"] == "neither side's seeds are among the other's: a has 0, 1, 2; b has 2, 3, 4"
    assert failing(table, ["a", "c"])["seeds"] == "no records of c"


@pytest.fixture
def study(tmp_path):
    """One run of marvel with its two stages, and their records, in a folder that is not the one they were made in."""
    stages = {"offline/cpq/BallRun/seed0": None, "prealigned/vpa/cpq/BallRun/seed0": "offline/cpq/BallRun/seed0"}
    stages["runs/marvel/BallRun/seed0"] = "prealigned/vpa/cpq/BallRun/seed0"
    for name, start in stages.items():
        online = name.startswith("runs")
        spec = {
            "task": "BallRun", "seed": 0, "start": start and f"results/made/{start}/checkpoint.pt",
            "dataset": None if online else "results/made/data/BallRun/dataset.hdf5",
            "hyperparameters": {"online_episodes": 500, "reward_scale": 0.1}, "knobs": {"reward_scale": 1.0},
            "record": {
                "cpu": "A", "versions": {"torch": "2"}, "numerics": {"denormals": "flushed"},
                "code": {"marvel/sac.py": "1"},
                "inputs": {} if online else {"results/made/data/BallRun/dataset.hdf5": "d"},
            },
        }  # fmt: skip
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "run.json").write_text(json.dumps(spec))
    return tmp_path


def scores() -> pd.DataFrame:
    frame = pd.DataFrame({"round": [0, 1], "episodes": [0, 500], "env_steps": [0, 50_000]})
    return frame.assign(method="marvel", task="BallRun", seed=0, cost_limit=20.0, code="current", status="")


def damage(study, folder: str, change) -> None:
    path = study / folder / "BallRun/seed0/run.json"
    spec = json.loads(path.read_text())
    change(spec)
    path.write_text(json.dumps(spec))


def test_records_are_read_through_the_stages(study):
    snapshot = study / "offline/cpq/BallRun/seed0/.state/run.json"  # of a run under way: no record
    snapshot.parent.mkdir()
    snapshot.write_text("{}")
    table = read_records(study, scores()).set_index("name")
    assert set(table.index) == {"marvel", "offline/cpq", "prealigned/vpa/cpq"}
    run = table.loc["marvel"]
    assert (run["offline_seed"], run["data"], run["cpu"], run["complete"]) == (0, ("d",), ("A",), True)
    assert (run["code"], run["online_episodes"], run["reward_scale"]) == ({"marvel/sac.py": ("1",)}, 500, 0.1)
    assert check(["marvel"], "BallRun", table.reset_index(), PUBLISHED) == dict.fromkeys(CONDITIONS, "")


@pytest.mark.parametrize(
    ("folder", "change", "condition", "words"),
    [
        ("offline/cpq", lambda spec: spec["record"].update(cpu="B"), "machine", "different cpu within seed 0: A and B"),
        (
            "offline/cpq",
            lambda spec: spec["record"].pop("numerics"),
            "machine",
            "numerics of marvel seed 0 not recorded",
        ),
        ("offline/cpq", lambda spec: spec.update(seed=3), "pairs", "starts from offline seed 3"),
        ("offline/cpq", lambda spec: spec["record"].update(inputs={}), "data", "not recorded"),
        ("prealigned/vpa/cpq", lambda spec: spec["record"].update(code={"marvel/sac.py": "2"}), "code", "differs"),
        ("prealigned/vpa/cpq", lambda spec: spec["record"].pop("code"), "code", "not recorded"),
        ("runs/marvel", lambda spec: spec.pop("hyperparameters"), "budget", "not recorded"),
    ],
)
def test_what_a_stage_lacks_or_changed_counts(study, folder, change, condition, words):
    damage(study, folder, change)
    found = check(["marvel"], "BallRun", read_records(study, scores()), PUBLISHED)
    assert words in found.pop(condition) and not any(found.values())


def test_a_missing_stage_or_record_is_not_recorded(study):
    (study / "offline/cpq/BallRun/seed0/run.json").unlink()
    found = check(["marvel"], "BallRun", read_records(study, scores()), PUBLISHED)
    assert {key for key, reason in found.items() if "not recorded" in reason} == {"data", "machine", "code"}
    (study / "runs/marvel/BallRun/seed0/run.json").write_text("{")
    with pytest.raises(ValueError, match=r"runs/marvel/BallRun/seed0/run.json is no JSON"):
        read_records(study, scores())


def test_offline_multipliers_are_read_with_their_scale(study):
    folder = study / "offline/cpq/BallRun/seed0"
    pd.DataFrame({"updates": [0, 10], "multiplier": [None, 0.5]}).to_csv(folder / "progress.csv", index=False)
    assert read_offline(study).to_dict("records") == [
        {"algorithm": "cpq", "task": "BallRun", "seed": 0, "updates": 10, "multiplier": 0.5, "reward_scale": 1.0}
    ]
    assert read_offline(study / "runs").empty


def test_budgets_are_the_official_codes():
    assert len(published_budgets()) == 11
    assert published_budgets()["HopperVelocity"] == 5000 and published_budgets()["BallRun"] == 500
