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
    observations = rng.normal(size=(count, steps + 1, observation_dim)).astype(np.float32)
    return {
        "observations": observations[:, :-1].reshape(total, observation_dim),
        "next_observations": observations[:, 1:].reshape(total, observation_dim),
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


def genuine(task):
    """Arrays with the constants of a task's DSRL file: its number of episodes, its extreme returns and costs.

    The first episode has full length, the best return and the largest cost, the second the least of both; all but the
    first have two steps and end early. Actions are raw policy outputs, some of them beyond [-1, 1].
    """
    rng = np.random.default_rng(0)
    longest = task.max_episode_steps + (task.suite == "metadrive")
    lengths = np.array([longest] + [2] * (task.dataset_episodes - 1))
    stops = np.cumsum(lengths)
    starts, total = stops - lengths, stops[-1]
    rewards, costs = np.zeros(total), np.zeros(total)
    rewards[starts], rewards[0], rewards[longest] = (task.min_return + task.max_return) / 2, task.max_return, 0
    rewards[longest + 1] = task.min_return
    if task.suite == "metadrive":
        costs[:longest], costs[longest] = task.max_cost / longest, task.min_cost
        costs[starts[2:]] = task.max_cost / 3
    else:
        costs[: int(task.max_cost)] = 1
        costs[starts[2:]] = 1
    observations = rng.normal(size=(total + 1, task.observation_dim)).astype(np.float32)
    following = observations[1:].copy()
    following[stops - 1] = rng.normal(size=(len(stops), task.observation_dim))
    ends = np.zeros((2, total), bool)
    ends[0, stops[1:] - 1] = ends[1, stops[0] - 1] = True
    return {
        "observations": observations[:-1],
        "next_observations": following,
        "actions": (0.7 * rng.normal(size=(total, task.action_dim))).astype(np.float32),
        "rewards": rewards.astype(np.float32),
        "costs": costs.astype(np.float32),
        "terminals": ends[0],
        "timeouts": ends[1],
    }
