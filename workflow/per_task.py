"""Values per task that were found by tuning or measuring: workflow/config/hyperparameters.tsv and collect.tsv.

The column `source` says where a row is from; a blank cell means the default.
"""

from functools import cache
from pathlib import Path

from marvel.datasets.sources import collector
from marvel.errors import InputError
from marvel.hyperparameters import FIELDS, checked
from marvel.options import options_of
from marvel.tasks import TASKS, get_task
from marvel.tsv import read_rows
from marvel.values import check_all

CONFIG = Path(__file__).resolve().parent / "config"
HYPERPARAMETERS = CONFIG / "hyperparameters.tsv"
COLLECT = CONFIG / "collect.tsv"
NOT_TUNED = "default, not tuned"  # a row's source where nobody tuned the task
WORDS = {"true": True, "false": False, "null": None}  # cells that are no number and no text


@cache
def hyperparameters(path: Path = HYPERPARAMETERS) -> dict[str, dict]:
    """{task: {hyperparameter: value}} of a table whose columns are hyperparameters.

    Raises:
        InputError: An unknown task or column, a row given twice, or a value out of range, with its line.
    """
    return {task: checked(values, where) for task, (where, values) in _rows(path, FIELDS).items()}


@cache
def collect_options(path: Path = COLLECT) -> dict[str, dict]:
    """{task: {option: value}} of a table whose columns are options of the collectors.

    Raises:
        InputError: As `hyperparameters`, or an option that the task's collector does not have.
    """
    known = {name for task in TASKS for name in options_of(collector(task))}
    table = {}
    for task, (where, values) in _rows(path, known).items():
        train = collector(task)
        for name in values:
            if name not in options_of(train):
                raise InputError(f"{where}: {name!r} is no option of {train}; leave the cell blank.")
        table[task] = check_all(options_of(train), values, where)
    return table


@cache
def tuned_tasks(path: Path = HYPERPARAMETERS) -> frozenset[str]:
    """Tasks that have a row in the table whose column `source` does not say that nobody tuned them."""
    rows = read_rows(path, ["source", *FIELDS], ["source"])
    return frozenset(task for task, (_, row) in rows.items() if row["source"] != NOT_TUNED)


def _rows(path: Path, columns) -> dict[str, tuple[str, dict]]:
    """{task: (place, values)} without blank cells and without the source; the tasks exist."""
    rows = read_rows(path, ["source", *columns], ["source"])
    table = {}
    for task, (where, row) in rows.items():
        get_task(task, where=where)
        table[task] = where, {name: WORDS.get(cell, cell) for name, cell in row.items() if cell and name != "source"}
    return table
