"""Scores in, figures out; nothing is trained to redraw one.

    python -m workflow.figures curves --scores results/quick/scores.csv --out results/quick/figures/curves_raw \
        --units raw

writes curves_raw.pdf, curves_raw.png and curves_raw.txt, the caption. The options are the keys of a line of `figures:`
in a study's config.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from marvel.errors import InputError
from workflow.figures import style
from workflow.figures.kinds import KINDS, draw_of, key_schemas, kind
from workflow.names import add_labels, labels_of, named
from workflow.runs.scores import read_scores

INPUTS = {  # what a kind may be made of, as an option
    "scores": {"type": Path, "nargs": "+", "help": "scores.csv; of several studies for a kind with the key `studies`"},
    "runs": {"type": Path, "help": "folder of the runs' records and episodes"},
    "datasets": {"type": Path, "nargs": "+", "help": "one file a task, in their order"},
    "progress": {"type": Path, "nargs": "+", "help": "progress.csv of offline runs"},
    "cost_limit": {"type": float, "help": "cost limit of the study"},
}


def parser() -> argparse.ArgumentParser:
    """One subcommand a kind; an option that a kind does not know is refused."""
    made = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    kinds = made.add_subparsers(dest="kind", required=True)
    for name in KINDS:
        known, part = kind(name), kinds.add_parser(name, help=f"see {KINDS[name]}")
        part.add_argument("--out", type=Path, required=True, help="path without ending; .pdf, .png, .txt are written")
        for key in known.inputs:
            part.add_argument(f"--{key.replace('_', '-')}", required=True, **INPUTS[key])
        for key in known.keys:
            if key != "studies":  # their scores are among --scores
                part.add_argument(f"--{key}", default=known.defaults.get(key), **_argument(key_schemas()[key]))
        if "methods" in known.keys:
            add_labels(part)
    return made


def _argument(schema: dict) -> dict:
    """How an option is read, from the JSON schema of the key in a config."""
    if schema.get("type") == "boolean":
        return {"action": "store_true"}
    item = schema.get("items", schema)
    read = {"integer": int, "number": float}.get(item.get("type"), str)
    many = {"nargs": "+"} if schema.get("type") == "array" else {}
    return many | ({"choices": item["enum"]} if "enum" in item else {"type": read})


def select(scores: pd.DataFrame, methods: list[str] | None, tasks: list[str] | None, where: str) -> pd.DataFrame:
    """The rows of some methods and tasks, in the order asked for.

    Raises:
        InputError: the scores lack one of them.
    """
    for column, wanted in (("task", tasks), ("method", methods)):
        if wanted:
            groups = dict(list(scores.groupby(column, sort=False)))
            if unknown := sorted(set(wanted) - set(groups)):
                raise InputError(f"{where} has no {column} {unknown[0]}; it has {', '.join(groups)}.")
            scores = pd.concat([groups[name] for name in wanted])
    return scores


def draw(options: argparse.Namespace):
    """The figure and its caption."""
    known = kind(options.kind)
    given = {key: getattr(options, key) for key in (*known.inputs, *known.keys) if key != "studies"}
    if given.get("window") is not None and given["window"] < 1:
        raise InputError("--window must be at least 1.")
    if "scores" in known.inputs:
        if len(options.scores) > 1 and "studies" not in known.keys:
            raise InputError(f"{options.kind} draws one study; {len(options.scores)} scores were given.")
        scores = pd.concat(map(read_scores, options.scores), ignore_index=True)
        given["scores"] = select(scores, given.pop("methods", None), given.pop("tasks", None), str(options.scores[0]))
    if "methods" in known.keys:
        given["labels"] = labels_of(options.labels)
    figure, text = draw_of(options.kind)(**given)
    return figure, named(text, given.get("labels"))


def main(arguments: list[str] | None = None) -> None:
    """Draw a figure and write its caption."""
    options = parser().parse_args(arguments)
    figure, text = draw(options)
    style.save(figure, text, options.out)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"figures: {error}")
