"""Read and write datasets in DSRL's HDF5 schema.

Schema (Liu et al. 2023, DSRL): seven arrays whose first axis is the environment step, episodes one after another.
`observations`, `next_observations` (steps, observation_dim), `actions` (steps, action_dim), `rewards`, `costs` (steps,)
are float32; `terminals`, `timeouts` (steps,) are bool and mark an episode's last step.
"""

import os
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from marvel.datasets.validate import FLOATS, SCHEMA, as_task, audit, load
from marvel.errors import InputError
from marvel.tasks import Task


class Episodes(NamedTuple):
    """Where a dataset's episodes lie and what they earned; each field has shape (episodes,)."""

    starts: np.ndarray  # first row
    stops: np.ndarray  # one past the last row
    returns: np.ndarray  # undiscounted sum of rewards
    costs: np.ndarray  # undiscounted sum of costs


def episodes(arrays: dict[str, np.ndarray]) -> Episodes:
    """Cut a dataset into its episodes: one ends at every row where `terminals` or `timeouts` is set."""
    stops = np.flatnonzero(np.asarray(arrays["terminals"], bool) | np.asarray(arrays["timeouts"], bool)) + 1
    starts = np.concatenate(([0], stops[:-1])).astype(np.int64)[: len(stops)]
    if not len(stops):
        return Episodes(starts, stops, np.zeros(0), np.zeros(0))
    returns, costs = (
        np.add.reduceat(np.asarray(arrays[k], np.float64)[: stops[-1]], starts) for k in ("rewards", "costs")
    )
    return Episodes(starts, stops, returns, costs)


def read(path: str | Path, task: Task | str) -> dict[str, np.ndarray]:
    """Read and audit a DSRL-schema file.

    Actions beyond [-1, 1] are clipped in Bullet tasks, where DSRL stored the policy's raw output and the simulator
    clipped it (DSRL issue 5: BallCircle, CarCircle and DroneCircle among others); elsewhere they are a fault.

    Args:
        path: The HDF5 file.
        task: The task that it must belong to.

    Returns:
        The seven arrays of the schema, float32 and bool, steps on the first axis.

    Raises:
        InputError: One sentence that names the file, what is wrong, what was allowed and what to do.
    """
    path, task = Path(path), as_task(task)
    arrays = load(path)
    audit(path, arrays, task)
    np.clip(arrays["actions"], -1.0, 1.0, out=arrays["actions"])
    return arrays


def write(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a DSRL-schema file: whole or not at all, and the same arrays give the same bytes.

    Raises:
        InputError: An array of the schema is missing or another is there.
    """
    path = Path(path)
    if odd := set(arrays) ^ set(SCHEMA):
        raise InputError(f"{path}: a dataset holds exactly {', '.join(SCHEMA)}; add or drop {', '.join(sorted(odd))}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with h5py.File(temporary, "w") as file:
            for key in sorted(arrays):
                data = np.asarray(arrays[key], dtype=np.float32 if key in FLOATS else bool)
                file.create_dataset(key, data=data, compression="gzip", shuffle=True, track_times=False)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
