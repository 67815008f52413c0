"""The tables of a study, made from its scores: a module each, with a line here.

A module has `make(source)`, which returns the page and the frames behind it (workflow/tables/page.py). Written are
tables/{name}.md, the same as {name}.tex, and the frames as CSV:

    python -m workflow.tables main --scores results/quick/scores.csv
"""

from typing import NamedTuple

from workflow.metrics import METRICS


class Entry(NamedTuple):
    """A table: its module, its CSV files, and what it is made from besides."""

    module: str
    csv: tuple[str, ...]
    ranks: bool = False  # reads the Monte-Carlo ranks, where the study has them
    code: tuple[str, ...] = ()  # modules that its own calls by name


TABLES = {
    "main": Entry("workflow.tables.main", ("main.csv",), code=tuple(METRICS.values())),
    "final": Entry("workflow.tables.final", ("final.csv", "per_seed.csv", "safety.csv")),
    "offline": Entry("workflow.tables.policies", ("offline.csv",)),
    "compare": Entry("workflow.tables.compare", ("compare.csv",)),
    "claims": Entry("workflow.tables.claims", ("claims.csv", "verdicts.csv"), ranks=True),
    "differences": Entry("workflow.tables.differences", ("differences.csv",)),
    "seeds": Entry("workflow.tables.seeds", ("seeds.csv",), ranks=True),
    "ranks": Entry("workflow.tables.ranks", ("ranks.csv",), ranks=True),
}


def files_of(name: str) -> list[str]:
    """What a table leaves in the folder of tables."""
    return [f"{name}.md", f"{name}.tex", *TABLES[name].csv]
