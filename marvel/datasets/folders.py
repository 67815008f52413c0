"""Where on this machine a task's dataset may lie."""

import contextlib
import os
from pathlib import Path

from marvel.errors import InputError
from marvel.tasks import Task, get_task


def folders() -> list[Path]:
    """DSRL's own folders: the one that $DSRL_DATASET_DIR names, then ~/.dsrl/datasets if this user has a home.

    Raises:
        InputError: The variable begins with `~`, and there is no such home.
    """
    named = os.environ.get("DSRL_DATASET_DIR")
    found = [_expanded(named, f"DSRL_DATASET_DIR, which is {named}")] if named else []
    with contextlib.suppress(RuntimeError):
        found.append(Path("~/.dsrl/datasets").expanduser())
    return found


def locate(task: Task | str, given: str | Path | None = None) -> Path | None:
    """Look for a task's file on this machine: `given`, then `folders`.

    Args:
        task: The task.
        given: A file, or a folder that holds DSRL's file or `{task}.hdf5`.

    Returns:
        The first file found, or None.

    Raises:
        InputError: `given` is not there or out of reach (another file must not take its place silently).
    """
    task = get_task(task) if isinstance(task, str) else task
    names, places = [name for name in (task.dataset_file, f"{task.name}.hdf5") if name], []
    if given is not None:
        what = f"{given}, named as the dataset of {task.name},"
        given = _expanded(given, what)
        if (reason := out_of_reach(given)) is not None:
            raise InputError(f"{what} {reason}; correct the path or leave it out.")
        if not given.is_dir():
            return given
        places = [given / name for name in names]
    places += [folder / task.dataset_file for folder in folders() if task.dataset_file]
    return next((place for place in places if os.path.isfile(place)), None)


def out_of_reach(path: Path) -> str | None:
    """Why there is nothing to be had at `path`, as the predicate of a sentence; None if something is there."""
    try:
        if os.path.isdir(path):
            os.scandir(path).close()
        os.stat(path)
    except FileNotFoundError:
        return "does not exist"
    except (OSError, ValueError) as error:
        return f"cannot be reached ({getattr(error, 'strerror', None) or error})"
    return None


def _expanded(path: str | Path, what: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError(f"{what} begins with ~, and there is no such home; write the full path.") from None
