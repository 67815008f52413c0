"""Facts of the DSRL tasks and their normalised scores.

Importing this module is cheap (standard library only): the workflow reads ``TASKS`` for every job.
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from pathlib import Path

from marvel.errors import InputError

FILE = Path(__file__).with_name("tasks.tsv")


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
    suite: str
    env_id: str
    observation_dim: int
    action_dim: int
    max_episode_steps: int
    dataset_file: str
    dataset_episodes: int
    min_return: float
    max_return: float
    min_cost: float
    max_cost: float


_CONVERT = {"str": str, "int": int, "float": float}


def _read(path: Path) -> dict[str, Task]:
    """Read the task table; its columns are the fields of `Task` (`task` for `name`)."""
    tasks = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            row["name"] = row.pop("task")
            # annotations are strings here (from __future__ import annotations)
            task = Task(**{field: _CONVERT[kind](row[field]) for field, kind in Task.__annotations__.items()})
            tasks[task.name] = task
    return tasks


TASKS: dict[str, Task] = _read(FILE)


def get_task(name: str) -> Task:
    """Look a task up by its short name.

    Raises:
        InputError: The name is unknown; the message gives the nearest ones.
    """
    if name in TASKS:
        return TASKS[name]
    lower = {known.lower(): known for known in TASKS}
    near = [lower[match] for match in difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"known tasks: {', '.join(TASKS)}."
    raise InputError(f"there is no task {name!r}; {hint}")


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
