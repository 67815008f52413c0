"""One look for every figure: a fixed colour, dash and marker per method, fonts, sizes, deterministic files."""

import zlib
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from marvel.files import replacing
from workflow.runs.scores import write_files

COLUMN_WIDTH = 3.3  # inches, one column of a two-column paper
TEXT_WIDTH = 6.8  # inches, both columns
RC = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so a figure has the same bytes on every machine
    "font.size": 7.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 7.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "figure.titlesize": 8.0,
    "figure.labelsize": 7.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "marvel",
    "savefig.dpi": 300,
    "text.usetex": False,
}


class Style(NamedTuple):
    """How one method is drawn: colour, dash pattern (matplotlib's) and marker, so that it survives grey printing."""

    color: str
    linestyle: str | tuple
    marker: str


_DENSE = (0, (2.2, 1.2))
_DASH_DOT = (0, (4, 1.2, 1, 1.2))
_LONG = (0, (6, 1.5))
_DOTS = (0, (1, 1.1))

# No colour is used twice. The first are Okabe and Ito's, which colour-blind readers can tell apart, without the yellow
# that vanishes on white paper; where two others are close, dash and marker differ.
METHODS = {
    "marvel": Style("#D55E00", "-", "o"),
    "marvel_official": Style("#8C3B00", _LONG, "D"),
    "warm_start": Style("#0072B2", "-", "s"),
    "from_scratch": Style("#009E73", "-", "^"),
    "jsrl": Style("#E69F00", _LONG, "v"),
    "pex": Style("#56B4E9", _LONG, "P"),
    "so2": Style("#CC79A7", _LONG, "X"),
    "vpa_dual_ascent": Style("#6A3D9A", _DASH_DOT, "<"),
    "apid_only": Style("#1F8A8A", _DASH_DOT, ">"),
    "vpa_pid": Style("#B03A6F", _DASH_DOT, "p"),
    "rlpd_lag": Style("#7A6A00", "-", "h"),
    "wsrl_lag": Style("#4466CC", "-", "d"),
    "cal_ql_lag": Style("#000000", _DOTS, "*"),
    "q_from_scratch": Style("#4B7F2B", _DASH_DOT, "h"),
    "marvel_bear": Style("#A3341C", "-", "o"),
    "warm_start_bear": Style("#123F73", "-", "s"),
    "offline_only": Style("#666666", _DENSE, ""),
    "bc": Style("#A08A00", _DOTS, ""),
    "bc_safe": Style("#5F7F00", _DASH_DOT, ""),
    "bear": Style("#9A6A5A", _DENSE, ""),
    "cpq": Style("#3B3B98", "-", "o"),
}
LIMIT = {"color": "#000000", "linestyle": (0, (5, 2.5)), "linewidth": 0.9}

# Other colours for other methods (Paul Tol's muted set), so that a new method never borrows a known one's colour.
_SPARE_COLORS = ("#332288", "#882255", "#44AA99", "#AA4499", "#117733", "#88A0EE", "#CC6677", "#999933")
_SPARE_DASHES = ("-", _DASH_DOT, _LONG)
_SPARE_MARKERS = "os^Dv<>PXph"


def styles(methods: list[str], sweep: list[str] | None = None) -> dict[str, Style]:
    """A style for each method: the fixed one, or for an unknown name one chosen by the name itself.

    Two unknown names that would get the same colour and dash in one figure are told apart by moving the
    alphabetically later one to the next free combination. Methods named in `sweep` get the colours of a scale instead,
    dark to light in that order, with the markers in turn.
    """
    looks = [
        (color, dash) for dash in _SPARE_DASHES for color in _SPARE_COLORS
    ]  # all colours before any second dash pattern
    taken: set[int] = set()
    chosen = {}
    for name in sorted(set(methods) - set(METHODS)):
        number = zlib.crc32(name.encode())
        index = number % len(_SPARE_COLORS)
        while index in taken and len(taken) < len(looks):
            index = (index + 1) % len(looks)
        taken.add(index)
        chosen[name] = Style(*looks[index], _SPARE_MARKERS[number // 8 % len(_SPARE_MARKERS)])
    scale = {}
    for place, name in enumerate(sweep or []):
        shade = 0.9 * place / max(1, len(sweep) - 1)  # the scale's last, light yellow vanishes on white paper
        color = to_hex(matplotlib.colormaps["viridis"](shade))
        scale[name] = Style(color, "-", _SPARE_MARKERS[place % len(_SPARE_MARKERS)])
    return {name: scale.get(name) or METHODS.get(name) or chosen[name] for name in methods}


def order(methods: list[str], sweep: list[str] | None = None) -> list[str]:
    """Methods in the order of `sweep`, then of the fixed table, then others by name: one legend order everywhere."""
    known = [*(sweep or []), *(name for name in METHODS if name not in (sweep or []))]
    return sorted(set(methods), key=lambda name: (known.index(name) if name in known else len(known), name))


def thousands(value: float, _position: int | None = None) -> str:
    """A count for an axis: 0, 500, 20k, 1.5M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.10g}{letter}"
    return f"{value:.10g}"


def save(figure: Figure, caption: str, out: Path) -> None:
    """Write OUT.pdf, OUT.png and OUT.txt, the caption, and print their paths.

    Each is written whole or not at all, with the same bytes for the same data.
    """
    for kind, metadata in (("pdf", {"CreationDate": None}), ("png", {"Software": None})):
        path = out.with_name(f"{out.name}.{kind}")
        with replacing(path) as temporary, matplotlib.rc_context(RC):
            figure.savefig(temporary, format=kind, metadata=metadata, dpi=RC["savefig.dpi"])
        print(path)
    write_files(out.parent, {f"{out.name}.txt": caption + "\n"})
