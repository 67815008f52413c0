"""Verdicts on the paper's claims from made-up studies, the ledger's page, the words of docs/claims.md."""

import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from made_up import made_up

from workflow.scripts import claims
from workflow.statistics.claims import COLUMNS, VERDICTS, fill_in
from workflow.statistics.conditions import RECORD
from workflow.statistics.measures import Evidence, drift, measured
from workflow.statistics.ranks import RANKS

RULES = yaml.safe_load(claims.CLAIMS.read_text())
PAPER = ["marvel", "warm_start", "from_scratch", "jsrl", "pex", "so2", "vpa_dual_ascent", "vpa_pid", "offline_only"]
STAGES = ["offline/bear", "prealigned/vpa/cpq"]


@cache
def made_up_once(seeds: int, tasks: tuple[str, ...]) -> pd.DataFrame:
    """Scores of all methods, made once."""
    return made_up(list(tasks), PAPER, seeds=seeds, rounds=10)


def study(seeds: int = 8, tasks=("BallRun", "CarRun"), **levels: tuple[float, float]) -> pd.DataFrame:
    """Scores in which each method ends at a normalised return and a cost of its own, with a little noise over seeds."""
    scores = made_up_once(seeds, tuple(tasks)).copy()
    base = {"marvel": (0.8, 10.0)}
    for number, method in enumerate(scores["method"].unique()):
        value, cost = (base | levels).get(method, (0.4, 15.0))
        rows = (scores["method"] == method) & (scores["round"] > 0)
        noise = 0.01 * np.sin(scores.loc[rows, "seed"] * (number + 1) + number)
        scores.loc[rows, "train_return_normalized"] = value + noise
        scores.loc[rows, "train_cost"] = cost + 10 * noise
        over = scores.loc[rows, "episodes"] - (scores.loc[rows, "seed"] % 3)
        scores.loc[rows, "train_violations"] = np.where(cost > 20, over, 0)
    return scores


def good_records(scores: pd.DataFrame) -> pd.DataFrame:
    """Records that meet every condition, of every run and of two stages."""
    runs = scores[["method", "task", "seed"]].drop_duplicates().rename(columns={"method": "name"})
    stages = [runs[["task", "seed"]].drop_duplicates().assign(name=name) for name in STAGES]
    table = pd.concat([runs, *stages], ignore_index=True).astype(object)
    table["online"] = ~table["name"].isin(STAGES)
    for column, value in {"cost_limit": 20.0, "online_episodes": 500, "complete": True, "current": True}.items():
        table[column] = value
    table["offline_seed"], table["reward_scale"] = table["seed"], 0.1
    for column in ("data", "cpu", "versions", "numerics"):
        table[column] = [(column,)] * len(table)
    table["code"] = [{"marvel/sac.py": ("1",)}] * len(table)
    return table[[*RECORD, "reward_scale"]]


def bear(scores: pd.DataFrame, end: float = 500.0, slope: float = 0.0) -> pd.DataFrame:
    """Offline multipliers that end at `end`, after a change of `slope` a row and a little noise."""
    rows = [
        ("bear", task, seed, 100 * row, end * (1 + slope * (row - 20) + 0.01 * np.sin(7 * row + seed)), 1.0)
        for task, seed in scores[["task", "seed"]].drop_duplicates().itertuples(index=False)
        for row in range(1, 21)
    ]
    return pd.DataFrame(rows, columns=["algorithm", "task", "seed", "updates", "multiplier", "reward_scale"])


def judged(scores: pd.DataFrame, ranks=None, records=None, offline=None) -> tuple[pd.DataFrame, ...]:
    """fill_in on scores whose records are good."""
    records = good_records(scores) if records is None else records
    offline = bear(scores).iloc[:0] if offline is None else offline
    evidence = Evidence(scores, measured(scores), records, offline, ranks)
    return fill_in(RULES, evidence, claims.published(RULES, scores))


def totals(scores: pd.DataFrame, form: str = "ours", **given) -> dict[str, str]:
    """Overall verdicts in one form."""
    table = judged(scores, **given)[1]
    return table[(table["task"] == "all") & (table["form"] == form)].set_index("claim")["verdict"].to_dict()


def reason(table: pd.DataFrame, claim: str, task: str = "all", form: str = "ours") -> str:
    """Why a verdict is open."""
    keys = table["claim"].eq(claim) & table["task"].eq(task) & table["form"].eq(form)
    return table.loc[keys, "why"].item()


def test_clear_differences_decide_and_missing_lines_do_not():
    found = totals(study())
    assert (found["C4"], found["C6"]) == ("supported", "supported")
    assert (found["C2"], found["C3"], found["C8"]) == ("not tested",) * 3
    assert found["C5"] == found["C7"] == "undecided"  # nobody violates
    assert found["C1"] == "supported"  # equal, so no better
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


def table_1(active: float = 0.5, tasks=("CarRun", "BallCircle")) -> pd.DataFrame:
    """Ranks that rise by 0.1 on two tasks, a little more or less by seed."""
    rows = [
        (task, seed, critic, points, stage, (0.1 + 0.01 * seed) * (stage == "after") + 0.02 * seed, active)
        for task in tasks
        for seed in range(8)
        for critic in ("reward", "cost")
        for points in ("dataset", "random")
        for stage in ("before", "after")
    ]
    return pd.DataFrame(rows, columns=RANKS)


def test_ranks_of_table_1_are_taken_up(tmp_path):
    scores = study(tasks=["CarRun"])
    assert totals(scores, ranks=table_1(tasks=["CarRun"]))["C3"] == "undecided"  # BallCircle is not in the study
    both, ranks = study(tasks=["CarRun", "BallCircle"]), table_1()
    assert totals(both, ranks=ranks)["C3"] == "supported"
    ranks.loc[ranks["seed"] == 1, "spearman"] = np.nan  # all costs equal there
    assert totals(both, ranks=ranks)["C3"] == "not tested"
    table_1().drop(columns="points").to_csv(tmp_path / "ranks.csv", index=False)
    with pytest.raises(ValueError, match="lacks the column"):
        claims.read_ranks(tmp_path / "ranks.csv")


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
    assert reason(table, "C6", form="official") == "`warm_start` has no official form in this study"
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
    verdict = table[table["claim"] == "C7"].set_index("task")["verdict"]
    assert (verdict["BallRun"], verdict["CarRun"]) == ("undecided", "supported")
    scores.loc[(scores["method"] == "marvel") & (scores["seed"] == 3), "status"] = "diverged"
    parts, table, _ = judged(scores)
    row = parts[(parts["claim"] == "C6") & (parts["task"] == "BallRun")].iloc[0]
    assert row["n"] == 8 and row["effect"] == pytest.approx((7 * 0.4 - 0.4) / 8, abs=0.02)
    verdict = table[table["claim"] == "C4"].set_index("task")["verdict"]
    assert verdict["BallRun"] == "undecided"


def test_ledger_is_written_whole(tmp_path):
    path = tmp_path / "scores.csv"
    scores = study(seeds=6)
    scores.to_csv(path, index=False)
    for method, task, seed in scores[["method", "task", "seed"]].drop_duplicates().itertuples(index=False):
        folder = tmp_path / "runs" / method / task / f"seed{seed}"
        folder.mkdir(parents=True)
        record = {"cpu": "A", "versions": {}, "numerics": {}, "code": {"marvel/sac.py": "1"}}
        spec = {"hyperparameters": {"online_episodes": 500}, "start": None, "dataset": None, "record": record}
        (folder / "run.json").write_text(json.dumps(spec))
    claims.main(f"--scores {path} --out-dir {tmp_path / 'tables'}".split())
    text = (tmp_path / "tables/claims.md").read_text()
    assert text.index("## Conditions") < text.index("## Verdicts") < text.index("## C1")
    assert "| the published online budget | 0 of 10 | warm_start seed 0 stopped before its budget of 500" in text
    assert "| one dataset for both sides | 10 of 10 |  |" in text
    assert "| C4 | Marvel beats the baselines | **not tested** (2 not tested) | – |" in text
    assert "no runs of `marvel_bear`" in text and "after a pilot" in text
    assert "t intervals of the mean over n = 6 seeds" in text
    for row in re.findall(r"^\|.*$", text, flags=re.M):
        assert row.count("|") in (4, 7, 9)
    table = pd.read_csv(tmp_path / "tables/claims.csv")
    assert list(table) == COLUMNS and set(table["claim"]) == set(RULES["claims"])
    assert list(pd.read_csv(tmp_path / "tables/verdicts.csv")) == VERDICTS


def test_ledger_says_what_it_can_detect_and_where_few_seeds_lean():
    from workflow.scripts.ledger import markdown

    scores = study()
    text = markdown(RULES, *judged(scores), measured(scores))
    assert "Family of 10 verdicts. With n = 8 a single comparison is decided with probability 0.8" in text
    scores = study(seeds=3)
    text = markdown(RULES, *judged(scores), measured(scores))
    assert "Family of" not in text
    assert (
        "| C6 | Without VPA, aPID does not learn well | **undecided** (2 undecided) | supported (2 supported) |" in text
    )


def test_docs_and_rules_say_the_same():
    text = " ".join((ROOT / "docs" / "claims.md").read_text().split())
    sections = dict(re.findall(r"## (C\d) (.*?)(?= ## C|$)", text))
    assert list(sections) == list(RULES["claims"])
    for name, claim in RULES["claims"].items():
        section = sections[name]
        assert section.startswith(claim["title"]), name
        assert f"*{' '.join(claim['sentence'].split())}*" in section, name
        assert f"Where: {claim['where']}" in section.replace("* ", ""), name
        for part in claim["parts"]:
            for rule in (part["supported"], part["contradicted"]):
                for bound in np.ravel(next(iter(rule.values()))) if isinstance(rule, dict) else ():
                    assert bound == "cost_limit" or f"{float(bound):g}" in section or name == "C8", (name, bound)
            if "minimum_active" in part:
                assert f"{100 * part['minimum_active']:g} %" in section
    assert f"Fewer than {RULES['minimum_seeds']} seeds" in text and "pilot" in RULES["written"]
