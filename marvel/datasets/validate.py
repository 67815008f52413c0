"""What a dataset must be before anything trains on it.

Every fault is one sentence: the file, what is wrong with which value, what was allowed, what to do.
"""

import re
from pathlib import Path

import h5py
import numpy as np

from marvel.errors import InputError
from marvel.tasks import TASKS, Task, get_task

FLOATS = ("observations", "next_observations", "actions", "rewards", "costs")
FLAGS = ("terminals", "timeouts")
SCHEMA = FLOATS + FLAGS
DSRL_NAME = re.compile(r"Safe(?:ty|MetaDrive).*-v\d-(?P<cost>\d+)-(?P<episodes>\d+)\.hdf5(\.part)?$")
ANOTHER = "download it again or name another file"


def as_task(task: Task | str) -> Task:
    """A task, given itself or its name."""
    return get_task(task) if isinstance(task, str) else task


def load(path: Path) -> dict[str, np.ndarray]:
    """Read the schema's arrays as float32 and bool, with columns of width one made flat, as DSRL does.

    Raises:
        InputError: No such file, not HDF5, a missing array, or values that are no numbers.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; name the HDF5 file of the dataset.")
    try:
        with h5py.File(path, "r", locking=False) as file:
            missing = [key for key in SCHEMA if not isinstance(file.get(key), h5py.Dataset)]
            if missing:
                raise InputError(
                    f"{path} lacks {', '.join(missing)} (it holds {', '.join(sorted(file)) or 'nothing'}); "
                    f"a DSRL dataset has {', '.join(SCHEMA)} at its top level: rename or add the arrays."
                )
            arrays = {key: file[key][()] for key in SCHEMA}
    except OSError as error:
        raise InputError(f"{path} cannot be read as HDF5, or is cut short ({error}); {ANOTHER}.") from None
    for key, data in arrays.items():
        if not isinstance(data, np.ndarray) or data.dtype.kind not in "fiub":
            kind = getattr(data, "dtype", type(data).__name__)
            raise InputError(f"{path}: {key} has dtype {kind}, not an array of numbers; convert it to {_dtype(key)}.")
        if key in FLAGS and not np.isin(data, (0, 1)).all():
            odd = data[~np.isin(data, (0, 1))].flat[0]
            raise InputError(f"{path}: {key} holds {odd}, but a flag is 0 or 1; convert it to bool.")
        if key not in ("observations", "next_observations", "actions") and data.ndim == 2 and data.shape[1] == 1:
            data = data[:, 0]
        arrays[key] = data.astype(_dtype(key), copy=False)
    return arrays


def audit(path: Path, arrays: dict[str, np.ndarray], task: Task) -> None:
    """Check arrays from `load` against their task and the file's name.

    Args:
        path: Where they came from; a name of DSRL's form promises a largest cost and a number of episodes.
        arrays: The seven arrays of the schema.
        task: The task that they must belong to.

    Raises:
        InputError: The first fault found.
    """
    named = next((t.name for t in TASKS.values() if t.dataset_file and t.dataset_file in _names(path)), task.name)
    if named != task.name:
        raise InputError(
            f"{path} is DSRL's file for {named}, not for {task.name}; name {task.dataset_file} or that task."
        )
    steps = len(arrays["rewards"]) if arrays["rewards"].ndim else 0
    if steps == 0:
        raise InputError(f"{path} holds no steps; {ANOTHER}.")
    widths = {
        "observations": task.observation_dim,
        "next_observations": task.observation_dim,
        "actions": task.action_dim,
    }
    for key in SCHEMA:
        wanted = (steps, widths[key]) if key in widths else (steps,)
        if arrays[key].shape != wanted:
            raise InputError(
                f"{path}: {key} has shape {arrays[key].shape}, but {task.name} with {steps} rewards needs {wanted}; "
                f"{_hint(arrays)}."
            )
    for key in FLOATS:
        bad = np.argwhere(~np.isfinite(arrays[key]))
        if len(bad):
            where = ", ".join(map(str, bad[0]))
            raise InputError(
                f"{path}: {key}[{where}] is {arrays[key][tuple(bad[0])]}, not finite ({len(bad)} such values); "
                f"{ANOTHER}."
            )
    _bounds(path, "costs", arrays["costs"], 0.0, np.inf)
    if task.suite != "bullet":  # there DSRL stored the policy's raw output, which the simulator clips (DSRL issue 5)
        _bounds(path, "actions", arrays["actions"], -1.0 - 1e-5, 1.0 + 1e-5)
    ends = arrays["terminals"] | arrays["timeouts"]
    if not ends[-1]:
        raise InputError(
            f"{path}: the last row ({steps - 1}) ends no episode, so the file seems cut off; "
            f"set timeouts there or {ANOTHER}."
        )
    stops = np.flatnonzero(ends) + 1
    lengths = np.diff(stops, prepend=0)
    if lengths.max() > task.max_episode_steps:
        start = (stops - lengths)[lengths.argmax()]
        raise InputError(
            f"{path}: the episode from row {start} has {lengths.max()} steps, but one of {task.name} has at most "
            f"{task.max_episode_steps}; {_hint(arrays)}."
        )
    others = fitting(arrays)
    if others and task.name not in others:
        longest = lengths[arrays["timeouts"][stops - 1]].max()
        raise InputError(
            f"{path}: its time limit is {longest} steps, but that of {task.name} is {task.max_episode_steps}; "
            f"{_hint(arrays)}."
        )
    _check_name(path, arrays, stops, lengths)


def fitting(arrays: dict[str, np.ndarray]) -> list[str]:
    """Names of the tasks with these widths and, if the arrays tell it, this time limit."""
    widths = [arrays[key].shape[-1] for key in ("observations", "actions")]
    fits = [t for t in TASKS.values() if [t.observation_dim, t.action_dim] == widths]
    stops = np.flatnonzero(arrays["terminals"] | arrays["timeouts"])
    lengths = np.diff(stops + 1, prepend=0)[arrays["timeouts"][stops]]
    return [t.name for t in fits if not len(lengths) or t.max_episode_steps == lengths.max()]


def guess_task(path: Path, arrays: dict[str, np.ndarray]) -> str:
    """The task that a file belongs to, by its name or folder, else by its shapes and time limit.

    Raises:
        InputError: None or several fit.
    """
    by_name = [t.name for t in TASKS.values() if t.dataset_file and t.dataset_file in _names(path)]
    by_name += [word for word in (path.stem, path.absolute().parent.name) if word in TASKS]
    fits = fitting(arrays)
    if by_name or len(fits) == 1:
        return (by_name or fits)[0]
    raise InputError(f"{path} fits {', '.join(fits) or 'no task of marvel/tasks.tsv'}; say which it is with --task.")


def _check_name(path: Path, arrays, stops, lengths) -> None:
    """DSRL's names end in the cost at which the data were cut and the number of episodes."""
    for name in _names(path):
        if match := DSRL_NAME.match(name):
            largest = np.add.reduceat(arrays["costs"].astype(np.float64), stops - lengths).max()
            cut, count = float(match["cost"]), int(match["episodes"])
            if len(stops) != count:
                raise InputError(f"{path} holds {len(stops)} episodes, but its name promises {count}; {ANOTHER}.")
            if not 0.9 * cut <= largest <= cut + 1e-3:  # published maxima are 0.93 to 1 of the cut (marvel/tasks.tsv)
                raise InputError(
                    f"{path}: its costliest episode costs {largest:g}, but its name promises about {cut:g}; {ANOTHER}."
                )


def _names(path: Path) -> list[str]:
    """A file's own name and that of the file it links to, if any."""
    return list(dict.fromkeys((path.name, path.resolve().name)))


def _hint(arrays) -> str:
    fits = fitting(arrays) if all(arrays[key].ndim == 2 for key in ("observations", "actions")) else []
    return f"the file fits {', '.join(fits)}: name that task or another file" if fits else ANOTHER


def _bounds(path: Path, key: str, data: np.ndarray, low: float, high: float) -> None:
    bad = np.argwhere((data < low) | (data > high))
    if len(bad):
        where, allowed = ", ".join(map(str, bad[0])), ">= 0" if high == np.inf else "in [-1, 1]"
        value = data[tuple(bad[0])]
        raise InputError(
            f"{path}: {key}[{where}] is {value:g} ({len(bad)} such values), but {key} are {allowed}; "
            f"scale them or {ANOTHER}."
        )


def _dtype(key: str) -> type:
    return bool if key in FLAGS else np.float32
