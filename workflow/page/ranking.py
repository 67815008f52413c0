"""The main table: methods on each task, the feasible ones first, then by return."""

import pandas as pd

from workflow.page.inputs import Inputs
from workflow.page.numbers import compact, counted, estimate, share
from workflow.runs.evaluated import evaluated_apart, sentence
from workflow.statistics.per_seed import EVALUATED
from workflow.statistics.scores import DIVERGED

ALL, SOME, NONE = "all", "some", "none"  # of a method's runs end feasible


def section(inputs: Inputs) -> dict:
    """Rows by task, and the methods whose evaluation is of another policy than the one that trains.

    Returns:
        "tasks": [{"task", "limit", "rows"}]; a row has its rank, its `feasible` group and the estimates, None where
        there is none. "worst": whether any has a worst episode. "apart": as returned by `evaluated_apart`,
        with its sentence.
    """
    made = []
    for task in inputs.tasks:
        rows = _trained(inputs, task) + _evaluated(inputs, task)
        rows.sort(key=lambda row: ([ALL, SOME, NONE].index(row["feasible"]), -row["return"]["mean"]))
        made.append({"task": task, "limit": f"{inputs.limit(task):g}", "rows": rows})
    apart = evaluated_apart(inputs.study / "runs", sorted(set(inputs.seeds["method"])))
    return {
        "tasks": made,
        "worst": any(row["worst"] is not None for entry in made for row in entry["rows"]),
        "apart": apart,
        "apart_sentence": sentence(apart),
    }


def _group(count: float, n: int) -> dict:
    kind = ALL if count == n else NONE if count == 0 else SOME
    return {"feasible": kind, "feasible_seeds": int(count), "n": int(n)}


def _trained(inputs: Inputs, task: str) -> list[dict]:
    table, seeds = inputs.tables["final"], inputs.seeds
    worst = inputs.tables["safety"]
    worst = worst[(worst["task"] == task) & (worst["policy"] == "final_stochastic")].set_index("method")["worst"]
    made = []
    for row in table[(table["task"] == task) & table["train_return_mean"].notna()].to_dict("records"):
        own = seeds[(seeds["task"] == task) & (seeds["method"] == row["method"])]
        made.append(
            {
                "method": row["method"],
                **_group(row["feasible_seeds"], row["n"]),
                "return": estimate(row, "train_return"),
                "cost": estimate(row, "train_cost"),
                "normalized": estimate(row, "feasible_return_normalized", show=share),
                "violations": estimate(row, "violation_rate", 100),
                "cumulative": estimate(row, "cumulative_cost", show=counted),
                "worst": compact(worst.get(row["method"], float("nan"))),
                "env_steps": compact(row["env_steps"]),
                "updates": compact(row["updates"]),
                "diverged": int((own["status"] == DIVERGED).sum()),
                "evaluated": False,
            }
        )
    return made


def _evaluated(inputs: Inputs, task: str) -> list[dict]:
    """Methods that only evaluate the policy they start from."""
    table, seeds = inputs.tables["offline"], inputs.seeds
    made = []
    for row in table[table["task"] == task].to_dict("records"):
        own = seeds[(seeds["task"] == task) & (seeds["method"] == row["method"])]
        empty = dict.fromkeys(("violations", "cumulative", "worst"))
        made.append(
            {
                "method": row["method"],
                **_group(own["feasible"].sum(), len(own)),
                "return": estimate(row, EVALUATED[0]),
                "cost": estimate(row, EVALUATED[1]),
                "normalized": estimate(row, "feasible_return_normalized", show=share),
                **empty,
                "env_steps": 0,
                "updates": 0,
                "diverged": 0,
                "evaluated": True,
            }
        )
    return made


def points(rows: list[dict]) -> list[dict]:
    """What the plot of return against cost shows of each row: [mean, low, high] of both."""
    ends = ("mean", "low", "high")
    return [
        {"method": row["method"], "n": row["n"], "feasible": row["feasible"], "evaluated": row["evaluated"]}
        | {name: [row[name][end] for end in ends] for name in ("return", "cost")}
        for row in rows
        if row["return"] and row["cost"] and not pd.isna(row["cost"]["mean"])
    ]
