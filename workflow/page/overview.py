"""The main table: methods by tasks, normalised return and cost, safe ones marked, safe and high ones first."""

from workflow.page.inputs import Inputs
from workflow.page.numbers import estimate
from workflow.tables.main import groups


def section(inputs: Inputs) -> list[dict]:
    """One table for each cost limit, from main.csv.

    Returns:
        [{"limit", "columns", "rows"}]; a row has "method" and "cells", one a column: None where the method has no runs,
        else "mark", "n", "planned", "return" and "cost". Methods that are safe wherever they ran come first, those on
        more tasks before others, then by mean return over the columns.
    """
    table, made = inputs.tables["main"], []
    within = inputs.seeds.groupby(["task", "method"])["feasible"].min() == 1
    for limit, part in table.groupby("cost_limit", sort=False):
        columns = list(dict.fromkeys(part["name"]))
        over = {name: tasks for _, name, tasks in groups([name for name in columns if name in inputs.tasks])}
        rows = []
        for method, own in part.groupby("method", sort=False):
            every = {name for name, tasks in over.items() if all(within.get((task, method)) for task in tasks)}
            rows.append(_row(method, own, columns, every))
        rows.sort(key=_rank)
        made.append({"limit": f"{limit:g}", "columns": columns, "rows": rows})
    return made


def _row(method: str, own, columns: list[str], every: set[str]) -> dict:
    """One method's row; `every` are the columns in which all its runs end within the limit."""
    cells = dict.fromkeys(columns)
    for row in own.to_dict("records"):
        numbers = {name: estimate(row, name, show=lambda value: f"{value:.2f}") for name in ("return", "cost")}
        mark = "none" if not row["safe"] else "all" if row["name"] in every else "some"
        cells[row["name"]] = {"mark": mark} | {name: row[name] for name in ("n", "planned")} | numbers
    return {"method": method, "cells": list(cells.values())}


def _rank(row: dict) -> tuple:
    there = [cell for cell in row["cells"] if cell]
    returns = [cell["return"]["mean"] for cell in there if cell["return"]]
    mean = sum(returns) / len(returns) if returns else 0.0
    return -all(cell["mark"] != "none" for cell in there), -len(there), -mean
