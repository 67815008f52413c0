"""What a config may say: schema, options and tuned values, each fault one sentence with the nearest valid name."""

import ast
import csv
import re
from functools import cache
from pathlib import Path

import jsonschema
import yaml

from marvel.errors import InputError
from marvel.hyperparameters import nearest, resolve
from marvel.tasks import TASKS

ROOT = Path(__file__).resolve().parent.parent
HYPERPARAMETERS = ROOT / "workflow" / "config" / "hyperparameters.tsv"
COLLECT = ROOT / "workflow" / "config" / "collect.tsv"
NOT_TUNED = "default, not tuned"  # a row's source where nobody tuned the task


def with_numbers(value):
    """The config with 1e-4 read as a number: YAML 1.1 wants 1.0e-4 and reads the other as text."""
    if isinstance(value, dict):
        return {key: with_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [with_numbers(part) for part in value]
    return float(value) if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value) else value


@cache
def options_of(train: str) -> dict[str, object]:
    """Keyword-only arguments of `train` in the module `train` with their defaults, read from its source.

    Raises:
        InputError: No such file, or no such function in it.
    """
    path = ROOT / (train.replace(".", "/") + ".py")
    if not path.exists():
        known = [f"{folder}.{file.stem}" for folder in ("marvel", "baselines") for file in (ROOT / folder).glob("*.py")]
        raise InputError(f"train: {train!r} is no module of this project; {nearest(train, known)}.")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "train":
            arguments = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            return {argument.arg: default and ast.literal_eval(default) for argument, default in arguments}
    raise InputError(f"train: {path.relative_to(ROOT)} has no function train(context, hp, *, ...).")


def read_table(path: Path, schema: str) -> dict[str, dict]:
    """A table of values per task in workflow/config, {task: {name: value}}; a blank cell means the default.

    Args:
        path: Tab-separated; the columns `task` and `source` (where the values are from), then the values.
        schema: Name of the JSON schema of a row; by that of `hyperparameters`, columns must be hyperparameters too.

    Raises:
        InputError: An unknown task or column, or a cell that is no number, with line and column.
    """
    table = {}
    with open(path, newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file, delimiter="\t"), start=2):
            task, source = row.pop("task"), row.pop("source", None)
            if task not in TASKS:
                raise InputError(f"{path.name} line {number}: task {task!r} does not exist; {nearest(task, TASKS)}.")
            values = {}
            for name, cell in row.items():
                if not cell:
                    continue
                try:
                    values[name] = yaml.safe_load(cell) if "e" not in cell.lower() else float(cell)
                except (ValueError, yaml.YAMLError):
                    raise InputError(f"{path.name} line {number}, {name}: {cell!r} is no number.") from None
            where = f"{path.name} line {number} ({task})"
            if schema == "hyperparameters":
                resolve(values, where=where)
            check_schema(values | {"source": source}, schema, where)
            table[task] = values
    return table


@cache
def tuned_tasks(path: Path) -> frozenset[str]:
    """Tasks that have a row in the table whose column `source` does not say that nobody tuned them."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return frozenset(row["task"] for row in rows if row.get("source") != NOT_TUNED)


@cache
def read_schema(name: str) -> dict:
    """The JSON schema `schemas/{name}.schema.yaml`."""
    return yaml.safe_load((ROOT / "workflow" / "schemas" / f"{name}.schema.yaml").read_text(encoding="utf-8"))


def check_schema(instance: dict, name: str = "config", where: str = "config") -> None:
    """Validate against a schema; the first fault becomes one sentence with the nearest valid name.

    Raises:
        InputError: The sentence, headed by `where` and the path to the fault.
    """
    validator = jsonschema.Draft202012Validator(read_schema(name))
    errors = sorted(validator.iter_errors(instance), key=lambda error: list(error.path))
    if not errors:
        return
    error = errors[0]
    where = ": ".join([where, *map(str, error.absolute_path)])
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = next(key for key in error.instance if key not in known)
        raise InputError(f"{where}: {unknown!r} is no key here; {nearest(unknown, known)}.")
    if error.validator == "oneOf":
        given = ", ".join(sorted(error.instance))
        raise InputError(f"{where}: a method needs either `train` and `start`, or `rule`; it has {given}.")
    raise InputError(f"{where}: {error.message}.")
