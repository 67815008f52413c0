"""Sentences that stand under tables and figures: over what a number is, what its interval covers and how far."""

from collections.abc import Callable, Iterable

import pandas as pd

from workflow.runs.missing import absent
from workflow.statistics.intervals import LEVEL, percentile_coverage
from workflow.statistics.scores import DIVERGED
from workflow.tuning import sentence

MOST, LONGEST = 8, 100  # groups of missing runs that are named, and letters of a reason


def interval_sentence(n: int) -> str:
    """What the interval of a mean over `n` seeds is and how often such an interval holds the mean."""
    if n < 2:
        return "With n = 1 there is no interval."
    return (
        f"Intervals are {100 * LEVEL:.0f} % percentile bootstrap intervals of the mean over n = {n} seeds; "
        f"simulated on normal values, such an interval holds the mean in {100 * percentile_coverage(n):.0f} % of cases."
    )


def difference_sentence(n: int) -> str:
    """What the interval of a difference over `n` pairs of seeds is and how often such an interval holds the mean."""
    if n < 2:
        return "With n = 1 there is no interval."
    return (
        f"Intervals of differences are {100 * LEVEL:.0f} % t intervals of the mean over n = {n} seeds, paired; "
        "simulated, such an interval holds the mean in 95 % of cases if the differences are normal and in 89 % if "
        "they are skewed (exponential)."
    )


def interval_sentences(counts: Iterable[int], sentence_of: Callable[[int], str] = interval_sentence) -> str:
    """A sentence for each of several numbers of seeds, each once, in order."""
    return " ".join(sentence_of(int(n)) for n in sorted(set(counts)))


def diverged_sentence(seeds: pd.DataFrame) -> str:
    """A sentence that names the runs that diverged and says how they count, headed by a space; empty if none did.

    Args:
        seeds: one row per task, method and seed, with its status.
    """
    runs = seeds[seeds["status"] == DIVERGED]
    if runs.empty:
        return ""
    named = [
        f"`{method}` on {task} (seed{'s' if len(group) > 1 else ''} {', '.join(map(str, sorted(group['seed'])))})"
        for (method, task), group in runs.groupby(["method", "task"], sort=False)
    ]
    return f" Diverged, and so counted as infeasible with the task's lowest return in DSRL: {'; '.join(named)}."


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
        f"{', '.join(f'{limit:g}' for limit in sorted(seeds['cost_limit'].unique()))} per episode."
        + sentence(tasks)
        + diverged_sentence(seeds)
    )
    if n.min() < 2:
        return f"{text} With one seed there is no interval."
    text += (
        f" Intervals are {100 * LEVEL:.0f} % stratified percentile bootstrap intervals (seeds drawn inside each task)."
    )
    if n.min() < 20:
        text += (
            f" With n = {n.min()} such an interval of one task's mean holds it in "
            f"{100 * percentile_coverage(n.min()):.0f} % of cases (simulated on normal values)."
        )
    return f"{text} They hold for these tasks and say nothing about others."


def missing_sentence(missing: pd.DataFrame, scores: pd.DataFrame, shown: pd.DataFrame | None = None) -> str:
    """How many of the planned runs a table or figure is made of, and which are missing; empty if none is.

    Args:
        missing: rows of missing.csv.
        scores: rows of scores.csv.
        shown: those of them that it is made of, if not all.
    """
    left_out = absent(missing)
    if left_out.empty:
        return ""
    there = scores[["method", "task", "seed"]].drop_duplicates()
    no_method = ~left_out["method"].isin(there["method"])
    blocks = pd.MultiIndex.from_frame(there[["task", "seed"]])
    no_block = ~pd.MultiIndex.from_frame(left_out[["task", "seed"]]).isin(blocks) & ~no_method
    named = []
    if methods := [f"`{name}`" for name in dict.fromkeys(left_out.loc[no_method, "method"])]:
        named.append(f"all of {' and '.join(methods)} ({int(no_method.sum())}{_kinds(left_out[no_method])})")
    for task, part in left_out[no_block].groupby("task", sort=False):
        named.append(f"all of {task}, {seeds_words(part['seed'])} ({len(part)}{_kinds(part)})")
    single = left_out[~no_method & ~no_block]
    for (method, task, kind), part in single.groupby(["method", "task", "kind"], sort=False):
        why = next(filter(None, part["why"]), "").split(";")[0].split(" (")[0].rstrip(".")
        told = f"{kind}: {why if len(why) <= LONGEST else f'{why[:LONGEST]} ...'}" if why else kind
        named.append(f"`{method}` on {task}, {seeds_words(part['seed'])} ({told})")
    more = f"; and {len(named) - MOST} more, in tables/missing.csv" if len(named) > MOST else ""
    total = len(there) + len(left_out)
    made_of = len(there) if shown is None else len(shown[["method", "task", "seed"]].drop_duplicates())
    return f"Made of {made_of} of {total} planned runs. Missing: {'; '.join(named[:MOST])}{more}."


def seeds_words(seeds: Iterable[int]) -> str:
    """Seeds in words: `seed 3`, `seeds 0 to 4, 7`."""
    numbers = sorted({int(seed) for seed in seeds})
    parts, start = [], 0
    for place, value in enumerate(numbers):
        if place + 1 == len(numbers) or numbers[place + 1] != value + 1:
            first = numbers[start]
            parts += [f"{first} to {value}"] if value > first + 1 else [str(one) for one in range(first, value + 1)]
            start = place + 1
    return f"seed{'s' if len(numbers) > 1 else ''} {', '.join(parts)}"


def _kinds(part: pd.DataFrame) -> str:
    """What else than not run the runs of a block are."""
    counts = part.loc[part["kind"] != "not run", "kind"].value_counts(sort=False)
    return "".join(f", {count} {kind}" for kind, count in counts.items())
