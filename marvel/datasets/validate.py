"""What a dataset must be before anything trains on it.

Every fault is one sentence: the file, what is wrong with which value, what was allowed, what to do.
"""

import os
import re
from pathlib import Path

import numpy as np

from marvel.datasets.arrays import episodes
from marvel.datasets.hdf5 import load
from marvel.datasets.header import ANOTHER, check_shapes, some
from marvel.errors import InputError
from marvel.tasks import TASKS, Task, get_task

DSRL_NAME = re.compile(r"Safe(?:ty|MetaDrive).*-v\d-(?P<cost>\d+)-(?P<episodes>\d+)\.hdf5(\.part)?$")
COST_SLACK = 0.5  # a name gives whole numbers: costs in DSRL's file of hardsparse reach 85.01, its name says 85


def as_task(task: Task | str) -> Task:
    """A task, given itself or its name."""
    return get_task(task) if isinstance(task, str) else task


def longest_episode(task: Task) -> int:
    """Most steps of an episode in a file: the time limit, and in MetaDrive one more.

    DSRL's driving data was collected with MetaDrive's own `horizon: 1000`, which ends an episode at step 1001.
    """
    return task.max_episode_steps + (task.suite == "metadrive")


def read(path: str | Path, task: Task | str) -> dict[str, np.ndarray]:
    """Read and audit a DSRL-schema file.

    Actions beyond [-1, 1] are clipped: DSRL stored the policy's raw output in several tasks, and the simulator clipped
    it before use (DSRL issue 5: BallCircle, CarCircle and DroneCircle among others).

    Args:
        path: The HDF5 file.
        task: The task that it must belong to.

    Returns:
        The seven arrays of the schema, float32 and bool, steps on the first axis.

    Raises:
        InputError: One sentence that names the file, what is wrong, what was allowed and what to do.
    """
    path, task = Path(path), as_task(task)
    arrays = load(path, task)
    audit(path, arrays, task)
    np.clip(arrays["actions"], -1.0, 1.0, out=arrays["actions"])
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
    named = task_in_name(path)
    if named not in (None, task):
        raise InputError(
            f"{path} is DSRL's file for {named.name}, not for {task.name}; name {task.dataset_file} or that task."
        )
    check_shapes(path, {key: data.shape for key, data in arrays.items()}, task)
    negative = np.flatnonzero(arrays["costs"] < 0)
    if len(negative):
        raise InputError(
            f"{path}: costs[{negative[0]}] is {arrays['costs'][negative[0]]:g} ({len(negative):,} such values), but "
            f"costs are >= 0; {ANOTHER}."
        )
    cut, steps = episodes(arrays), len(arrays["rewards"])
    if not len(cut.stops) or cut.stops[-1] != steps:
        raise InputError(
            f"{path}: the last row ({steps - 1}) ends no episode, so the file seems cut off; "
            f"set timeouts there or {ANOTHER}."
        )
    lengths = cut.stops - cut.starts
    others = fitting(arrays)
    hint = f"the file fits {some(others, 4)}: name that task or another file" if others else ANOTHER
    if lengths.max() > longest_episode(task):
        raise InputError(
            f"{path}: the episode from row {cut.starts[lengths.argmax()]} has {lengths.max():,} steps, but one of "
            f"{task.name} has at most {longest_episode(task):,}; {hint}."
        )
    if others and task.name not in others:
        raise InputError(
            f"{path}: its time limit is {lengths[arrays['timeouts'][cut.stops - 1]].max():,} steps, but that of "
            f"{task.name} is {task.max_episode_steps:,}; {hint}."
        )
    _check_name(path, cut.costs)


def fitting(arrays: dict[str, np.ndarray]) -> list[str]:
    """Names of the tasks with these widths and, if the arrays tell it, this time limit."""
    widths = [arrays[key].shape[-1] for key in ("observations", "actions")]
    fits = [t for t in TASKS.values() if [t.observation_dim, t.action_dim] == widths]
    cut = episodes(arrays)
    lengths = (cut.stops - cut.starts)[arrays["timeouts"][cut.stops - 1]]
    longest = lengths.max(initial=0)
    return [t.name for t in fits if not longest or t.max_episode_steps <= longest <= longest_episode(t)]


def guess_task(path: Path, arrays: dict[str, np.ndarray]) -> Task:
    """The task that a file belongs to, by its name or folder, else by its shapes and time limit.

    Raises:
        InputError: None or several fit.
    """
    if named := task_in_name(path):
        return named
    words = [word for word in (path.stem, Path(os.path.abspath(path)).parent.name) if word in TASKS]
    fits = fitting(arrays)
    if words or len(fits) == 1:
        return TASKS[(words or fits)[0]]
    raise InputError(f"{path} fits {some(fits) or 'no task of marvel/tasks.tsv'}; say which it is with --task.")


def task_in_name(path: Path) -> Task | None:
    """The task whose DSRL file has this name, if any."""
    return next((t for t in TASKS.values() if t.dataset_file and t.dataset_file in _names(path)), None)


def _check_name(path: Path, costs: np.ndarray) -> None:
    """DSRL's names end in the cost at which the data were cut and the number of episodes."""
    for name in _names(path):
        if match := DSRL_NAME.match(name):
            cut, count = float(match["cost"]), int(match["episodes"])
            if len(costs) != count:
                raise InputError(f"{path} holds {len(costs):,} episodes, but its name promises {count:,}; {ANOTHER}.")
            # published maxima are 0.93 to 1 of the cut (marvel/tasks.tsv)
            if not 0.9 * cut <= costs.max() <= cut + COST_SLACK:
                raise InputError(
                    f"{path}: its costliest episode costs {costs.max():g}, but its name promises about {cut:g}; "
                    f"{ANOTHER}."
                )


def _names(path: Path) -> set[str]:
    """A file's own name and that of the file it links to, if any."""
    return {path.name, os.path.basename(os.path.realpath(path))}
