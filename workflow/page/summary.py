"""The study in three sentences: what it is, on what data, and what it cannot show."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from workflow.captions import diverged_sentence, interval_sentences
from workflow.names import named
from workflow.page.inputs import Inputs
from workflow.statistics.verdicts import CONTRADICTED, SUPPORTED
from workflow.tuning import untuned


def section(inputs: Inputs, cards: list[dict]) -> dict:
    """The sentences and the facts that head the page.

    Args:
        inputs: the study.
        cards: as made by `datasets.section`.
    """
    seeds = inputs.seeds
    limits = " and ".join(f"{limit:g}" for limit in sorted(seeds["cost_limit"].unique()))
    counts = seeds.groupby(["task", "method"])["seed"].nunique()
    planned = Counter((task, method) for method, task, _ in inputs.planned)
    tasks = f"{len(inputs.tasks)} task{'s' if len(inputs.tasks) > 1 else ''} ({', '.join(inputs.tasks)})"
    what = (
        f"{len(inputs.labels)} methods of offline-to-online safe reinforcement learning on {tasks} with "
        f"{_each(planned.values())}, under a limit of {limits} on the cost of an episode{_so_far(inputs, counts)}."
    )
    return {
        "what": what,
        "data": _data(cards),
        "cannot": _cannot(inputs, cards, int(counts.max())),
        "intervals": interval_sentences(counts) + named(diverged_sentence(seeds), inputs.labels),
        "limits": limits,
    }


def _each(counts: Iterable[int]) -> str:
    """How many seeds: "5 seeds each", "3 to 10 seeds each"."""
    least, most = min(counts), max(counts)
    return f"{least} to {most} seeds each" if least < most else f"{most} seed{'s' if most > 1 else ''} each"


def _so_far(inputs: Inputs, counts: pd.Series) -> str:
    """Which of the planned runs there are, headed by a semicolon; empty if all."""
    if (found := int(counts.sum())) >= len(inputs.planned):
        return ""
    there = [task for task in inputs.tasks if task in counts.index.get_level_values("task")]
    none = [task for task in inputs.tasks if task not in there]
    lacking = f", and none on {' and '.join(none)}" if none else ""
    return (
        f"; so far {found:,} of {len(inputs.planned):,} runs are there ({_each(counts)} on {', '.join(there)}{lacking})"
    )


def _data(cards: list[dict]) -> str:
    if not cards:
        return "No dataset card lies in the study's folder, so what the methods learned from offline is not told here."
    episodes = sum(card["episodes"] for card in cards)
    if all(card["collected"] for card in cards):
        origin = "collected from the simulators by this project's own expert, in DSRL's style; it is not DSRL's"
    elif any(card["collected"] for card in cards):
        origin = "in part DSRL's, in part collected from the simulators by this project's own expert"
    else:
        origin = "DSRL's"
    return f"The offline data is {origin} ({episodes:,} episodes in all)."


def _cannot(inputs: Inputs, cards: list[dict], most: int) -> str:
    """The strongest reason first."""
    totals = inputs.tables["verdicts"]
    decided = totals[(totals["task"] == "all") & totals["verdict"].isin([SUPPORTED, CONTRADICTED])]
    minimum, reasons = inputs.claims["minimum_seeds"], []
    if most < minimum:
        reasons.append(f"decide any claim of the paper, which needs {minimum} seeds")
    elif decided.empty:
        reasons.append("decide any claim of the paper as a whole (the ledger below says why)")
    if any(card["collected"] for card in cards):
        reasons.append("reproduce the paper's numbers, since the datasets are others")
    reasons.append("speak for other tasks, limits or budgets")
    marked = untuned(inputs.tasks)
    tuned = f" Nobody tuned the hyperparameters of {', '.join(marked)}." if marked else ""
    text = reasons[0] if len(reasons) == 1 else f"{', '.join(reasons[:-1])}, or {reasons[-1]}"
    return f"The study cannot {text}.{tuned}"
