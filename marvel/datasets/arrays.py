"""The arrays of DSRL's schema and the episodes in them.

Schema (Liu et al. 2023, DSRL): seven arrays whose first axis is the environment step, episodes one after another.
`observations`, `next_observations` (steps, observation_dim), `actions` (steps, action_dim), `rewards`, `costs` (steps,)
are float32; `terminals`, `timeouts` (steps,) are bool and mark an episode's last step.
"""

from typing import NamedTuple

import numpy as np

FLOATS = ("observations", "next_observations", "actions", "rewards", "costs")
FLAGS = ("terminals", "timeouts")
SCHEMA = FLOATS + FLAGS


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
