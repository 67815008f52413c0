"""Planned runs that are missing, and runs with a remark: each is named with its reason."""

import json
import time

import pytest
from made_runs import progress, tables, write_run

from workflow.captions import missing_sentence, seeds_words
from workflow.names import named
from workflow.runs import scores
from workflow.runs.missing import absent, read_missing

METHODS = ("marvel", "warm_start")
PLANNED = [(method, task, seed) for method in METHODS for task in ("BallRun", "CarRun") for seed in range(4)]
MADE = {"cpu": "A", "versions": {"torch": "2"}, "numerics": {}}


def status(folder, **facts):
    """What a run that was begun leaves in its folder."""
    (folder / ".state").mkdir(parents=True, exist_ok=True)
    (folder / ".state" / "status.json").write_text(json.dumps(facts))


@pytest.fixture
def study(tmp_path):
    """All of BallRun, in many states, and seed 0 of CarRun; returns the folder and what `score_runs` makes of it."""
    runs = tmp_path / "runs"
    for method, task, seed in PLANNED:
        if task == "BallRun" or seed == 0:
            record = MADE | ({"cpu": "B"} if (method, task, seed) == ("marvel", "BallRun", 0) else {})
            if (method, seed) == ("warm_start", 1):
                record |= {"status": "diverged", "round": 3, "reason": "cost_q is inf"}
            write_run(runs, method, task, seed, progress([100.0 + seed, 200.0], [30.0, 10.0]), record=record)
    write_run(runs, "extra", "BallRun", 0, progress([1.0], [1.0]), record=MADE)
    for method, seed in (("marvel", 1), ("marvel", 2), ("warm_start", 2)):
        (runs / method / "BallRun" / f"seed{seed}" / "progress.csv").unlink()
    status(runs / "marvel/BallRun/seed1", state="failed", round=3, reason="the disk is full.")
    status(runs / "marvel/BallRun/seed2", state="running", round=7)
    status(tmp_path / "offline/cpq/BallRun/seed2", state="failed", reason="too little memory")
    spoilt = runs / "warm_start/BallRun/seed3/run.json"
    spoilt.write_text(json.dumps(json.loads(spoilt.read_text()) | {"record": {"outputs": {"progress.csv": "0"}}}))
    stages = {("warm_start", "BallRun", 2): [tmp_path / "offline/cpq/BallRun/seed2"]}
    made = scores.score_runs(runs, [*PLANNED, ("extra", "BallRun", 0)], 20.0, stages)
    scores.write_scores(tmp_path / "scores.csv", *made[:2])
    return tmp_path, made


def test_each_missing_run_is_named_with_its_reason(study):
    folder, (rows, missing, _) = study
    told = {(row.method, row.task, row.seed): (row.kind, row.why) for row in absent(missing).itertuples()}
    assert told.pop(("marvel", "BallRun", 1)) == ("failed", "the disk is full.")
    assert told.pop(("marvel", "BallRun", 2)) == ("unfinished", "begun; round 7 was its last")
    kind, why = told.pop(("warm_start", "BallRun", 2))
    assert kind == "not run" and why.endswith("offline/cpq/BallRun/seed2 failed: too little memory")
    kind, why = told.pop(("warm_start", "BallRun", 3))
    assert kind == "refused" and why.startswith("progress.csv is not the file that its run wrote")
    assert set(told) == {(method, "CarRun", seed) for method in METHODS for seed in (1, 2, 3)}
    assert set(told.values()) == {("not run", "")}
    there = set(rows[["method", "task", "seed"]].itertuples(index=False, name=None))
    assert there == {*PLANNED, ("extra", "BallRun", 0)} - {tuple(row[:3]) for row in absent(missing).to_numpy()}
    assert read_missing(folder)["kind"].tolist() == missing["kind"].tolist()


def test_remarks_on_runs_that_are_there(study):
    missing = study[1][1]
    remarks = missing[~missing.index.isin(absent(missing).index)]
    told = {tuple(row[:4]): row[4] for row in remarks.to_numpy()}
    assert told == {
        ("warm_start", "BallRun", 1, "diverged"): "in round 3: cost_q is inf",
        ("marvel", "BallRun", 0, "other machine"): "other cpu: B",  # than the two others of its task and seed
    }


def test_all_runs_are_asked_for_where_nothing_may_be_missing(study):
    with pytest.raises(ValueError, match=r"marvel/BallRun/seed1/progress\.csv does not exist"):
        scores.score_runs(study[0] / "runs", PLANNED, 20.0)
    with pytest.raises(ValueError, match=r"holds none of the 1 runs that the study plans; run it first\."):
        scores.score_runs(study[0] / "runs", [("none", "BallRun", 0)], 20.0, {})


def test_tables_say_of_how_many_and_what_is_missing(study):
    folder, (rows, missing, _) = study
    note = missing_sentence(missing, rows)
    assert note.startswith("Made of 7 of 17 planned runs. Missing: all of BallRun, seed 2 (2, 1 unfinished); ")
    assert "; all of CarRun, seeds 1 to 3 (6); " in note
    assert "`marvel` on BallRun, seed 1 (failed: the disk is full)" in note
    assert "`warm_start` on BallRun, seed 3 (refused: progress.csv is not the file that its run wrote)" in note
    made = tables(folder, "main", "final", "offline", "compare", "claims")
    for path in made.glob("*.md"):
        assert named(note) == path.read_text().splitlines()[2], path
    assert "| Marvel | 2 of 4 |" in (made / "final.md").read_text()
    assert "(2 of 4)" in (made / "main.md").read_text()
    assert missing_sentence(missing[missing["kind"] == "diverged"], rows) == ""


def test_seeds_in_words():
    assert [seeds_words(seeds) for seeds in ([3], [1, 0], [0, 1, 2, 5, 7, 8])] == [
        "seed 3",
        "seeds 0, 1",
        "seeds 0 to 2, 5, 7, 8",
    ]


def test_a_run_is_scored_in_five_milliseconds(tmp_path):
    """The promise: 6,000 runs in 30 s. Processor time, and room for a slower or busier machine."""
    for seed in range(100):
        frame = progress([500.0 + seed + row / 7 for row in range(100)], [1.0 + row % 50 / 3 for row in range(100)])
        write_run(tmp_path / "runs", "marvel", "BallRun", seed, frame)
    seeds = ",".join(map(str, range(100)))
    began = time.process_time()
    scores.main(f"--runs {tmp_path / 'runs'} --method marvel BallRun {seeds} --out {tmp_path / 'scores.csv'}".split())
    assert time.process_time() - began < 2 * 100 * 0.005
