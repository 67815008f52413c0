"""The metrics of tables/main: a module each, with a line here.

A module has TITLE (heads its grid), MEANING (a sentence), PAIRED (whether its numbers are differences, which get t
intervals) and `measure(scores, seeds)`: from the rows of scores.csv, and from those of per_seed.csv with evaluations
where nothing was trained, to a Series indexed by (task, method, seed); a run without the number is NaN or left out.
"""

from importlib import import_module

METRICS = {
    "return": "workflow.metrics.normalised_return",
    "cost": "workflow.metrics.normalised_cost",
    "return_gain": "workflow.metrics.return_gain",
    "cost_change": "workflow.metrics.cost_change",
}


def metrics() -> dict:
    """{name: module} of `METRICS`."""
    return {name: import_module(module) for name, module in METRICS.items()}
