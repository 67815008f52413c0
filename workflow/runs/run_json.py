"""run.json as another program, another version or a careless edit may have left it: read whole, or one sentence."""

import math
from pathlib import Path

from marvel.errors import InputError
from marvel.files import file_hash
from marvel.values import read_json, shown

STAGES = ("offline", "prealigned")  # folders of a study that runs start from
STATUSES = ("", "finished", "diverged")


def read_run_json(path: Path) -> dict | None:
    """A run's spec with its `record`, where it has one; None if there is no file.

    Args:
        path: run.json; of a result that is none of ours it may hold any part of a spec.

    Returns:
        The mapping; of the keys that tables and figures read, each has its type.

    Raises:
        InputError: No JSON object, a key given twice, or a value of another type.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no JSON: it is no text in UTF-8.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None
    spec = read_json(text, str(path))
    record = _of(path, spec, "record", dict, "a mapping")
    for key in ("hyperparameters", "options"):
        _of(path, spec, key, dict, "a mapping")
    for key in ("code", "inputs", "outputs"):
        _of(path, record, key, dict, "a mapping")
    for key in ("start", "dataset"):
        if spec.get(key) is not None:
            _of(path, spec, key, str, "text or null")
    limit = spec.get("cost_limit")
    if limit is not None and (
        isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit < math.inf
    ):
        raise InputError(f"{path}: cost_limit is {shown(limit)}; it must be a finite number >= 0.")
    if (status := record.get("status", "")) not in STATUSES:
        raise InputError(f"{path}: status is {shown(status)}; it must be one of {', '.join(STATUSES[1:])}.")
    return spec


def in_study(study: Path, start: str) -> Path:
    """The run.json beside a start checkpoint, wherever the study's folder has been copied to."""
    parts = Path(start).parts
    place = next((index for index in range(len(parts) - 1, -1, -1) if parts[index] in STAGES), 0)
    return study.joinpath(*parts[place:]).with_name("run.json")


def check_output(folder: Path, spec: dict, name: str) -> None:
    """Refuse an output whose bytes are not those that its run wrote, where run.json says.

    Raises:
        InputError: It was changed or damaged.
    """
    written = spec.get("record", {}).get("outputs", {}).get(name)
    if written is not None and file_hash(folder / name) != written:
        raise InputError(
            f"{folder / name} is not the file that its run wrote (run.json beside it has another SHA-256); run it "
            "again, or remove run.json if the result is your own."
        )


def _of(path: Path, mapping: dict, key: str, kind: type, words: str) -> object:
    """The value of a key, of its type's empty value if it is missing."""
    value = mapping.get(key, kind())
    if not isinstance(value, kind):
        raise InputError(f"{path}: {key} is {shown(value)}; it must be {words}.")
    return value
