"""Pages: Markdown as the tables' modules write it, the same in LaTeX (latex.py), and CSV; written only here.

Of Markdown a page has headings, paragraphs, tables, `code`, **bold** and *italics*, which in a table are grey in LaTeX.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from workflow.runs.scores import write_files
from workflow.tables.latex import latex


def number(value: float) -> str:
    """Three significant digits or so, never an exponent."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:.{digits}f}"


def ends(mean: float, low: float, high: float, show=number) -> str:
    """`mean [low, high]`, or the mean alone where there is no interval, or a dash."""
    if np.isnan(mean):
        return "–"
    return show(mean) if np.isnan(low) else f"{show(mean)} [{show(low)}, {show(high)}]"


def cell(row: pd.Series, name: str, show=number) -> str:
    """`ends` of the columns {name}_mean, _low and _high."""
    return ends(*(row[f"{name}_{end}"] for end in ("mean", "low", "high")), show)


def markdown_table(header: list[str], rows: list[list[str]], align: str = "--:") -> list[str]:
    """Lines of a Markdown table; the first column stands left, the others as `align` says."""
    table = [header, [":--", *[align] * (len(header) - 1)], *rows]
    return ["| " + " | ".join(cells) + " |" for cells in table]


def with_note(page: str, note: str) -> str:
    """A page with a paragraph below its title; without one if the note is empty."""
    title, rest = page.split("\n", 1)
    return f"{title}\n\n{note}\n{rest}" if note else page


def write(folder: Path, name: str, page: str, frames: dict[str, pd.DataFrame]) -> None:
    """Write {name}.md, {name}.tex and the frames, {file: frame}, as CSV."""
    texts = {file: frame.to_csv(index=False) for file, frame in frames.items()}
    write_files(folder, texts | {f"{name}.tex": latex(page), f"{name}.md": page.rstrip("\n") + "\n"})
