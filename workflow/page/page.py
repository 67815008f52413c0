"""The page: every section's data, the template, and the plotting library, in one file."""

import base64
import gzip
import json
import re
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from workflow.names import label, order
from workflow.page import cards, claims, compute, curves, overview, pairs, ranking, runs, steps, summary
from workflow.page.inputs import Inputs
from workflow.page.links import link
from workflow.runs.records import chain, offline_seed
from workflow.tables.page import number

TEMPLATES = Path(__file__).resolve().parent / "templates"


def render(inputs: Inputs) -> str:
    """The whole page as HTML.

    Args:
        inputs: the study.
    """
    found, table = cards.section(inputs), ranking.section(inputs)
    data = {
        "tasks": {task: {"limit": inputs.limit(task)} for task in inputs.tasks},
        "labels": {method: inputs.labels[method] for method in order(list(inputs.labels))},
        "planned": planned(inputs),
        "minimum_seeds": inputs.claims["minimum_seeds"],
        "shared": shared(inputs),
        "points": {entry["task"]: ranking.points(entry["rows"]) for entry in table["tasks"]},
        "levels": {entry["task"]: {row["method"]: row for row in entry["rows"]} for entry in table["tasks"]},
        "steps": steps.section(inputs),
        **pairs.section(inputs),
    }
    drawn = curves.section(inputs)
    data |= {name: drawn.pop(name) for name in ("axes", "looks")}
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "code": partial(code, labels=inputs.labels)}
    return environment.get_template("page.html").render(
        name=inputs.study.name,
        tasks=inputs.tasks,
        labels=inputs.labels,
        overview=overview.section(inputs),
        summary=summary.section(inputs, found),
        claims=claims.section(inputs),
        table=table,
        steps=data["steps"],
        metrics=curves.METRICS,
        axes=curves.AXES,
        cards=found,
        compute=compute.section(inputs),
        runs=runs.section(inputs),
        minimum_seeds=inputs.claims["minimum_seeds"],
        links={name: link(inputs.study, path) for name, path in inputs.links.items()},
        scores=link(inputs.study, inputs.study / "scores.csv"),
        style=_source("page.css"),
        script=_source("page.js"),
        data=packed(compact_json(data)),
        curves=packed(compact_json(drawn)),
        library=packed(get_plotlyjs()),
    )


def planned(inputs: Inputs) -> dict[str, dict[str, int]]:
    """{task: {method: planned seeds}}."""
    counts: dict[str, dict[str, int]] = {}
    for method, task, _ in inputs.planned:
        of = counts.setdefault(task, {})
        of[method] = of.get(method, 0) + 1
    return counts


def shared(inputs: Inputs) -> dict[str, dict[str, int]]:
    """{task: {method: offline seed}} of the methods with a run that starts from another offline seed than its own."""
    found: dict[str, dict[str, int]] = {}
    for (method, task, seed), spec in inputs.specs.items():
        origin = offline_seed(chain(inputs.study, spec))
        if origin is not None and origin != seed:
            found.setdefault(task, {})[method] = origin
    return found


def compact_json(data: dict) -> str:
    """JSON without spaces."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def code(text: str, labels: dict[str, str]) -> Markup:
    """Text with its `names` in Markdown's backquotes as HTML, those of methods as they are printed."""

    def printed(found: re.Match) -> str:
        name = labels.get(found[1], label(found[1]))
        return f"<code>{name}</code>" if name == found[1] else str(escape(name))

    return Markup(re.sub("`([^`]+)`", printed, str(escape(text))))


def packed(text: str) -> Markup:
    """Text as gzip in base 64: a third of its size in the page. The same text gives the same bytes."""
    return Markup(base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode())


def unpacked(text: str) -> str:
    """What `packed` packed."""
    return gzip.decompress(base64.b64decode(text)).decode()


def _source(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))
