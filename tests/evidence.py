"""Studies that nobody ran with records that meet every condition, for the claims that are judged from them."""

from functools import cache

import numpy as np
import pandas as pd
import yaml
from made_up import made_up

from workflow.statistics.claims import fill_in
from workflow.statistics.conditions import RECORD
from workflow.statistics.measures import Evidence, measured
from workflow.statistics.ranks import RANKS
from workflow.tables import claims

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
