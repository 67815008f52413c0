"""What a claim's parts are measured by: one number per task and seed, from a study's scores and, for two, its stages.

Beyond the columns of per_seed.csv: `lost_return_normalized` (evaluated return of the start policy, 0 if its cost is
above the limit, minus the training return of the last fifth), `multiplier_ratio` (logarithm to base 10 of the offline
multiplier over the online one, each divided by its reward scale) and `rank_gain` (Spearman's correlation of a critic
with Monte-Carlo values after VPA minus before).
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from workflow.statistics.per_seed import feasible_return, last_fifth, per_seed, with_evaluated

SMALLEST = 1e-5  # a multiplier below it is as good as 0, and has no ratio
TENTH = 0.1  # the end of offline training over which its multiplier is averaged


class Missing(Exception):
    """A part cannot be measured in this study; the message says what is missing."""


def measured(scores: pd.DataFrame) -> pd.DataFrame:
    """per_seed.csv with what the claims need besides.

    Args:
        scores: rows of scores.csv.

    Returns:
        One row per task, method and seed. A method that was only evaluated has its evaluation as return and cost;
        `multiplier` is the mean of the last fifth.
    """
    seeds = with_evaluated(per_seed(scores)).set_index(["task", "method", "seed"], drop=False)
    trained = seeds["violation_rate"].notna()
    keys = ["task", "method", "seed"]
    start = scores[scores["round"] == 0].set_index(keys)
    kept = feasible_return(start["eval_return_normalized"], start["eval_cost"], start["cost_limit"])
    seeds["lost_return_normalized"] = (pd.Series(kept, start.index) - seeds["train_return_normalized"]).where(trained)
    last = scores.groupby(keys)[scores.columns].apply(last_fifth).droplevel(keys)
    seeds["multiplier"] = last.groupby(keys)["multiplier"].mean().reindex(seeds.index)
    return seeds.reset_index(drop=True)


def values(part: dict, task: str, seeds: pd.DataFrame, study: Path, ranks: pd.DataFrame | None) -> pd.Series:
    """A part's number for each seed of a task.

    Args:
        part: of claims.yaml.
        task: name of the task.
        seeds: as returned by `measured`.
        study: folder with offline/ and runs/.
        ranks: columns `ranks.RANKS`, or None.

    Returns:
        Numbers by seed.

    Raises:
        Missing: a method, stage or file is not there.
    """
    if part["metric"] == "rank_gain":
        return _rank_gain(part, task, ranks)
    if part["metric"] == "multiplier_ratio":
        return _multiplier_ratio(part, task, seeds, study)
    if "method" in part:
        return _of(part["method"], task, part["metric"], seeds)
    difference = _of(part["first"], task, part["metric"], seeds) - _of(part["second"], task, part["metric"], seeds)
    if difference.dropna().empty:
        raise Missing(f"{part['first']} and {part['second']} have no seed in common on {task}")
    return difference.dropna()


def limit_of(part: dict, task: str, seeds: pd.DataFrame) -> float:
    """The cost limit of the runs that a part compares.

    Raises:
        Missing: they have several.
    """
    names = [part[key] for key in ("first", "second", "method") if key in part]
    rows = seeds[(seeds["task"] == task) & (seeds["method"].isin(names) if names else True)]
    limits = sorted(rows["cost_limit"].unique())
    if len(limits) > 1:
        raise Missing(f"{' and '.join(names)} ran under several cost limits")
    return float(limits[0]) if limits else np.nan


def _of(method: str, task: str, metric: str, seeds: pd.DataFrame) -> pd.Series:
    rows = seeds[(seeds["method"] == method) & (seeds["task"] == task)].set_index("seed")[metric].dropna()
    if rows.empty:
        raise Missing(f"no runs of `{method}`" if method not in set(seeds["method"]) else f"no {metric} of `{method}`")
    return rows


def _rank_gain(part: dict, task: str, ranks: pd.DataFrame | None) -> pd.Series:
    if ranks is None:
        raise Missing("no Monte-Carlo values (Table 1)")
    chosen = (ranks["task"] == task) & (ranks["critic"] == part["critic"]) & (ranks["points"] == part["points"])
    table = ranks[chosen].pivot(index="seed", columns="stage", values="spearman")
    if not {"before", "after"} <= set(table):
        raise Missing(f"no Monte-Carlo values of {task}")
    gain = table["after"] - table["before"]
    if gain.isna().any():  # left out, such a seed would make the rest look like a study of fewer
        raise Missing(
            f"no rank correlation in {gain.isna().sum()} of {len(gain)} seeds on {task}: too few points, or all equal"
        )
    return gain


def _multiplier_ratio(part: dict, task: str, seeds: pd.DataFrame, study: Path) -> pd.Series:
    online = _of(part["method"], task, "multiplier", seeds)
    ratios = {}
    for seed, value in online.items():
        offline = offline_multiplier(study / "offline" / part["offline"] / task, int(seed))
        scale = _scale(study / "runs" / part["method"] / task / f"seed{seed}" / "run.json", "hyperparameters")
        for which, price in (("offline", offline), ("online", value / scale)):
            if price < SMALLEST:
                raise Missing(f"the {which} multiplier of seed {seed} is 0: the limit does not bind on {task}")
        ratios[seed] = np.log10(offline / (value / scale))
    return pd.Series(ratios)


def offline_multiplier(folder: Path, seed: int) -> float:
    """Mean multiplier of the last tenth of an offline run, divided by its reward scale.

    Args:
        folder: offline/{algorithm}/{task}; with a single seed folder in it, all online seeds share that model.
        seed: of the online run.

    Raises:
        Missing: there is no such run, or it has no multiplier.
    """
    path = folder / f"seed{seed}" / "progress.csv"
    models = sorted(folder.glob("seed*/progress.csv"))
    path = models[0] if len(models) == 1 else path
    if not path.is_file():
        raise Missing(f"no offline run of `{folder.parent.name}` on {folder.name}")
    rows = pd.read_csv(path)
    if "multiplier" not in rows or rows["multiplier"].isna().all():
        raise Missing(f"`{folder.parent.name}` records no multiplier")
    rows = rows[rows["multiplier"].notna()]
    last = rows[rows["updates"] > (1 - TENTH) * rows["updates"].max()]
    return float(last["multiplier"].mean()) / _scale(path.with_name("run.json"), "options")


def _scale(spec: Path, section: str) -> float:
    """The reward scale that a run's spec names, in its options or in its hyperparameters."""
    if not spec.is_file():
        raise Missing(f"no record of {'/'.join(spec.parts[-4:-1])}, so its reward scale is not known")
    values = json.loads(spec.read_text(encoding="utf-8"))
    try:
        return float(values[section]["reward_scale"])
    except KeyError:
        raise Missing(f"the record of {'/'.join(spec.parts[-4:-1])} names no reward_scale") from None
