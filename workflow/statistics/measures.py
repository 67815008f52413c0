"""What a claim's parts are measured by: one number per task and seed.

Beyond the columns of per_seed.csv: `lost_return_normalized` (evaluated return of the start policy, 0 if its cost is
above the limit, minus the training return of the last fifth), `multiplier_ratio` (logarithm to base 10 of the offline
multiplier over the online one, each the mean of its last fifth divided by its reward scale) and `rank_gain` (Spearman's
correlation of a critic with Monte-Carlo values after VPA minus before).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow.statistics.intervals import t_interval
from workflow.statistics.per_seed import LAST, feasible_return, last_fifth, per_seed, with_evaluated
from workflow.statistics.scores import DIVERGED

SMALLEST = 1e-5  # a multiplier below it is as good as 0, and has no ratio
UNDEFINED = ["train_cost", "train_cost_normalized", "violation_rate", "safe_rounds"]  # of a run that stopped early
RUN = ["task", "method", "seed"]


class Missing(Exception):
    """A part cannot be measured in this study; the message says what is missing."""


class NotRun(Missing):
    """Because the study has no runs of a method or stage on the task."""


class Evidence(NamedTuple):
    """A study's numbers, as frames.

    scores: rows of scores.csv. seeds: as made by `measured`. records: columns of `conditions.RECORD` and reward_scale.
    offline: algorithm, task, seed, updates, multiplier, reward_scale of the offline runs' evaluations. ranks: columns
    of `ranks.RANKS`, or None.
    """

    scores: pd.DataFrame
    seeds: pd.DataFrame
    records: pd.DataFrame
    offline: pd.DataFrame
    ranks: pd.DataFrame | None = None


def measured(scores: pd.DataFrame) -> pd.DataFrame:
    """per_seed.csv with what the claims need besides.

    Args:
        scores: rows of scores.csv.

    Returns:
        One row per task, method and seed. A method that was only evaluated has its evaluation as return and cost; a run
        that diverged has none of `UNDEFINED`.
    """
    seeds = with_evaluated(per_seed(scores)).set_index(RUN, drop=False)
    start = scores[scores["round"] == 0].set_index(RUN)
    kept = feasible_return(start["eval_return_normalized"], start["eval_cost"], start["cost_limit"])
    lost = pd.Series(kept, start.index) - seeds["train_return_normalized"]
    diverged = seeds["status"] == DIVERGED
    seeds["lost_return_normalized"] = lost.where(seeds["violation_rate"].notna() | diverged)
    seeds.loc[diverged, UNDEFINED] = np.nan
    return seeds.reset_index(drop=True)


def values(part: dict, task: str, evidence: Evidence) -> pd.Series:
    """A part's number for each seed of a task.

    Args:
        part: of claims.yaml.
        task: name of the task.
        evidence: of the study.

    Returns:
        Numbers by seed.

    Raises:
        Missing: a method, stage or number is not there, or says nothing.
    """
    if part["metric"] == "rank_gain":
        return _rank_gain(part, task, evidence.ranks)
    if part["metric"] == "multiplier_ratio":
        return _multiplier_ratio(part, task, evidence)
    if "method" in part:
        return _of(part["method"], task, part["metric"], evidence.seeds)
    first, second = (_of(part[side], task, part["metric"], evidence.seeds) for side in ("first", "second"))
    difference = (first - second).dropna()
    if difference.empty:
        raise Missing(f"{part['first']} and {part['second']} have no seed in common on {task}")
    return difference


def diverged(part: dict, task: str, seeds: pd.DataFrame) -> str:
    """Which runs leave a part without a number because they diverged, as words; empty if none.

    Args:
        part: of claims.yaml.
        task: name of the task.
        seeds: as made by `measured`.
    """
    if part["metric"] not in [*UNDEFINED, "multiplier_ratio"]:
        return ""
    names = [part[key] for key in ("first", "second", "method") if key in part]
    rows = seeds[(seeds["task"] == task) & seeds["method"].isin(names) & (seeds["status"] == DIVERGED)]
    return " and ".join(f"{row.method} seed {row.seed}" for row in rows.itertuples())


def limit_of(part: dict, task: str, seeds: pd.DataFrame) -> float:
    """The cost limit of the runs that a part compares; NaN for a part without runs.

    Raises:
        Missing: they have several.
    """
    names = [part[key] for key in ("first", "second", "method") if key in part]
    rows = seeds[(seeds["task"] == task) & seeds["method"].isin(names)]
    limits = sorted(rows["cost_limit"].unique())
    if len(limits) > 1:
        raise Missing(f"{' and '.join(names)} ran under several cost limits")
    return float(limits[0]) if limits else np.nan


def _of(method: str, task: str, metric: str, seeds: pd.DataFrame) -> pd.Series:
    rows = seeds[(seeds["method"] == method) & (seeds["task"] == task)].set_index("seed")[metric].dropna()
    if rows.empty:
        known = method in set(seeds.loc[seeds["task"] == task, "method"])
        raise Missing(f"no {metric} of `{method}`") if known else NotRun(f"no runs of `{method}`")
    return rows


def _rank_gain(part: dict, task: str, ranks: pd.DataFrame | None) -> pd.Series:
    if ranks is None:
        raise Missing("no Monte-Carlo values (Table 1)")
    chosen = (ranks["task"] == task) & (ranks["critic"] == part["critic"]) & (ranks["points"] == part["points"])
    table = ranks[chosen].pivot(index="seed", columns="stage", values="spearman")
    if not {"before", "after"} <= set(table):
        raise Missing(f"no Monte-Carlo values of {task}")
    active = ranks[chosen].groupby("seed")["active"].min()
    if active.min() < part["minimum_active"]:
        kind = {"reward": "return", "cost": "cost"}[part["critic"]]
        raise Missing(
            f"on {task} only {100 * active.min():.0f} % of the {part['points']} points of seed {active.idxmin()} have "
            f"another {kind} than the most common one"
        )
    gain = table["after"] - table["before"]
    if gain.isna().any():  # left out, such a seed would make the rest look like a study of fewer
        raise Missing(
            f"no rank correlation in {gain.isna().sum()} of {len(gain)} seeds on {task}: too few points, or all equal"
        )
    return gain


def _multiplier_ratio(part: dict, task: str, evidence: Evidence) -> pd.Series:
    method, algorithm = part["method"], part["offline"]
    scores, offline = evidence.scores, evidence.offline
    online = scores[(scores["method"] == method) & (scores["task"] == task) & (scores["status"] != DIVERGED)]
    rounds = {seed: last_fifth(run) for seed, run in online.groupby("seed")}
    own = offline[(offline["algorithm"] == algorithm) & (offline["task"] == task)]
    rows = {seed: run[run["updates"] > (1 - LAST) * run["updates"].max()] for seed, run in own.groupby("seed")}
    _of(method, task, "train_return", evidence.seeds)
    if own.empty:
        raise NotRun(f"no offline runs of `{algorithm}` on {task} record a multiplier")
    if missing := sorted(set(rounds) - set(rows)):
        raise Missing(f"no multiplier of an offline run of `{algorithm}` on {task} with seed {missing[0]}")
    records = evidence.records[(evidence.records["name"] == method) & (evidence.records["task"] == task)]
    scale = records.set_index("seed")["reward_scale"]
    level = {}
    for seed, run in rounds.items():
        factors = (rows[seed]["reward_scale"].iloc[0], scale.get(seed))
        if any(pd.isna(factor) for factor in factors):
            raise Missing(f"the reward scale of `{method}` or `{algorithm}` is not recorded on {task}")
        level[seed] = (rows[seed]["multiplier"].mean() / factors[0], run["multiplier"].mean() / factors[1])
        for which, multiplier in zip(("offline", "online"), level[seed], strict=True):
            if not multiplier >= SMALLEST:
                raise Missing(f"the {which} multiplier of seed {seed} is 0: the limit does not bind on {task}")
    _settled(f"`{algorithm}`", task, [rows[seed].set_index("updates")["multiplier"] for seed in rounds])
    _settled(f"`{method}`", task, [run.set_index("env_steps")["multiplier"] for run in rounds.values()])
    return pd.Series({seed: np.log10(before / after) for seed, (before, after) in level.items()})


def drift(multiplier: pd.Series) -> float:
    """How much a multiplier changes over its rows, by a straight line through them, relative to their mean.

    Args:
        multiplier: (rows,), indexed by steps or updates.
    """
    x, y = multiplier.index.to_numpy(dtype=np.float64), multiplier.to_numpy(dtype=np.float64)
    slope = np.polyfit((x - x[0]) / (x[-1] - x[0]), y, 1)[0]
    return round(float(slope / y.mean()), 9)  # a constant has no drift, whatever rounding leaves


def _settled(name: str, task: str, runs: list[pd.Series]) -> None:
    """Raise unless the interval over seeds of the drift in the last fifth contains 0."""
    fewest = min(map(len, runs))
    if fewest < 2 or len(runs) < 2:
        what = f"{fewest} row in its last fifth" if fewest < 2 else "one seed"
        raise Missing(f"whether the multiplier of {name} has settled on {task} cannot be seen from {what}")
    middle, low, high = t_interval(np.array([drift(run) for run in runs]))
    if low > 0 or high < 0:
        raise Missing(
            f"the multiplier of {name} has not settled on {task}: it changes by {100 * middle:+.0f} % "
            f"[{100 * low:+.0f}, {100 * high:+.0f}] over its last fifth"
        )
