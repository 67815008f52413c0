"""What every entry of every config computes is what the committed rows say (`python -m tests.first_rows`)."""

import csv

from first_rows import FILE, HEADER, in_portable_process


def read(path) -> dict[tuple, float]:
    """{(entry, stage, row, column): value}."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert tuple(rows[0]) == HEADER
    return {tuple(row[:-1]): float(row[-1]) for row in rows[1:]}


def test_first_rows_are_the_committed_ones(toy_dataset, tmp_path):
    in_portable_process(toy_dataset, tmp_path, tmp_path / "rows.csv")
    found, committed = read(tmp_path / "rows.csv"), read(FILE)
    assert found.keys() == committed.keys(), "entries or columns changed: python -m tests.first_rows, and read the diff"
    differing = {
        key: (value, found[key])
        for key, value in committed.items()
        if abs(found[key] - value) > 1e-4 * (1 + abs(value))
    }
    assert not differing, f"{len(differing)} numbers differ, such as {dict(list(differing.items())[:5])}"
