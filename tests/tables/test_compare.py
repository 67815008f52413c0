"""Offline policies by hand, and published numbers beside ours."""

import pytest
from made_up import made_up

from workflow.statistics.per_seed import evaluated, per_seed
from workflow.tables import compare, policies, published


def test_offline_policies_by_hand():
    scores = made_up(["BallRun"], ["marvel", "offline_only"], seeds=2, rounds=5)
    offline = (scores["method"] == "offline_only") & (scores["seed"] == 1)
    scores.loc[offline, "eval_cost"] = 30.0
    scores["eval_episodes"] = 50
    table = policies.offline_table(evaluated(scores))
    assert table["method"].tolist() == ["offline_only"]
    first = scores.loc[(scores["method"] == "offline_only") & (scores["seed"] == 0), "eval_return_normalized"].item()
    assert table["feasible_return_normalized_mean"].item() == pytest.approx(first / 2)
    assert "feasible return" in policies.markdown(table) and "| 2 | 50 |" in policies.markdown(table)
    assert "No method of this study" in policies.markdown(table.iloc[:0])


def test_published_numbers_stand_beside_ours_under_one_limit_only():
    reference = published.published()
    assert {name.name for name in published.REFERENCE.glob("*.csv")} - set(reference["file"]) == {
        "marvel_official_hyperparameters.csv",
        "fsrl_measured.csv",  # another library's runs, in docs/from-scratch.md
    }
    scores = made_up(["HopperVelocity", "BallCircle"], ["marvel", "from_scratch", "offline_only"], seeds=2, rounds=5)
    table = compare.beside(reference, per_seed(scores))
    assert set(table["task"]) == {"HopperVelocity", "BallCircle"}
    both = table[table["ours"].notna()]
    assert len(both) and (both["published_limit"] == both["our_limit"]).all() and (both["our_limit"] == 20).all()
    assert set(both["algorithm"]) == {"CPQ", "Marvel's offline policy"}
    other = table[(table["algorithm"] == "SAC-Lag") & (table["task"] == "BallCircle")]
    assert other["note"].str.contains("cost limit 10 there, 20 here").all() and other["ours"].isna().all()
    ten = compare.beside(reference, per_seed(scores.assign(cost_limit=10.0)))
    row = ten[(ten["algorithm"] == "SAC-Lag") & (ten["task"] == "BallCircle") & (ten["quantity"] == "return")].iloc[0]
    assert row["method"] == "from_scratch" and "other number of environment steps" in row["note"]
    assert ten["source"].notna().all()


def test_sources_spell_tasks_in_many_ways():
    spelled = ["SafetyHopperVelocity-v1", "ballrun (Bullet)", "hopper_velocity", "OfflineBallCircle-v0", "Humanoid"]
    names = [published.task_name(text) for text in spelled]
    assert names == ["HopperVelocity", "BallRun", "HopperVelocity", "BallCircle", ""]
