"""Facts of the DSRL tasks and their normalised scores.

Importing this module is cheap (standard library only): the workflow reads ``TASKS`` for every job.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from marvel.errors import InputError
from marvel.tsv import read_rows
from marvel.values import Option, check

FILE = Path(__file__).with_name("tasks.tsv")
IDS = re.compile(r"[\w.:/-]*", re.ASCII)  # names of environments and files
SUITES = ("bullet", "velocity", "navigation", "metadrive", "toy")


@dataclass(frozen=True)
class Task:
    """One row of tasks.tsv.

    Attributes:
        name: DSRL's short name, for example ``BallRun``.
        suite: ``bullet``, ``velocity``, ``navigation``, ``metadrive`` or ``toy``.
        env_id: DSRL's environment id in gymnasium's registry; empty for the toy.
        observation_dim: Numbers in an observation.
        action_dim: Numbers in an action, each in [-1, 1].
        max_episode_steps: Time limit, in environment steps.
        dataset_file: File name of DSRL's dataset; empty for the toy.
        dataset_episodes: Episodes in that dataset.
        min_return: DSRL's reference return that is scored 0.
        max_return: DSRL's reference return that is scored 1.
        min_cost: Least episode cost in the dataset.
        max_cost: Greatest episode cost in the dataset.
    """

    name: str
    suite: Literal[SUITES]
    env_id: str
    observation_dim: int
    action_dim: int
    max_episode_steps: int
    dataset_file: str
    dataset_episodes: Annotated[int, ">= 0"]
    min_return: Annotated[float, ""]
    max_return: Annotated[float, ""]
    min_cost: float
    max_cost: float


def read_tasks(path: Path) -> dict[str, Task]:
    """Read a task table; its columns are the fields of `Task` (`task` for `name`).

    Raises:
        InputError: The first fault, with its line.
    """
    columns = [Option(field.name, field.type, None) for field in fields(Task) if field.name != "name"]
    names = [column.name for column in columns]
    rows = read_rows(path, names, [name for name in names if name not in ("env_id", "dataset_file")])
    tasks = {}
    for name, (where, row) in rows.items():
        if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
            raise InputError(f"{where}: a task's name has letters, digits and _ alone, a letter first.")
        task = Task(name, **{column.name: check(column, row[column.name], where) for column in columns})
        for key in ("env_id", "dataset_file"):
            if not IDS.fullmatch(row[key]) or ".." in row[key] or (key == "dataset_file" and "/" in row[key]):
                raise InputError(f"{where}: {key} is {row[key]!r}; it has letters, digits, _, . and - alone.")
        for least, most in (("min_return", "max_return"), ("min_cost", "max_cost")):
            if getattr(task, least) >= getattr(task, most):
                raise InputError(f"{where}: {least} is {getattr(task, least)}; it must be less than {most}.")
        tasks[name] = task
    if not tasks:
        raise InputError(f"{path.name} has no rows; it needs one for every task.")
    return tasks


class _Table(Mapping):
    """{name: Task}, read on first use, so that a faulty table is reported like any other fault of the input."""

    @cached_property
    def _tasks(self) -> dict[str, Task]:
        return read_tasks(FILE)

    def __getitem__(self, name: str) -> Task:
        return self._tasks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)


TASKS: Mapping[str, Task] = _Table()


def get_task(name: str, where: str = "") -> Task:
    """Look a task up by its short name.

    Args:
        name: Such as ``BallRun``.
        where: Heads the message, such as "config: tasks".

    Raises:
        InputError: The name is unknown; the message gives the nearest ones.
    """
    if name in TASKS:
        return TASKS[name]
    cores = {_core(known): known for known in TASKS}
    near = [_core(name)] if _core(name) in cores else difflib.get_close_matches(_core(name), cores, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(cores.get, near))}?" if near else f"known tasks: {', '.join(TASKS)}."
    raise InputError(f"{where}{': ' if where else ''}there is no task {name!r}; {hint}")


def _core(name: str) -> str:
    """What a task's name has in common with the environment ids and file names that DSRL and the simulators give it."""
    name = re.sub(r".*/|-v\d.*|\.hdf5$", "", name.lower())  # OfflineCarRun-v0, SafetyCarRun-v0-40-651.hdf5
    return re.sub(r"^(offline|safety|safe)|metadrive|gymnasium|[^a-z0-9]", "", name)


def normalize_return(task: Task, episode_return):
    """DSRL's normalised return: 0 at the task's reference minimum, 1 at its maximum (no factor of 100).

    Args:
        task: The task.
        episode_return: Undiscounted return of an episode, a number or an array of any shape.

    Returns:
        A number or an array of the same shape.

    Source: ``get_normalized_score`` in dsrl/offline_env.py.
    """
    return (episode_return - task.min_return) / (task.max_return - task.min_return)


def normalize_cost(task: Task, episode_cost, cost_limit: float):
    """DSRL's normalised cost (C + e) / (limit + e), e = 1 for limit 0 and 0 otherwise: at most 1 is feasible.

    Args:
        task: The task; DSRL's formula needs nothing of it, but a score is always asked for by task.
        episode_cost: Undiscounted cost of an episode, a number or an array of any shape.
        cost_limit: Allowed cost of an episode, >= 0.

    Returns:
        A number or an array of the same shape.

    Raises:
        InputError: The cost limit is negative.

    Source: ``set_target_cost`` and ``get_normalized_score`` in dsrl/offline_env.py.
    """
    if cost_limit < 0:
        raise InputError(f"the cost limit of {task.name} is {cost_limit}; it must be 0 or more.")
    epsilon = 1 if cost_limit == 0 else 0
    return (episode_cost + epsilon) / (cost_limit + epsilon)
