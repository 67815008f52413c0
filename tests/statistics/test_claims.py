"""Verdicts on the paper's claims from made-up studies."""

import numpy as np
import pandas as pd
import pytest
from evidence import bear, good_records, judged, reason, study, table_1, totals

from workflow.statistics.measures import drift


def test_clear_differences_decide_and_missing_lines_do_not():
    found = totals(study())
    assert (found["C4"], found["C6"]) == ("supported", "supported")
    assert (found["C2"], found["C3"], found["C8"]) == ("not tested",) * 3
    assert found["C5"] == found["C7"] == "undecided"  # nobody violates
    assert found["C1"] == "supported"  # equal, so no better
    parts = judged(study())[0].query("claim == 'C1' and task == 'BallRun' and form == 'ours'")
    unstable = parts[parts["part"].str.startswith("unstable")].iloc[0]
    assert unstable["p"] > 0.05 and unstable["leaning"] == "contradicted"  # `otherwise` is no test, so it has no p
    found = totals(study(marvel=(0.8, 40.0)))
    assert (found["C4"], found["C7"]) == ("contradicted", "contradicted")
    found = totals(study(warm_start=(0.9, 10.0), vpa_pid=(0.4, 60.0), vpa_dual_ascent=(0.4, 60.0)))
    assert [found[name] for name in ("C4", "C5", "C6", "C7")] == ["contradicted", "supported"] * 2
    assert found["C1"] == "contradicted"  # better than from scratch and not unstable


def test_fewer_than_five_seeds_decide_nothing_but_lean():
    parts, table, _ = judged(study(seeds=4, warm_start=(0.9, 10.0)))
    assert not {"supported", "contradicted"} & set(table["verdict"])
    assert reason(table, "C6") == "fewer than 5 seeds"
    row = parts[(parts["claim"] == "C6") & (parts["task"] == "BallRun")].iloc[0]
    assert (row["n"], row["leaning"]) == (4, "contradicted") and row["effect"] == pytest.approx(-0.1, abs=0.02)
    leaning = table[(table["form"] == "ours") & (table["task"] == "all")].set_index("claim")["leaning"].to_dict()
    assert (leaning["C4"], leaning["C6"], leaning["C8"]) == ("contradicted", "contradicted", "")
    many = judged(study(seeds=5))[1]
    assert (many["leaning"] == "").all()


def test_all_verdicts_are_one_family():
    """A difference that one claim alone would decide is not enough where many are tested."""
    scores = study()
    alone = scores[scores["method"].isin(["marvel", "warm_start"]) & (scores["task"] == "BallRun")].copy()
    rows = (alone["method"] == "marvel") & (alone["round"] > 0)
    alone.loc[rows, "train_return_normalized"] = 0.4 + 0.0125 * np.cos(5.0 * alone.loc[rows, "seed"])
    _, table, _ = judged(alone)
    one = table[(table["claim"] == "C6") & (table["task"] == "BallRun")].iloc[0]
    both = pd.concat(
        [scores[~((scores["task"] == "BallRun") & scores["method"].isin(["marvel", "warm_start"]))], alone]
    )
    _, table, _ = judged(both)
    many = table[(table["claim"] == "C6") & (table["task"] == "BallRun")].iloc[0]
    assert 1 >= many["p"] > one["p"]
    assert table["p"].count() == 2 * 5  # C1, C4 to C7 on two tasks


def test_a_task_on_which_no_part_of_a_claim_was_run_does_not_count():
    everywhere = study(tasks=["BallRun", "CarRun", "CarCircle"], vpa_pid=(0.4, 60.0))
    there = everywhere[(everywhere["method"] != "vpa_pid") | (everywhere["task"] == "BallRun")]
    _, table, _ = judged(there)
    rows = table[(table["claim"] == "C7") & (table["form"] == "ours")].set_index("task")
    assert rows["verdict"].to_dict() == {
        "BallRun": "supported",
        "CarRun": "not tested",
        "CarCircle": "not tested",
        "all": "supported",
    }
    assert rows.loc["all", "why"] == "not run on CarRun; not run on CarCircle"
    one_rival = everywhere[(everywhere["method"] != "jsrl") | (everywhere["task"] == "BallRun")]
    assert totals(one_rival)["C4"] == "undecided"  # the others ran there, so the task counts, and is not tested
    assert totals(everywhere[everywhere["method"] != "vpa_pid"])["C7"] == "not tested"


def test_warm_start_that_loses_its_start_is_unstable():
    scores = study(warm_start=(0.9, 10.0))
    start = (scores["method"] == "warm_start") & (scores["round"] == 0)
    scores.loc[start, ["eval_return_normalized", "eval_cost"]] = 1.2, 0.0
    assert totals(scores)["C1"] == "supported"
    scores.loc[start, "eval_cost"] = 30.0  # unsafe: there was nothing to lose
    assert totals(scores)["C1"] == "contradicted"


@pytest.fixture(scope="module")
def multipliers() -> pd.DataFrame:
    """BallRun with an online multiplier of 0.5 that wavers but does not rise, and Warm Start from BEAR-Lag."""
    scores = study(tasks=["BallRun"])
    scores = pd.concat([scores, scores[scores["method"] == "warm_start"].assign(method="warm_start_bear")])
    scores["multiplier"] = 0.5 + 0.001 * np.sin(scores["round"] * (1 + scores["seed"]))
    return scores


def test_multipliers_are_compared_in_one_unit_once_both_have_settled(multipliers):
    parts, _, _ = judged(multipliers, offline=bear(multipliers))
    row = parts[parts["claim"] == "C2"].iloc[0]
    assert row["effect"] == pytest.approx(np.log10(500 / (0.5 / 0.1)), abs=0.01)
    assert totals(multipliers, offline=bear(multipliers))["C2"] == "supported"
    near = multipliers.assign(multiplier=40 * multipliers["multiplier"])  # 200 per unit of reward against 500
    assert totals(near, offline=bear(multipliers))["C2"] == "contradicted"


def test_a_multiplier_that_still_moves_or_never_did_is_not_compared(multipliers):
    rising = bear(multipliers, slope=0.05)
    _, table, _ = judged(multipliers, offline=rising)
    assert "multiplier of `bear` has not settled on BallRun: it changes by +" in reason(table, "C2", "BallRun")
    climbing = multipliers.assign(multiplier=multipliers["multiplier"] * multipliers["round"])
    _, table, _ = judged(climbing, offline=bear(multipliers))
    assert "multiplier of `from_scratch` has not settled" in reason(table, "C2", "BallRun")
    few = bear(multipliers)
    _, table, _ = judged(multipliers, offline=few[few["updates"] > 1900])
    assert "cannot be seen from 1 row in its last fifth" in reason(table, "C2", "BallRun")
    _, table, _ = judged(multipliers.assign(multiplier=0.0), offline=bear(multipliers))
    assert "the limit does not bind on BallRun" in reason(table, "C2", "BallRun")
    assert set(table.loc[table["claim"] == "C2", "verdict"]) == {"not tested"}


def test_drift_is_relative_and_a_constant_has_none():
    assert drift(pd.Series([1.0, 2.0, 3.0], index=[10, 20, 30])) == pytest.approx(1)
    assert drift(pd.Series([0.1, 0.1, 0.1, 0.1], index=[1, 2, 3, 7])) == 0


def test_ranks_of_table_1_are_taken_up():
    scores = study(tasks=["CarRun"])
    assert totals(scores, ranks=table_1(tasks=["CarRun"]))["C3"] == "undecided"  # BallCircle is not in the study
    both, ranks = study(tasks=["CarRun", "BallCircle"]), table_1()
    assert totals(both, ranks=ranks)["C3"] == "supported"
    ranks.loc[ranks["seed"] == 1, "spearman"] = np.nan  # all costs equal there
    assert totals(both, ranks=ranks)["C3"] == "not tested"


def test_ranks_of_points_that_hardly_differ_say_nothing():
    both, ranks = study(tasks=["CarRun", "BallCircle"]), table_1()
    thin = (ranks["critic"] == "cost") & (ranks["points"] == "random") & (ranks["seed"] == 2)
    ranks.loc[thin, "active"] = 0.01
    _, table, _ = judged(both, ranks=ranks)
    assert "only 1 % of the random points of seed 2 have another cost" in reason(table, "C3", "CarRun")
    assert table[table["claim"] == "C3"].iloc[-1]["verdict"] == "not tested"


def test_official_verdicts_stand_between_official_methods_only():
    scores = study()
    official = scores[scores["method"] == "marvel"].assign(method="marvel_official")
    official["train_return_normalized"] -= 0.7
    _, table, _ = judged(pd.concat([scores, official]))
    total = table[table["task"] == "all"].set_index(["claim", "form"])["verdict"]
    assert (total["C4", "ours"], total["C4", "official"], total["C6", "official"]) == (
        "supported",
        "not tested",
        "not tested",
    )
    assert reason(table, "C6", form="official") == "`warm_start` has no published form in this study"
    assert ("C1", "official") not in total.index
    twin = scores[scores["method"] == "warm_start"].assign(method="warm_start_official")
    found = totals(pd.concat([scores, official, twin]), "official")
    assert (found["C6"], found["C4"]) == ("contradicted", "not tested")


def test_a_failing_condition_is_not_tested_with_its_reason_and_touches_no_other_claim():
    scores = study(vpa_pid=(0.4, 60.0))
    records = good_records(scores)
    wrong = (records["name"] == "vpa_pid") & (records["seed"] == 3)
    records.loc[wrong, "cpu"] = pd.Series([("another",)] * len(records))[wrong]
    _, table, conditions = judged(scores, records=records)
    found = table[table["task"] == "all"].set_index("claim")["verdict"]
    assert (found["C7"], found["C4"]) == ("not tested", "supported")
    assert "different cpu within seed 3: another and cpu" in reason(table, "C7", "BallRun")
    failing = conditions[conditions["reason"] != ""]
    assert set(failing["claim"]) == {"C7"} and set(failing["condition"]) == {"machine"}


def test_a_run_that_diverged_counts_against_its_return_and_leaves_costs_open():
    scores = study(vpa_pid=(0.4, 60.0))
    stopped = (scores["method"] == "vpa_pid") & (scores["seed"] == 3) & (scores["task"] == "BallRun")
    scores.loc[stopped, "status"] = "diverged"
    parts, table, _ = judged(scores)
    assert "vpa_pid seed 3 diverged" in reason(table, "C7", "BallRun")
    assert parts.loc[(parts["claim"] == "C7") & (parts["task"] == "BallRun"), "n"].tolist() == [7]
    verdict = table[table["claim"] == "C7"].set_index("task")["verdict"]
    assert (verdict["BallRun"], verdict["CarRun"]) == ("undecided", "supported")
    scores.loc[(scores["method"] == "marvel") & (scores["seed"] == 3), "status"] = "diverged"
    parts, table, _ = judged(scores)
    row = parts[(parts["claim"] == "C6") & (parts["task"] == "BallRun")].iloc[0]
    assert row["n"] == 8 and row["effect"] == pytest.approx((7 * 0.4 - 0.4) / 8, abs=0.02)
    verdict = table[table["claim"] == "C4"].set_index("task")["verdict"]
    assert verdict["BallRun"] == "undecided"
