"""Sentences that stand under tables and figures: over what a number is, what its interval covers and how far."""

import pandas as pd

from workflow.scripts.tuning import sentence
from workflow.statistics.intervals import LEVEL


def interval_sentence(n: int) -> str:
    """One or two sentences for a caption: what the interval over `n` seeds is and how far to trust it."""
    if n < 2:
        return "With n = 1 there is no interval."
    text = f"Intervals are {100 * LEVEL:.0f} % percentile bootstrap intervals of the mean over n = {n} seeds."
    if n <= 3:
        return f"{text} With n = {n} such an interval is just the range of the seeds and covers less than it says."
    if n < 10:
        return f"{text} With n = {n} such an interval is only a little narrower than the range of the seeds."
    return text


def interval_sentences(counts) -> str:
    """`interval_sentence` for each of several numbers of seeds, each once, in order."""
    return " ".join(interval_sentence(int(n)) for n in sorted(set(counts)))


def aggregate_sentences(seeds: pd.DataFrame) -> str:
    """Over what the numbers of a figure over tasks are and what the intervals cover.

    Args:
        seeds: one row per task, method and seed.
    """
    n = seeds.groupby(["task", "method"])["seed"].nunique()
    tasks = list(dict.fromkeys(seeds["task"]))
    text = (
        f"Over {len(tasks)} task{'s' if len(tasks) > 1 else ''} ({', '.join(tasks)}) with n = {n.min()}"
        f"{'' if n.min() == n.max() else f' to {n.max()}'} seeds each, cost limit "
        f"{', '.join(f'{limit:g}' for limit in sorted(seeds['cost_limit'].unique()))} per episode." + sentence(tasks)
    )
    if n.min() < 2:
        return f"{text} With one seed there is no interval."
    text += (
        f" Intervals are {100 * LEVEL:.0f} % stratified percentile bootstrap intervals (seeds drawn inside each task)."
    )
    if n.min() < 10:
        text += " With so few seeds they cover less than they say."
    return f"{text} They hold for these tasks and say nothing about others."
