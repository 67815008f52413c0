"""How many seeds a verdict needs: claims judged on every choice of fewer seeds of the study."""

import pandas as pd

from workflow.statistics.intervals import fresh
from workflow.statistics.subsamples import by_seeds
from workflow.tables.claims import collected
from workflow.tables.page import markdown_table
from workflow.tables.source import Source
from workflow.tuning import label

SHOWN = (3, 5, 7, 10)
FEWEST = 6  # of fewer seeds all choices are nearly the same


def make(source: Source) -> tuple[str, dict[str, pd.DataFrame]]:
    """The page and seeds.csv."""
    claims, evidence = collected(source)
    table = by_seeds(claims, evidence, fresh())
    return markdown(claims, table[table["of"] >= FEWEST]), {"seeds.csv": table}


def markdown(claims: dict, table: pd.DataFrame) -> str:
    """The page: shares of choices of seeds by verdict, for each claim and task."""
    lines = ["# How many seeds a verdict needs", ""]
    if table.empty:
        return "\n".join([*lines, f"No claim can be measured on {FEWEST} seeds or more of any task.", ""])
    sizes = [size for size in SHOWN if size in set(table["seeds"])]
    shares = {(row.claim, row.task, row.seeds): _shares(row) for row in table.itertuples()}
    rows = [
        [f"{name} {claims['claims'][name]['title']}", label(task), *(shares.get((name, task, n), "–") for n in sizes)]
        for name, task in dict.fromkeys(zip(table["claim"], table["task"], strict=True))
    ]
    return "\n".join(
        [
            *lines,
            "Each claim is judged again on choices of fewer seeds of this study. Cells: on how many of 100 choices it "
            "is supported / contradicted; on the others it is undecided.",
            "",
            *markdown_table(["claim", "task", *(f"{n} seeds" for n in sizes)], rows),
            "",
            "Claims in our form. Tests of a single verdict at 5 %, not corrected for the number of verdicts, so more "
            "can be decided here than in the ledger. Choices overlap, so the shares describe this study's seeds and "
            "are no error rates. Where a run of a claim diverged, its task is left out.",
            "",
        ]
    )


def _shares(row) -> str:
    return f"{100 * row.supported:.0f} / {100 * row.contradicted:.0f}"
