"""Dataset files in DSRL's schema, good and faulty."""

import h5py
import numpy as np

BALL_RUN = "SafetyBallRun-v0-80-940.hdf5"


def make(count=6, steps=100, observation_dim=7, action_dim=2, largest_cost=80):
    """Arrays of `count` whole episodes whose costs rise evenly from 0 to `largest_cost`."""
    rng = np.random.default_rng(0)
    costs = np.zeros((count, steps), np.float32)
    for row, cost in enumerate(np.linspace(0, largest_cost, count).astype(int)):
        costs[row, :cost] = 1
    ends = np.zeros((count, steps), bool)
    ends[:, -1] = True
    total = count * steps
    return {
        "observations": rng.normal(size=(total, observation_dim)).astype(np.float32),
        "next_observations": rng.normal(size=(total, observation_dim)).astype(np.float32),
        "actions": rng.uniform(-1, 1, (total, action_dim)).astype(np.float32),
        "rewards": rng.uniform(0, 10, total).astype(np.float32),
        "costs": costs.ravel(),
        "terminals": np.zeros(total, bool),
        "timeouts": ends.ravel(),
    }


def save(path, arrays):
    """Write arrays as they are, faults included."""
    with h5py.File(path, "w") as file:
        for key, data in arrays.items():
            file[key] = data
    return path
