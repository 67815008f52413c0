"""Any two methods side by side: their difference on a task, paired by seed, with a t interval."""

import itertools

import numpy as np
import pandas as pd

from workflow.page.inputs import Inputs
from workflow.page.numbers import compact
from workflow.statistics.claims import SIDES, forms
from workflow.statistics.intervals import t_interval
from workflow.statistics.verdicts import p_above, p_below

METRICS = {
    "feasible_return_normalized": "feasible return (0 to 1)",
    "train_return": "return",
    "train_cost": "cost",
    "violation_rate": "episodes over the limit",
}
SEED = ("train_return", "train_cost", "feasible_return_normalized", "violation_rate", "feasible")


def section(inputs: Inputs) -> dict:
    """Numbers of every pair on every task.

    Returns:
        "metrics_of_pairs": {name: words}. "pairs": {task: {"first second": {metric: [n, mean, low, high, p]}}}, first
        minus second, each pair in one order; methods that ran under different limits have none; p is of a two-sided t
        test. "seeds": {task: {method: {seed: values of `SEED`}}}, with their names in "seed_columns". "claims":
        {task: {"first second": [[claim, title, form, verdict]]}} of the claims that make the comparison.
    """
    pairs, seeds = {}, {}
    for task in inputs.tasks:
        rows = inputs.seeds[inputs.seeds["task"] == task]
        methods, limits = list(dict.fromkeys(rows["method"])), rows.groupby("method")["cost_limit"].unique()
        tables = {name: rows.pivot(index="seed", columns="method", values=name) for name in METRICS}
        pairs[task] = {}
        for first, second in itertools.combinations(methods, 2):
            if {*limits[first]} == {*limits[second]}:
                found = {name: _difference(table[first] - table[second]) for name, table in tables.items()}
                pairs[task][f"{first} {second}"] = {name: row for name, row in found.items() if row is not None}
        seeds[task] = {
            method: {int(row["seed"]): [compact(row[name]) for name in SEED] for row in own.to_dict("records")}
            for method, own in rows.groupby("method", sort=False)
        }
    claims = {task: _claims(inputs, task) for task in inputs.tasks}
    return {"metrics_of_pairs": METRICS, "pairs": pairs, "seeds": seeds, "claims": claims, "seed_columns": list(SEED)}


def _difference(numbers: pd.Series) -> list | None:
    """[n, mean, low, high, p] of the seeds that both methods have; None where there are none."""
    numbers = numbers.dropna().to_numpy(dtype=np.float64)
    if not len(numbers):
        return None
    ends = [compact(float(end)) for end in t_interval(numbers)]
    p = None
    if len(numbers) > 1:
        p = compact(min(1.0, 2 * float(min(p_above(numbers, 0.0), p_below(numbers, 0.0)))))
    return [len(numbers), *ends, p]


def _claims(inputs: Inputs, task: str) -> dict[str, list]:
    verdicts = inputs.tables["verdicts"]
    verdicts = verdicts[verdicts["task"] == task].set_index(["claim", "form"])["verdict"]
    methods, made = set(inputs.seeds["method"]), {}
    for name, claim in inputs.claims["claims"].items():
        for form, parts in forms(claim, methods).items():
            for part in parts:
                compared = [part[key] for key in SIDES if key in part]
                if len(compared) == 2 and "supported" in part and (name, form) in verdicts:
                    entry = [name, claim["title"], form, verdicts[name, form]]
                    if entry not in made.setdefault(" ".join(compared), []):
                        made[" ".join(compared)].append(entry)
    return made
