"""The mark of methods whose training episodes are not played by the policy that is evaluated, as in JSRL and PEX.

A method's module says so in a constant `EVALUATES`, which names what is evaluated. An entry with the option
`evaluate_as_acting: true` is evaluated as it acts and has no mark.
"""

from collections.abc import Iterable
from pathlib import Path

from marvel.errors import InputError
from marvel.options import constant_of
from workflow.runs.scores import read_spec

MARK = "‡"


def evaluated_apart(runs: Path, methods: Iterable[str]) -> dict[str, str]:
    """{method: what is evaluated} of the methods that play their training episodes with another policy.

    Args:
        runs: Folder with {method}/{task}/seed{seed}/run.json; results without one, such as a program's, have no mark.
        methods: Names of methods.
    """
    found = {}
    for method in dict.fromkeys(methods):
        path = next(iter(sorted(runs.glob(f"{method}/*/seed*/run.json"))), None)
        if path is None:
            continue
        spec = read_spec(path, method, path.parts[-3], int(path.parts[-2].removeprefix("seed")))
        evaluates = what_is_evaluated(spec.get("train"))
        if evaluates and not spec.get("options", {}).get("evaluate_as_acting"):
            found[method] = evaluates
    return found


def what_is_evaluated(train: str | None) -> str | None:
    """The constant `EVALUATES` of a method's module; None without one, or if a record names a module that is gone."""
    try:
        return constant_of(train, "EVALUATES", None) if train else None
    except InputError:
        return None


def sentence(apart: dict[str, str]) -> str:
    """What the mark means, as a sentence for a caption; empty if no method has it."""
    if not apart:
        return ""
    parts = [
        f"{', '.join(f'`{method}`' for method in apart if apart[method] == evaluated)}: {evaluated}"
        for evaluated in dict.fromkeys(apart.values())
    ]
    return f"{MARK} Not all that plays the training episodes is evaluated (evaluated of {'; of '.join(parts)})."
