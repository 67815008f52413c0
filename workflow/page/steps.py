"""Which option decides: what each step of a chain of methods changes."""

import math

from workflow.page.inputs import Inputs
from workflow.page.numbers import compact
from workflow.statistics.aggregates import changes, over_seeds

METRICS = {"train_return": "return", "train_cost": "cost"}


def section(inputs: Inputs) -> list[dict]:
    """Every figure of kind `steps`: for each task its methods in order, with level and change of each metric.

    Returns:
        [{"name", "task", "metrics", "rows": [{"method", "n", metric: {"level": [mean, low, high], "change": ...}}]}]; a
        change is against the method before, and None for the first.
    """
    made = []
    for name, (tasks, methods) in inputs.steps.items():
        for task in tasks:
            seeds = inputs.seeds[(inputs.seeds["task"] == task) & inputs.seeds["method"].isin(methods)]
            present = [method for method in methods if method in set(seeds["method"])]
            if len(present) < 2:
                continue
            made.append({"name": name, "task": task, "metrics": METRICS, "rows": _rows(seeds, present)})
    return made


def _rows(seeds, methods: list[str]) -> list[dict]:
    levels = over_seeds(seeds, ["task", "method"], list(METRICS)).set_index("method")
    changed = {metric: changes(seeds, methods, metric).set_index("method") for metric in METRICS}
    rows = []
    for method in methods:
        row = {"method": method, "n": int(levels.loc[method, "n"])}
        for metric in METRICS:
            level = [compact(levels.loc[method, f"{metric}_{end}"]) for end in ("mean", "low", "high")]
            change = None
            if method in changed[metric].index:
                found = [float(changed[metric].loc[method, end]) for end in ("change", "low", "high")]
                change = {"ends": list(map(compact, found)), "clear": not found[1] <= 0 <= found[2]}
                change["clear"] &= all(map(math.isfinite, found))
            row[metric] = {"level": level, "change": change}
        rows.append(row)
    return rows
