"""Pages in LaTeX, to be read with \\input: the Markdown of workflow/tables/page.py, its tables cut to fit a page.

A table wider than `WIDTH` is cut into several with its first column in each, a longer one than `ROWS` into several with
its header; what is a little too wide then is scaled to the line. Intervals and counts beside a number are small.
"""

import math
import re
from collections.abc import Sequence
from itertools import pairwise

GREY = r"\textcolor{gray}"
HEADINGS = {1: "section*", 2: "subsection*", 3: "paragraph"}
PACKAGES = r"% needs \usepackage{array,booktabs,graphicx,xcolor}"
SPECIAL = {char: f"\\{char}" for char in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "–": "--", "†": r"\dag{}", "‡": r"\ddag{}", "±": r"$\pm$",
}  # fmt: skip

WIDTH = 430.0  # points; the text of a one-column page is 345 to 505 wide
ROWS = 48  # lines of 9.5 points, with the header what fits a page
LETTER, SMALL, GAP = 4.1, 2.9, 12.0  # points: a letter in \footnotesize, one in \tiny, the space between two columns
LONG, FOLDED = 36, 26  # letters from which on a column of words is folded, and of its lines then
BESIDE = re.compile(r"(?<=[\d*]) (?=[\[(])(.*)")  # an interval or count after a number, not in the first column


def latex(page: str) -> str:
    """A page in LaTeX."""
    made, table = [PACKAGES, r"\begingroup\sloppy"], []
    for line in [*page.splitlines(), ""]:
        if line.startswith("|"):
            table.append([part.strip() for part in line.strip("|").split("|")])
            continue
        if table:
            made, table = [*made, *_tables(*table)], []
        if found := re.match(r"(#+) (.*)", line):
            made.append(f"\\{HEADINGS[len(found[1])]}{{{_text(found[2])}}}")
        else:
            made.append(_text(line))
    return "\n".join([*made, r"\par\endgroup"]) + "\n"


def _tables(header: list[str], marks: list[str], *rows: list[str]) -> list[str]:
    """Lines of a table, as several where it fits no page."""
    cells = list(zip(header, *rows, strict=True))
    folded = [max(map(len, column)) > LONG and mark == ":--" for column, mark in zip(cells, marks, strict=True)]
    widths = [_width(column, place > 0, folded[place]) for place, column in enumerate(cells)]
    kinds = [
        f">{{\\raggedright\\arraybackslash}}p{{{width - GAP:.0f}pt}}" if fold else "r" if mark.endswith(":") else "l"
        for width, fold, mark in zip(widths, folded, marks, strict=True)
    ]
    made = []
    for columns in _cut(widths):
        for some in _pages(rows, [place for place in columns if folded[place]]):
            part = [[row[place] for place in columns] for row in (header, *some)]
            made += _tabular("".join(kinds[place] for place in columns), *part)
    return made


def _pages(rows: Sequence[list[str]], folded: list[int]) -> list[list[list[str]]]:
    """Rows of each part, of at most `ROWS` lines."""
    made, lines = [[]], 0
    for row in rows:
        own = max((math.ceil(len(row[place]) / FOLDED) for place in folded), default=1)
        if lines + max(own, 1) > ROWS:
            made, lines = [*made, []], 0
        made[-1].append(row)
        lines += max(own, 1)
    return made


def _width(column: tuple[str, ...], numbers: bool, folded: bool) -> float:
    """About how many points a column takes, its gap included."""
    if folded:
        return GAP + LETTER * FOLDED * (1 + (max(map(len, column)) > 4 * FOLDED))
    texts = (re.sub("[*`]", "", text) for text in column)
    parts = [BESIDE.split(text)[:2] if numbers else [text] for text in texts]
    return GAP + max(LETTER * len(first) + SMALL * len("".join(rest)) for first, *rest in parts)


def _cut(widths: list[float]) -> list[list[int]]:
    """Columns of each part: the first in all of them, the others spread evenly over as few parts as fit."""
    others = range(1, len(widths))
    for parts in range(1, len(widths) + 1):
        ends = [round(len(others) * part / parts) for part in range(parts + 1)]
        made = [[0, *others[start:end]] for start, end in pairwise(ends)]
        if all(sum(widths[place] for place in part) <= WIDTH for part in made):
            break
    return made


def _tabular(columns: str, *rows: list[str]) -> list[str]:
    """Lines of one tabular, its header first."""
    lines = [" & ".join([_text(row[0], GREY), *map(_cell, row[1:])]) + r" \\" for row in rows]
    return [
        r"\par\noindent{\footnotesize\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        f"\\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        lines[0],
        r"\midrule",
        *lines[1:],
        r"\bottomrule",
        r"\end{tabular}}}\par\medskip",
    ]


def _cell(text: str) -> str:
    """A cell: a number, and what stands beside it small."""
    first, *rest = BESIDE.split(text)[:2]
    return _text(first, GREY) + "".join(f" {{\\tiny {_text(part)}}}" for part in rest)


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
