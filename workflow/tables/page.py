"""Pages: Markdown as the tables' modules write it, the same in LaTeX, and CSV; written here and nowhere else.

Of Markdown a page has headings, paragraphs, tables, `code`, **bold** and *italics*, which in a table are grey in LaTeX.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from workflow.runs.scores import write_files

HEADINGS = {1: "section*", 2: "subsection*", 3: "paragraph"}
SPECIAL = {char: f"\\{char}" for char in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "–": "--", "†": r"\dag{}", "‡": r"\ddag{}", "±": r"$\pm$",
}  # fmt: skip


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


def latex(page: str) -> str:
    """A page in LaTeX, to be read with \\input; it needs the packages booktabs and xcolor."""
    made, table = ["% needs \\usepackage{booktabs,xcolor}"], []
    for line in [*page.splitlines(), ""]:
        if line.startswith("|"):
            table.append([part.strip() for part in line.strip("|").split("|")])
            continue
        if table:
            made, table = [*made, *_tabular(*table)], []
        if found := re.match(r"(#+) (.*)", line):
            made.append(f"\\{HEADINGS[len(found[1])]}{{{_text(found[2])}}}")
        else:
            made.append(_text(line))
    return "\n".join(made) + "\n"


def _tabular(header: list[str], marks: list[str], *rows: list[str]) -> list[str]:
    """Lines of a table."""
    columns = "".join("r" if mark.endswith(":") else "l" for mark in marks)
    head, *body = (" & ".join(_text(part, r"\textcolor{gray}") for part in row) + r" \\" for row in (header, *rows))
    return [
        r"{\footnotesize",
        f"\\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}}",
    ]


def _text(text: str, italics: str = r"\emph") -> str:
    """A line of Markdown in LaTeX."""
    made = []
    for part in re.split(r"(`[^`]*`)", text):
        code = part.startswith("`") and len(part) > 1
        plain = "".join(SPECIAL.get(char, char) for char in (part[1:-1] if code else part))
        if code:
            made.append(f"\\texttt{{{plain}}}")
            continue
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", plain)  # links keep their words
        plain = re.sub(r"\*\*(.+?)\*\*", r"\\textbf{\1}", plain)
        made.append(re.sub(r"\*(\S.*?)\*", lambda found: f"{italics}{{{found[1]}}}", plain))
    return "".join(made)


def write(folder: Path, name: str, page: str, frames: dict[str, pd.DataFrame]) -> None:
    """Write {name}.md, {name}.tex and the frames, {file: frame}, as CSV."""
    texts = {file: frame.to_csv(index=False) for file, frame in frames.items()}
    write_files(folder, texts | {f"{name}.tex": latex(page), f"{name}.md": page.rstrip("\n") + "\n"})
