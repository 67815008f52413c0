"""Whether two sets of runs may be compared for a verdict: the ledger's conditions, checked against the runs' records.

A record is one row for a run with all stages it started from. What a record does not tell counts against it.
"""

from typing import NamedTuple

import pandas as pd

from workflow.statistics.scores import DIVERGED

CONDITIONS = {
    "limit": "the published cost limit",
    "budget": "the published online budget",
    "tuned": "hyperparameters tuned for the task",
    "pairs": "seed s starts from offline seed s",
    "seeds": "the same seeds on both sides",
    "data": "one dataset for both sides",
    "machine": "each pair of seeds, with all stages, on one CPU model under the same versions and numerics",
    "code": "the same code on both sides, unchanged since",
}
MACHINE = ("cpu", "versions", "numerics")
RECORD = [  # columns of a frame of records
    "name",  # a method, `offline/{algorithm}` or `prealigned/{variant}/{algorithm}`
    "task",
    "seed",
    "online",  # whether it interacts with the environment
    "cost_limit",  # of the run
    "online_episodes",  # in its spec
    "complete",  # whether it played them; None if it has no online part or diverged
    "offline_seed",  # of the model it started from, or None
    "data",  # hashes of the datasets that it and its stages read; None: not recorded
    *MACHINE,  # distinct values over the stages; None: not recorded
    "code",  # {file: distinct hashes over the stages}; None: not recorded
    "current",  # False where code had changed when the scores were made
]


class Published(NamedTuple):
    """What the paper's study had: its cost limit, {task: online episodes}, and the tasks with tuned hyperparameters."""

    cost_limit: float
    budgets: dict[str, int]
    tuned: frozenset[str]


def check(names: list[str], task: str, records: pd.DataFrame, published: Published) -> dict[str, str]:
    """Why runs may not be compared.

    Args:
        names: `name` of each side in the records; one where a method is compared with a number.
        task: name of the task.
        records: columns `RECORD`.
        published: what the conditions ask for.

    Returns:
        {key of `CONDITIONS`: the first reason why it fails, or ""}.
    """
    rows = records[(records["task"] == task) & records["name"].isin(names)]
    sides = {name: sorted(rows.loc[rows["name"] == name, "seed"]) for name in names}
    common = set.intersection(*(set(seeds) for seeds in sides.values())) if sides else set()
    reasons = dict.fromkeys(CONDITIONS, "")
    if task not in published.tuned:
        reasons["tuned"] = f"the hyperparameters of {task} are defaults that nobody tuned"
    for name, seeds in sides.items():
        if not seeds:
            reasons["seeds"] = reasons["seeds"] or f"no records of {name}"
    if not reasons["seeds"] and common not in [set(seeds) for seeds in sides.values()]:
        told = "; ".join(f"{name} has {', '.join(map(str, seeds))}" for name, seeds in sides.items())
        reasons["seeds"] = f"neither side's seeds are among the other's: {told}"
    rows = rows[rows["seed"].isin(common)]
    for row in rows.itertuples(index=False):
        found = _of_run(row, task, published)
        reasons = {key: reason or found.get(key, "") for key, reason in reasons.items()}
    reasons["data"] = reasons["data"] or _data(rows)
    reasons["machine"] = reasons["machine"] or _machine(rows)
    reasons["code"] = reasons["code"] or _code(rows)
    return reasons


def _of_run(row, task: str, published: Published) -> dict[str, str]:
    """What is wrong with one run by itself."""
    run, found = f"{row.name} seed {row.seed}", {}
    if row.online:
        if row.cost_limit != published.cost_limit:
            found["limit"] = f"{run} has cost limit {row.cost_limit:g}, not {published.cost_limit:g}"
        episodes, wanted = row.online_episodes, published.budgets.get(task)
        if wanted is None:
            found["budget"] = f"no published online budget for {task}"
        elif pd.isna(episodes):
            found["budget"] = f"online budget of {run} not recorded"
        elif episodes != wanted:
            found["budget"] = f"{run} has {episodes:g} online episodes, published are {wanted}"
        elif row.complete is False:
            found["budget"] = f"{run} stopped before its budget of {wanted} episodes"
    if pd.notna(row.offline_seed) and row.offline_seed != row.seed:
        found["pairs"] = f"{run} starts from offline seed {row.offline_seed:g}"
    if row.data is None:
        found["data"] = f"data of {run} not recorded"
    missing = [name for name in MACHINE if getattr(row, name) is None]
    if missing:
        found["machine"] = f"{' and '.join(missing)} of {run} not recorded"
    if row.code is None:
        found["code"] = f"code of {run} not recorded"
    elif not row.current:
        found["code"] = f"code changed after {run} was made"
    return found


def _data(rows: pd.DataFrame) -> str:
    hashes = {value for values in rows["data"] for value in values}
    return "the runs read different datasets" if len(hashes) > 1 else ""


def _machine(rows: pd.DataFrame) -> str:
    for seed, pair in rows.groupby("seed"):
        for name in MACHINE:
            values = sorted({value for row in pair[name] for value in row})
            if len(values) > 1:
                told = f": {' and '.join(values)}" if name == "cpu" else ""
                return f"different {name} within seed {seed}{told}"
    return ""


def _code(rows: pd.DataFrame) -> str:
    seen: dict[str, set[str]] = {}
    for code in rows["code"]:
        for file, hashes in code.items():
            seen.setdefault(file, set()).update(hashes)
    different = sorted(file for file, hashes in seen.items() if len(hashes) > 1)
    return f"{different[0]} differs between the runs" if different else ""


def complete(episodes: int, env_steps: int, budget: int | None, steps_per_episode: int, status: str) -> bool | None:
    """Whether a run played its online budget, counted in episodes or in the environment steps of so many full ones.

    Returns:
        None where there is nothing to say: no budget in its spec, an evaluation alone, or a run that diverged.
    """
    if budget is None or env_steps == 0 or status == DIVERGED:
        return None
    return episodes >= budget or env_steps >= budget * steps_per_episode
