"""Scores of made-up runs: every number here can be checked by hand, and every fault has its sentence."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_runs import progress, score, write_run, write_study

from marvel.run.progress import read_progress
from marvel.run.record import code_hash
from marvel.tasks import get_task
from workflow.runs import scores
from workflow.statistics.scores import SCORES


@pytest.fixture
def study(tmp_path) -> Path:
    """See `write_study`."""
    return write_study(tmp_path)


def test_scores_are_one_tidy_frame_normalised_as_dsrl_does(study):
    frame = score(study)
    assert list(frame) == SCORES
    assert len(frame) == 3 * (11 + 11 + 1)
    row = frame[(frame["method"] == "marvel") & (frame["seed"] == 0) & (frame["round"] == 10)].iloc[0]
    task = get_task("BallRun")
    assert row["train_return_normalized"] == (600 - task.min_return) / (task.max_return - task.min_return)
    assert row["train_cost_normalized"] == 5 / 20
    assert row["eval_cost_normalized"] == 10 / 20
    starts = frame.groupby("method")["start"].first().to_dict()
    assert starts == {"marvel": "prealigned", "warm_start": "offline", "offline_only": "scratch"}
    assert not list(study.glob("*.part"))


def test_raw_columns_survive_to_the_last_digit(tmp_path):
    values = list(np.random.default_rng(0).normal(500, 100, 7))
    write_run(tmp_path, "marvel", "BallRun", 0, progress(values, np.abs(values).tolist()))
    frame = scores.score_run(tmp_path / "marvel/BallRun/seed0", "marvel", "BallRun", 0)
    assert frame["train_return"].tolist()[1:] == values


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: f.drop(columns="cost_q"), "lacks the column.*cost_q"),
        (lambda f: f.assign(env_steps=f["env_steps"].clip(upper=300)), "300 to 300 in row 4"),
        (lambda f: f.assign(env_steps=f["env_steps"] + 100), "starts at env_steps 100"),
        (lambda f: f.iloc[[0, 2, 1]], "round 2 in row 1"),
        (lambda f: f.assign(train_cost=f["train_cost"].replace(50.0, np.nan)), "no train_cost in row 2"),
        (lambda f: f.assign(train_return=f["train_return"].astype(object).replace(3.0, "three")), "'three'"),
        (lambda f: f.assign(train_return=f["train_return"].replace(3.0, np.inf)), "inf as train_return in row 3"),
        (
            lambda f: f.assign(cumulative_cost=-f["cumulative_cost"]),
            r"-90\.0 as cumulative_cost in row 1; it must be 0 or more",
        ),
        (lambda f: f.assign(train_violations=9), "starts at train_violations 9; row 0 is the start policy"),
        (lambda f: f.iloc[:0], "no rows"),
    ],
)
def test_a_broken_progress_file_is_one_sentence_that_names_it(tmp_path, damage, words):
    path = tmp_path / "progress.csv"
    damage(progress([1.0, 2.0, 3.0, 4.0], [90.0, 50.0, 5.0, 5.0])).to_csv(path, index=False)
    with pytest.raises(ValueError, match=words) as raised:
        read_progress(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_and_misplaced_runs_are_named(study):
    with pytest.raises(ValueError, match=r"jsrl/BallRun/seed0/progress.csv does not exist"):
        score(study, ["jsrl"])
    (study / "runs/marvel/BallRun/seed2/run.json").write_text(json.dumps({"seed": 7, "cost_limit": 20}))
    with pytest.raises(ValueError, match=r"seed2/run.json says seed 7"):
        score(study)


def test_external_results_need_no_record_but_a_limit(tmp_path):
    folder = write_run(tmp_path, "other", "BallRun", 0, progress([1.0], [1.0]))
    assert scores.score_run(folder, "other", "BallRun", 0)["code"].unique().tolist() == ["external"]
    (folder / "run.json").unlink()
    assert scores.score_run(folder, "other", "BallRun", 0, cost_limit=40)["cost_limit"].unique().tolist() == [40.0]
    with pytest.raises(ValueError, match="--cost-limit"):
        scores.score_run(folder, "other", "BallRun", 0)


def test_changed_code_is_one_line_per_file_also_through_the_start(tmp_path, capsys):
    file = "workflow/statistics/intervals.py"
    now = code_hash(Path(file))
    origin = tmp_path / "offline/cpq/BallRun/seed0"
    origin.mkdir(parents=True)
    (origin / "run.json").write_text(json.dumps({"record": {"code": {file: "0" * 16}}}))
    for seed in range(3):
        frame = progress([1.0 + seed], [1.0])
        same, stale = {"code": {file: now}}, {"code": {"marvel/gone.py": now}}
        write_run(tmp_path / "runs", "marvel", "BallRun", seed, frame, record=same)
        write_run(tmp_path / "runs", "warm_start", "BallRun", seed, frame, record=same, start=str(origin / "c.pt"))
        write_run(tmp_path / "runs", "offline_only", "BallRun", seed, frame, record=stale)
    codes = score(tmp_path).groupby("method")["code"].first().to_dict()
    assert codes == {"marvel": "current", "warm_start": "changed", "offline_only": "changed"}
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "marvel/gone.py changed since 3 runs were made (3 of offline_only)" in lines[0]
    assert f"{file} changed since 3 runs were made (3 of warm_start)" in lines[1]


def test_a_seed_that_is_a_copy_of_another_is_refused(tmp_path):
    for seed in range(3):
        write_run(tmp_path, "marvel", "BallRun", seed, progress([700.0 + seed % 2] * 3, [5.0] * 3))
    words = f"--runs {tmp_path} --method marvel BallRun 0,1,2 --out {tmp_path / 'scores.csv'}"
    with pytest.raises(ValueError, match="marvel on BallRun: seeds 0 and 2 have the same rows"):
        scores.main(words.split())
    scores.main(words.replace("0,1,2", "0,1").split())
    frame = pd.read_csv(tmp_path / "scores.csv")
    pd.concat([frame, frame[frame["seed"] == 1].assign(seed=7)]).to_csv(tmp_path / "scores.csv", index=False)
    with pytest.raises(ValueError, match="seeds 1 and 7 have the same rows"):
        scores.read_scores(tmp_path / "scores.csv")


def test_scores_from_before_runs_had_a_status_are_read(tmp_path):
    write_run(tmp_path, "marvel", "BallRun", 0, progress([1.0], [1.0]))
    frame = scores.score_run(tmp_path / "marvel/BallRun/seed0", "marvel", "BallRun", 0)
    frame.drop(columns="status").to_csv(tmp_path / "scores.csv", index=False)
    assert scores.read_scores(tmp_path / "scores.csv")["status"].tolist() == ["", ""]
