"""Scores and tables of made-up runs: every number here can be checked by hand, and every fault has its sentence."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marvel.run.progress import COLUMNS, COUNTS, read_progress
from marvel.run.record import code_hash
from marvel.tasks import get_task
from workflow.runs import scores
from workflow.statistics.aggregates import final
from workflow.statistics.per_seed import feasible_return, per_seed
from workflow.statistics.scores import SCORES, normalized
from workflow.tables import final as tables

METHODS = ["marvel", "warm_start", "offline_only"]


def progress(returns: list[float], costs: list[float], limit: float = 20.0, steps: int = 100) -> pd.DataFrame:
    """progress.csv of a run with one episode per round, plus row 0 (evaluated, as is the last row)."""
    rounds = np.arange(len(returns) + 1)
    trained = np.array([np.nan, *costs])
    frame = pd.DataFrame({name: np.full(len(rounds), np.nan) for name in COLUMNS})
    for name, each in zip(COUNTS, (1, 1, steps, 4), strict=True):
        frame[name] = rounds * each
    frame["train_return"], frame["train_cost"] = [np.nan, *returns], trained
    frame["train_violations"] = np.cumsum(trained > limit)
    frame["cumulative_cost"] = np.nancumsum(trained)
    for row in {0, len(rounds) - 1}:
        frame.loc[row, ["eval_return", "eval_cost", "eval_return_std", "eval_cost_std", "eval_episodes"]] = [
            500.0 + 10 * row,
            10.0,
            1.0,
            1.0,
            5,
        ]
    frame.loc[1:, ["multiplier", "reward_q", "cost_q"]] = 0.1
    return frame.astype(dict.fromkeys(COUNTS, int))


def write_run(root: Path, method: str, task: str, seed: int, frame: pd.DataFrame, **spec) -> Path:
    """A run's folder with progress.csv and run.json."""
    folder = root / method / task / f"seed{seed}"
    folder.mkdir(parents=True)
    frame.to_csv(folder / "progress.csv", index=False)
    spec = {"method": method, "task": task, "seed": seed, "cost_limit": 20.0, "start": None, "record": {}, **spec}
    (folder / "run.json").write_text(json.dumps(spec))
    return folder


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three methods and seeds on BallRun; marvel ends feasible, warm_start does not, offline_only has row 0 alone."""
    for seed in range(3):
        safe = progress([100.0 + seed] * 8 + [400.0, 600.0 + seed], [90.0, 50.0, 30.0, 10.0, 25.0] + [5.0] * 5)
        unsafe = progress([800.0] * 10, [90.0] * 10)
        unsafe.loc[1:, "reward_q"] = seed
        write_run(tmp_path / "runs", "marvel", "BallRun", seed, safe, start="r/prealigned/vpa/cpq/BallRun/seed0/c.pt")
        write_run(tmp_path / "runs", "warm_start", "BallRun", seed, unsafe, start="r/offline/cpq/BallRun/seed0/c.pt")
        write_run(tmp_path / "runs", "offline_only", "BallRun", seed, progress([], []))
    return tmp_path


def score(study: Path, methods: list[str] = METHODS) -> pd.DataFrame:
    out = study / "scores.csv"
    runs = " ".join(f"--method {method} BallRun 0,1,2" for method in methods)
    scores.main(f"--runs {study / 'runs'} {runs} --out {out}".split())
    return scores.read_scores(out)


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


def test_final_table_by_hand(study):
    score(study)
    tables.main(f"--scores {study / 'scores.csv'} --out-dir {study / 'tables'}".split())
    table = pd.read_csv(study / "tables/final.csv").set_index("method")
    marvel = table.loc["marvel"]
    assert (marvel["n"], marvel["env_steps"], marvel["updates"]) == (3, 1000, 40)
    assert marvel["train_return_mean"] == pytest.approx((400 + 601) / 2)
    assert (marvel["train_return_low"], marvel["train_return_high"]) == (500, 501)  # n = 3: the range of the seeds
    assert marvel["violation_rate_mean"] == pytest.approx(0.4)
    assert marvel["cumulative_cost_mean"] == 90 + 50 + 30 + 10 + 25 + 5 * 5
    assert (marvel["feasible_seeds"], marvel["safe_rounds_mean"], marvel["safe_rounds_last_mean"]) == (3, 0.6, 1)
    assert marvel["feasible_return_mean"] == marvel["train_return_mean"]
    assert (marvel["eval_return_mean"], marvel["eval_cost_normalized_mean"]) == (600, 0.5)
    warm = table.loc["warm_start"]
    assert warm["train_return_mean"] == 800
    assert warm["feasible_return_mean"] == pytest.approx(get_task("BallRun").min_return)
    assert warm["feasible_return_normalized_mean"] == 0
    assert (warm["feasible_seeds"], warm["safe_rounds_mean"]) == (0, 0)
    offline = table.loc["offline_only"]
    assert np.isnan(offline["train_return_mean"]) and np.isnan(offline["violation_rate_mean"])
    assert (offline["eval_return_mean"], offline["env_steps"]) == (500, 0)
    seeds = pd.read_csv(study / "tables/per_seed.csv")
    assert seeds.loc[seeds["method"] == "marvel", "train_return"].tolist() == [500, 500.5, 501]


def test_final_markdown_reads_well(study):
    score(study)
    tables.main(f"--scores {study / 'scores.csv'} --out-dir {study / 'tables'}".split())
    text = (study / "tables/final.md").read_text()
    assert "## BallRun (cost limit 20 per episode)" in text
    assert "| `marvel` | 3 | 500 [500, 501] | 5.00 [5.00, 5.00] | 3 of 3 | 500 [500, 501] | 1.00 [1.00, 1.00] |" in text
    assert "| `warm_start` | 3 | 800 [800, 800] | 90.0 [90.0, 90.0] | 0 of 3 |" in text
    assert "| `offline_only` | 3 | – | – | – | – | – | – | – | – | 500 [500, 500] |" in text
    assert "in 74 % of cases" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {15, 8}


def test_methods_that_play_with_more_than_the_evaluated_policy_are_marked(tmp_path):
    specs = {
        "jsrl": {"train": "baselines.jsrl"},
        "pex": {"train": "baselines.pex", "options": {"evaluate_as_acting": False}},
        "pex_original": {"train": "baselines.pex", "options": {"evaluate_as_acting": True}},
        "warm_start": {"train": "baselines.warm_start"},
        "external": {},
    }
    for method, spec in specs.items():
        write_run(tmp_path / "runs", method, "BallRun", 0, progress([1.0], [1.0]), **spec)
    runs = " ".join(f"--method {method} BallRun 0" for method in specs)
    scores.main(f"--runs {tmp_path}/runs {runs} --out {tmp_path}/scores.csv".split())
    tables.main(f"--scores {tmp_path}/scores.csv --out-dir {tmp_path}".split())
    text = (tmp_path / "final.md").read_text()
    marked = {name for name in specs if f"| `{name}` ‡ | 1 |" in text}
    assert marked == {"jsrl", "pex"} and all(f"| `{name}` | 1 |" in text for name in specs.keys() - marked)
    assert "(evaluated of `jsrl`, `pex`: the learner alone)." in text


def test_one_row_never_mixes_cost_limits_and_never_depends_on_its_neighbours(study):
    frame = score(study)
    alone = final(per_seed(frame[frame["method"] == "marvel"]))
    both = final(per_seed(frame))
    pd.testing.assert_frame_equal(alone, both[both["method"] == "marvel"].reset_index(drop=True))
    frame.loc[frame["seed"] == 1, "cost_limit"] = 40
    with pytest.raises(ValueError, match="one table row needs one"):
        final(per_seed(frame))


def ended(costs: list[float], episodes: list[int] | None = None, status: str = "") -> pd.Series:
    """per_seed's row of a run of ten rounds whose last two, its last fifth, cost `costs`; return 700 throughout."""
    frame = progress([700.0] * 10, [5.0] * 8 + costs)
    frame["episodes"] = np.cumsum([0, *(episodes or [1] * 10)])
    head = {"method": "marvel", "task": "BallRun", "seed": 0, "cost_limit": 20.0, "start": "", "code": "current"}
    frame = frame.assign(**head, status=status)
    return per_seed(normalized(frame)).iloc[0]


def test_a_run_is_feasible_by_its_mean_cost_and_the_rounds_stand_beside():
    row = ended([20.1, 19.7])  # one round above the limit, the run within it
    assert (row["feasible"], row["feasible_return"], row["train_cost"]) == (1, 700, pytest.approx(19.9))
    assert (row["safe_rounds_last"], row["safe_rounds"]) == (0.5, 0.9)
    row = ended([5.0, 35.2])
    lowest = get_task("BallRun").min_return
    assert (row["feasible"], row["feasible_return"], row["feasible_return_normalized"]) == (0, lowest, 0)
    assert row["train_return"] == 700 and row["safe_rounds_last"] == 0.5


def test_means_are_per_episode_where_rounds_hold_unequal_numbers():
    row = ended([10.0, 40.0], [1] * 8 + [9, 1])
    assert row["train_cost"] == 13 and row["feasible"] == 1


def test_a_run_that_diverged_is_infeasible_with_the_lowest_return_and_named(tmp_path):
    row, lowest = ended([5.0, 5.0], status="diverged"), get_task("BallRun").min_return
    assert (row["feasible"], row["feasible_return"], row["train_return"], row["eval_return"]) == (0, *[lowest] * 3)
    assert (row["train_cost"], row["train_return_normalized"]) == (5, 0)
    for seed in range(2):
        run = progress([700.0 + seed] * (10 - 9 * seed), [5.0] * (10 - 9 * seed))
        write_run(tmp_path, "marvel", "BallRun", seed, run, record={"status": "diverged"} if seed else {})
    words = f"--runs {tmp_path} --method marvel BallRun 0,1 --out {tmp_path / 'scores.csv'}"
    scores.main(words.split())
    tables.main(f"--scores {tmp_path / 'scores.csv'} --out-dir {tmp_path}".split())
    assert pd.read_csv(tmp_path / "final.csv")["feasible_seeds"].tolist() == [1]
    text = (tmp_path / "final.md").read_text()
    assert "lowest return in DSRL: marvel on BallRun (seed 1)." in text


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


def test_missing_evaluations_have_no_feasible_return():
    made = feasible_return(np.array([1.0, 2.0, np.nan]), np.array([5.0, np.nan, 5.0]), 20.0)
    np.testing.assert_array_equal(made, [1, np.nan, np.nan])
