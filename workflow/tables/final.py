"""All numbers of a study, task by task: final.csv (methods), per_seed.csv (runs), safety.csv (single episodes).

The safety of single episodes is read from the runs' episodes.csv, in runs/ beside the scores.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from workflow.captions import diverged_sentence, interval_sentences
from workflow.figures.style import thousands
from workflow.names import order
from workflow.runs import evaluated
from workflow.runs.episodes import read_episodes
from workflow.statistics.aggregates import final
from workflow.statistics.per_seed import COUNTS, METRICS
from workflow.statistics.safety import POLICIES, by_policy, safety
from workflow.tables.page import cell, markdown_table, number
from workflow.tables.source import Source
from workflow.tuning import heading, sentence


def make(source: Source) -> tuple[str, dict[str, pd.DataFrame]]:
    """The page and its three frames."""
    runs = source.study / "runs"
    episodes = read_episodes(runs, source.scores)
    seeds = source.seeds.merge(safety(episodes, source.scores), on=["task", "method", "seed"])
    table, policies = final(seeds), by_policy(seeds)
    apart = evaluated.evaluated_apart(runs, table["method"])
    page = markdown(table, seeds, policies, apart, source.count)
    return page, {"per_seed.csv": seeds, "final.csv": table, "safety.csv": policies}


def _steps(value: float) -> str:
    return thousands(float(f"{value:.3g}"))


def _feasible_cell(row: pd.Series) -> str:
    return "–" if np.isnan(row["feasible_seeds"]) else f"{row['feasible_seeds']:.0f} of {row['n']}"


def markdown(
    table: pd.DataFrame,
    seeds: pd.DataFrame,
    policies: pd.DataFrame,
    apart: dict[str, str] | None = None,
    count: Callable[[str, str, int], str] = lambda task, method, n: str(n),
) -> str:
    """final.md: for each task a table in raw units, one in DSRL's and one of episodes, then what the numbers mean.

    Args:
        table: as returned by `aggregates.final`.
        seeds: as returned by `per_seed`.
        policies: as returned by `safety.by_policy`.
        apart: as returned by `evaluated.evaluated_apart`: these methods are marked.
        count: as `Source.count`.
    """
    names = {name: f"`{name}`{f' {evaluated.MARK}' if name in (apart or {}) else ''}" for name in table["method"]}
    raw = ["feasible_return", "safe_rounds_last", "safe_rounds", "violation_rate", "cumulative_cost"]
    normalized = [name for name in METRICS if name.endswith("_normalized")]
    lines = ["# Final results", ""]
    for (task, limit), group in table.groupby(["task", "cost_limit"], sort=False):  # one ranking, one limit
        rows = group.set_index("method", drop=False)
        methods = [rows.loc[name] for name in order(list(rows["method"]))]
        lines += [f"## {heading(task, limit)}", "", "Raw units:", ""]
        header = "method|n|return|cost|feasible|feasible return|safe rounds, last fifth|safe rounds|violation rate"
        header = [*header.split("|"), "cumulative cost", "eval return", "eval cost", "env steps", "updates"]
        cells = [
            [names[row["method"]], count(task, row["method"], row["n"])]
            + [cell(row, "train_return"), cell(row, "train_cost"), _feasible_cell(row)]
            + [cell(row, name) for name in (*raw, "eval_return", "eval_cost")]
            + [_steps(row[name]) for name in COUNTS]
            for row in methods
        ]
        lines += [
            *markdown_table(header, cells),
            "",
            "DSRL's normalised units (return 0 to 1, cost 1 = the limit):",
            "",
        ]
        header = ["method", "n", "return", "cost", "feasible return", "eval return", "eval cost"]
        cells = [
            [names[row["method"]], count(task, row["method"], row["n"]), *(cell(row, name) for name in normalized)]
            for row in methods
        ]
        lines += [*markdown_table(header, cells), ""]
        of_task = policies[(policies["task"] == task) & (policies["cost_limit"] == limit)]
        if len(of_task):
            lines += ["Single episodes, by SafeRLEval's measures:", "", *_safety_lines(of_task), ""]
    foot = [evaluated.sentence(apart), ""] if apart else []
    return "\n".join([*lines, caption(table, seeds), "", *foot])


def _safety_lines(policies: pd.DataFrame) -> list[str]:
    rows = []
    for method in order(list(policies["method"])):
        for _, row in policies[policies["method"] == method].iterrows():
            severity = cell(row, "D_plus_norm")
            if 0 < row["violating_seeds"] < row["n"]:
                severity += f" ({row['violating_seeds']} of {row['n']} seeds)"
            cells = [cell(row, "V"), cell(row, "D_norm"), severity, number(row["worst"])]
            rows.append([f"`{method}`", POLICIES[row["policy"]], str(row["n"]), *cells])
    return markdown_table(["method", "policy", "n", "V", "D_norm", "D+_norm", "worst episode"], rows)


def caption(table: pd.DataFrame, seeds: pd.DataFrame) -> str:
    """Sentences under final.md: what n and the intervals are, and each column's definition."""
    return "\n".join(
        [
            "Cells are `mean [low, high]` over n seeds. " + interval_sentences(table["n"]),
            "",
            "Return and cost are the mean per training episode (stochastic policy, undiscounted) of the last 20 % of "
            "environment steps. A run is feasible if that cost is within the limit; feasible return counts a feasible "
            "run's return and, for any other, the task's lowest return in DSRL. Safe rounds are the share of rounds "
            "whose mean cost is within the limit, in the last 20 % of environment steps and in all. Violation rate is "
            "the share of all training episodes with cost above the limit; cumulative cost is the sum over all of "
            "them. Eval return and eval cost are those of the last evaluation (deterministic policy).",
            "",
            "SafeRLEval's measures (arXiv 2609.15315), with d the cost limit: V is the share of episodes with cost "
            "above d; D_norm is (mean cost - d) / d; D+_norm is (mean cost of the episodes above d, minus d) / d, over "
            "the seeds that have such episodes (0 if none has). Worst episode: the largest cost of any seed. Training: "
            "all training episodes. Final, stochastic: the training episodes of the last 20 % of environment steps, "
            "while the policy still learns. Final, deterministic: the last evaluation.",
            "",
            "Environment steps and updates (gradient steps) are spent online, after any offline training. A method "
            "that only evaluates its start policy has no training numbers (–)."
            + diverged_sentence(seeds)
            + sentence(table["task"]),
        ]
    )
