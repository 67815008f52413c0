"""Tables of tab-separated text, one row a task: read whole and strictly, so that no cell lands in another column."""

from collections.abc import Iterable
from pathlib import Path

from marvel.errors import InputError
from marvel.values import nearest


def read_rows(path: Path, columns: Iterable[str], required: Iterable[str]) -> dict[str, tuple[str, dict[str, str]]]:
    """{task: (place, cells)} of a table with the column `task`; the place names file, line and task in messages.

    Args:
        path: UTF-8, with or without a byte order mark; a header, then a row a line. Blank lines do not count, nor do
            spaces around a cell.
        columns: Names that may stand in the header beside `task`.
        required: Those that must, and whose cells may not be blank.

    Raises:
        InputError: One sentence with the line of the first fault.
    """
    columns, required = ["task", *columns], ["task", *required]
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{path.name} line {line} is no UTF-8 text; save the file as UTF-8.") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    numbered = [(number, _cells(line)) for number, line in enumerate(lines, start=1) if line.strip()]
    if not numbered:
        raise InputError(f"{path.name} is empty; its first line is a header with {', '.join(required)}.")
    number, header = numbered[0]
    _check_header(f"{path.name} line {number}", header, columns, required)
    rows = {}
    for number, cells in numbered[1:]:
        where = f"{path.name} line {number}"
        if len(cells) != len(header):
            raise InputError(f"{where} has {len(cells)} cells, the header {len(header)}; one tab stands between two.")
        for cell in cells:
            if not cell.isprintable():
                raise InputError(f"{where} holds {cell!a}, which cannot be printed; type that cell again.")
        row = dict(zip(header, cells, strict=True))
        where += f" ({row['task']})"
        for name in required:
            if not row[name]:
                raise InputError(f"{where}: {name} is blank; fill it in.")
        task = row.pop("task")
        if task in rows:
            first = rows[task][0].split(" (")[0].removeprefix(f"{path.name} ")
            raise InputError(f"{where}: the task has a row in {first} already; keep one.")
        rows[task] = (where, row)
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("\t")]


def _check_header(where: str, header: list[str], columns: list[str], required: list[str]) -> None:
    """Raise InputError unless the header has the required columns, and others of `columns` alone, each once."""
    for name in header:
        if name not in columns:
            raise InputError(f"{where}: {name!r} is no column of this table; {nearest(name, columns)}")
        if header.count(name) > 1:
            raise InputError(f"{where}: the column {name} is given twice; keep one.")
    for name in required:
        if name not in header:
            raise InputError(f"{where}: the column {name} is missing; one tab stands between two columns.")
