"""Measured rates: CPU seconds of an update, of a step, of a job's start; benchmarks/rates.py makes them."""

import csv
from pathlib import Path

from marvel.errors import InputError

FILE = Path(__file__).with_name("rates.csv")
NEEDED = (("update", "marvel.method"), ("step", "BallRun"), ("start", "bullet"))  # what others are counted as
COLUMNS = ("kind", "name", "seconds", "machine", "commit", "date", "torch")


def read_rates(path: Path = FILE) -> tuple[dict[tuple[str, str], float], list[str]]:
    """{(kind, name): CPU seconds}, and the machines that they were measured on.

    Raises:
        InputError: The table cannot be read, or a value is no number above 0.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        rates = {(row["kind"], row["name"]): float(row["seconds"]) for row in rows}
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"{path} is no table of rates ({error}); it needs the columns {', '.join(COLUMNS)}, as "
            "`python -m benchmarks.rates` writes them."
        ) from None
    if missing := [" ".join(key) for key in NEEDED if key not in rates]:
        raise InputError(f"{path} lacks the rates {', '.join(missing)}; measure them: python -m benchmarks.rates.")
    return rates, sorted({row["machine"] for row in rows})
