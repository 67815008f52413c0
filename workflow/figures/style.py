"""One look for every figure: a fixed colour, dash and marker per method, fonts, sizes, deterministic files."""

import io
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from marvel.files import write_atomically
from workflow.names import label
from workflow.runs.scores import write_files

WIDTH = 3.6  # inches: letters can be read in one column of a two-column paper and on a telephone
PAGE_WIDTH = 6.8  # inches, a page: for what has too many panels
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
    "savefig.dpi": 360,
    "text.usetex": False,
    "text.parse_math": False,  # a label may hold a dollar sign
}


class Style(NamedTuple):
    """How one method is drawn: colour, dash pattern (matplotlib's) and marker, so that it survives grey printing."""

    color: str
    linestyle: str | tuple
    marker: str
    label: str = ""


_DENSE = (0, (2.2, 1.2))
_DASH_DOT = (0, (4, 1.2, 1, 1.2))
_LONG = (0, (6, 1.5))

# The methods of the paper look the same in every figure. Six are Okabe and Ito's colours, which colour-blind readers
# can tell apart, without the yellow that vanishes on white paper and with one green.
METHODS = {
    "marvel": Style("#D55E00", "-", "o"),
    "warm_start": Style("#0072B2", "-", "s"),
    "from_scratch": Style("#009E73", "-", "^"),
    "jsrl": Style("#E69F00", _LONG, "v"),
    "pex": Style("#56B4E9", _LONG, "P"),
    "so2": Style("#CC79A7", _LONG, "X"),
    "vpa_dual_ascent": Style("#7B2CBF", _DASH_DOT, "<"),
    "vpa_pid": Style("#600000", _DASH_DOT, ">"),
    "q_from_scratch": Style("#1B1B6B", _DASH_DOT, "D"),
    "offline_only": Style("#7A7A7A", _DENSE, "d"),
}
# For others, in turn: the remaining colours that lie far (CIELAB) from those above and from each other on white.
SPARE = (
    Style("#000000", "-", "p"),
    Style("#D6006C", _LONG, "h"),
    Style("#786018", _DASH_DOT, "*"),
    Style("#3A3AF0", "-", "8"),
    Style("#E88A80", _LONG, "H"),
)
LIMIT = {"color": "#000000", "linestyle": (0, (5, 2.5)), "linewidth": 0.9}
ROW_COLOR = "#333333"  # of a method without a look of its own where its name stands beside its row
SCALE = ("o", "s", "^", "v", "P", "X", "D", "<", ">", "p", "*", "d", "h", "8", "H")


def styles(methods: list[str], sweep: bool = False, labels: dict[str, str] | None = None) -> dict[str, Style]:
    """A look for each method of a figure, no colour and no marker twice up to 15 methods; after that, no pair of them.

    Methods of `METHODS` have their own. Another method named after one of them (`pex_bear` after `pex`) takes its look
    if the figure does not show that one; the rest get what is free in the order given, those of `SPARE` first unless
    none of the paper's methods is shown.

    Args:
        methods: In the order of the legend.
        sweep: They are one method at rising values of an option: colours of a scale, dark to light in that order.
        labels: {name: what it is called in print}, where that is not as in `workflow.names`.
    """
    if sweep:
        chosen = _scale(methods)
    else:
        chosen = {name: METHODS[name] for name in methods if name in METHODS}
        for name in methods:
            base = max((known for known in METHODS if name.startswith(f"{known}_")), key=len, default=None)
            if name not in chosen and base and METHODS[base] not in chosen.values():
                chosen[name] = METHODS[base]
        every = (*SPARE, *METHODS.values(), *_MIXED) if chosen else (*_EVERY, *_MIXED)
        free = [look for look in every if look not in chosen.values()]
        rest = [name for name in methods if name not in chosen]
        chosen |= dict(zip(rest, free, strict=False))
    return {name: chosen[name]._replace(label=label(name, labels)) for name in methods}


def row_styles(methods: list[str], labels: dict[str, str] | None = None) -> dict[str, Style]:
    """A look for each method where its name stands beside its row: its own, or else one dark grey dot for all."""
    plain = Style(ROW_COLOR, "-", "o")
    return {name: METHODS.get(name, plain)._replace(label=label(name, labels)) for name in methods}


def _scale(methods: list[str]) -> dict[str, Style]:
    """Colours of a scale; its last, light yellow vanishes on white paper, and the lime before it nearly does."""
    shades = [0.8 * place / max(1, len(methods) - 1) for place in range(len(methods))]
    colors = [to_hex(matplotlib.colormaps["plasma"](shade)) for shade in shades]
    return {
        name: Style(color, "-", SCALE[place % len(SCALE)])
        for place, (name, color) in enumerate(zip(methods, colors, strict=True))
    }


_EVERY = (*METHODS.values(), *SPARE)
_MIXED = tuple(  # every colour with every other marker and dash, for figures of very many methods
    Style(color.color, other.linestyle, other.marker)
    for shift in range(1, len(_EVERY))
    for color, other in zip(_EVERY, (*_EVERY[shift:], *_EVERY[:shift]), strict=True)
)


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
    with matplotlib.rc_context(RC):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")  # else each of the two files costs a layout of its own
    for kind, metadata in (("pdf", {"CreationDate": None}), ("png", {"Software": None})):
        path, memory = out.with_name(f"{out.name}.{kind}"), io.BytesIO()  # a full disk is no fault of Matplotlib's
        with matplotlib.rc_context(RC):
            figure.savefig(memory, format=kind, metadata=metadata, dpi=RC["savefig.dpi"])
        write_atomically(path, memory.getvalue())
        print(path)
    write_files(out.parent, {f"{out.name}.txt": caption + "\n"})
