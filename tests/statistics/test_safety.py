"""SafeRLEval's measures of single episodes: by hand, from files, in the table, and faults in one sentence."""

import numpy as np
import pandas as pd
import pytest
from made_runs import progress, tables, write_run

from workflow.runs import scores
from workflow.runs.episodes import COLUMNS
from workflow.statistics.safety import by_policy, measures, safety


def episodes(train: list[float], last_evaluation: list[float]) -> pd.DataFrame:
    """episodes.csv of a run of ten rounds of one episode, evaluated at its start (cost 99) and its end."""
    rows = [(round_, "train", 100, 700.0, cost) for round_, cost in enumerate(train, start=1)]
    rows += [(0, "eval", 100, 700.0, 99.0), *((10, "eval", 100, 700.0, cost) for cost in last_evaluation)]
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture
def study(tmp_path):
    """Two seeds of marvel with episodes and one method without, on BallRun."""
    for seed, (costs, evaluation) in enumerate([([60.0] * 4 + [10.0] * 5 + [30.0], [0.0, 25.0]), ([4.0] * 10, [1.0])]):
        folder = write_run(tmp_path / "runs", "marvel", "BallRun", seed, progress([700.0 + seed] * 10, costs))
        episodes(costs, evaluation).to_csv(folder / "episodes.csv", index=False)
        write_run(tmp_path / "runs", "other", "BallRun", seed, progress([700.0 + seed] * 10, costs))
    runs = "--method marvel BallRun 0,1 --method other BallRun 0,1"
    scores.main(f"--runs {tmp_path / 'runs'} {runs} --out {tmp_path}/scores.csv".split())
    return tmp_path


def test_measures_by_hand():
    assert measures(np.array([10.0, 20.0, 30.0, 60.0]), 20.0) == {
        "V": 0.5,  # an episode at the limit does not violate it
        "D_norm": 0.5,
        "D_plus_norm": 1.25,
        "worst": 60,
    }
    safe = measures(np.array([0.0, 10.0]), 20.0)
    assert (safe["V"], safe["D_norm"]) == (0, -0.75) and np.isnan(safe["D_plus_norm"])
    zero = measures(np.array([0.0, 10.0]), 0.0)
    assert zero["V"] == 0.5 and np.isnan(zero["D_norm"]) and np.isnan(zero["D_plus_norm"])


def test_three_policies_by_hand(study):
    tables(study, "final", out=study)
    seeds = pd.read_csv(study / "per_seed.csv").set_index(["method", "seed"])
    row = seeds.loc[("marvel", 0)]
    assert (row["V_train"], row["D_norm_train"]) == (0.5, pytest.approx((240 + 50 + 30) / 10 / 20 - 1))
    assert row["D_plus_norm_train"] == pytest.approx((270 / 5 - 20) / 20) and row["worst_train"] == 60
    assert row["V_train"] == row["violation_rate"]
    assert (row["V_final_stochastic"], row["worst_final_stochastic"]) == (0.5, 30)  # rounds 9 and 10
    assert row["D_norm_final_stochastic"] == pytest.approx(row["train_cost"] / 20 - 1)
    assert (row["V_final_deterministic"], row["D_plus_norm_final_deterministic"]) == (0.5, 0.25)
    assert seeds.loc["other", "V_train":"worst_final_deterministic"].isna().all().all()


def test_severity_is_of_the_seeds_that_violate_and_0_without_any(study):
    tables(study, "final", out=study)
    table = pd.read_csv(study / "safety.csv").set_index(["method", "policy"])
    assert [*table.index] == [("marvel", name) for name in ("train", "final_stochastic", "final_deterministic")]
    row = table.loc[("marvel", "train")]
    assert (row["n"], row["violating_seeds"], row["V_mean"], row["worst"]) == (2, 1, 0.25, 60)
    assert row["D_plus_norm_mean"] == pytest.approx(1.7) and np.isnan(row["D_plus_norm_low"])
    text = (study / "final.md").read_text()
    assert "| Marvel | training | 2 | 0.25 [0.00, 0.50] | -0.10 [-0.80, 0.60] | 1.70 (1 of 2 seeds) | 60.0 |" in text
    safe = pd.read_csv(study / "per_seed.csv").query("method == 'marvel' and seed == 1")
    assert by_policy(safe)["D_plus_norm_mean"].tolist() == [0, 0, 0]


def test_a_diverged_run_has_no_final_policy():
    frame = pd.DataFrame({"round": [0, 1, 2], "env_steps": [0, 100, 200]})
    frame = frame.assign(method="m", task="BallRun", seed=0, cost_limit=20.0, status="diverged")
    played = pd.DataFrame({"round": [1, 2], "kind": "train", "cost": [30.0, 10.0]})
    row = safety(played.assign(method="m", task="BallRun", seed=0), frame).iloc[0]
    assert row["V_train"] == 0.5 and np.isnan(row["V_final_stochastic"])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda rows: rows.drop(columns="cost"), "lacks the column.*cost"),
        (lambda rows: rows.assign(kind="test"), "kind 'test'; allowed are train and eval"),
        (lambda rows: rows[1:], "has 9 training episodes, but progress.csv counts 10"),
        (lambda rows: rows.assign(cost=rows["cost"].where(rows.index > 2)), "empty cell in row 0"),
    ],
)
def test_faulty_episodes_are_one_sentence(study, damage, words):
    path = study / "runs/marvel/BallRun/seed0/episodes.csv"
    damage(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(ValueError, match=words) as raised:
        tables(study, "final", out=study)
    assert str(path) in str(raised.value)
