"""The main table: methods by tasks, normalised return and cost, safe ones marked, safe and high ones first."""

from workflow.page.inputs import Inputs
from workflow.page.numbers import estimate


def section(inputs: Inputs) -> list[dict]:
    """One table for each cost limit, from main.csv.

    Returns:
        [{"limit", "columns", "rows"}]; a row has "method" and "cells", one a column: None where the method has no runs,
        else "safe", "n", "planned", "return" and "cost". Methods that are safe wherever they ran come first, those on
        more tasks before others, then by mean return over the columns.
    """
    table, made = inputs.tables["main"], []
    for limit, part in table.groupby("cost_limit", sort=False):
        columns = list(dict.fromkeys(part["name"]))
        rows = [_row(method, own, columns) for method, own in part.groupby("method", sort=False)]
        rows.sort(key=_rank)
        made.append({"limit": f"{limit:g}", "columns": columns, "rows": rows})
    return made


def _row(method: str, own, columns: list[str]) -> dict:
    cells = dict.fromkeys(columns)
    for row in own.to_dict("records"):
        numbers = {name: estimate(row, name, show=lambda value: f"{value:.2f}") for name in ("return", "cost")}
        cells[row["name"]] = {name: row[name] for name in ("safe", "n", "planned")} | numbers
    return {"method": method, "cells": list(cells.values())}


def _rank(row: dict) -> tuple:
    there = [cell for cell in row["cells"] if cell]
    returns = [cell["return"]["mean"] for cell in there if cell["return"]]
    mean = sum(returns) / len(returns) if returns else 0.0
    return -all(cell["safe"] for cell in there), -len(there), -mean
