"""The kinds of figures. To add one, write its module in this folder and name it here; config and command line follow.

A module of a kind has

    KEYS        what a config's entry of the kind may say beside `kind`, keys of `figure` in the config's schema
    DEFAULTS    what such an entry says where it leaves a key out
    INPUTS      what the figure is made of, keys of `workflow.figures.entries.FILES`
    draw        from the inputs (by name) and the keys to (figure, caption)

and, where it holds, OVER_TASKS = True (it averages over tasks, so each method must run on all of them) or ANY_LIMIT =
True (it shows methods under different cost limits, and so by default all). These are literals, for they are read from
the source: Snakemake and `Study` import no matplotlib.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import yaml

from marvel.options import constant_of

KINDS = {
    "curves": "workflow.figures.curves",
    "final": "workflow.figures.final",
    "costs": "workflow.figures.costs",
    "aggregate": "workflow.figures.aggregate",
    "profiles": "workflow.figures.profiles",
    "improvement": "workflow.figures.improvement",
    "ranks": "workflow.figures.ranks",
    "limits": "workflow.figures.limits",
    "steps": "workflow.figures.steps",
    "compute": "workflow.figures.compute",
    "sparsity": "workflow.figures.sparsity",
    "offline": "workflow.figures.offline",
}
SCHEMA = Path(__file__).resolve().parents[1] / "schemas" / "config.schema.yaml"


class Kind(NamedTuple):
    """What the module of a kind says of it; see above."""

    module: str
    keys: tuple[str, ...]
    defaults: dict
    inputs: tuple[str, ...]
    over_tasks: bool
    any_limit: bool


@cache
def kind(name: str) -> Kind:
    """A kind of figure by its name in `KINDS`."""
    module = KINDS[name]
    literals = {"KEYS": (), "DEFAULTS": {}, "INPUTS": (), "OVER_TASKS": False, "ANY_LIMIT": False}
    return Kind(module, *(constant_of(module, key, default) for key, default in literals.items()))


def draw_of(name: str):
    """The function that draws a kind; imports its module."""
    return import_module(KINDS[name]).draw


@cache
def key_schemas() -> dict[str, dict]:
    """{key: its JSON schema} of all that an entry of `figures:` may say."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["$defs"]["figure"]["properties"]
