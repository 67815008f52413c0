"""Changes to an offline dataset before training, with DSRL's meaning (`pre_process_data` in dsrl/offline_env.py)."""

import numpy as np
import torch

from marvel.datasets import episodes
from marvel.tasks import Task


def relabel_outliers(
    arrays: dict[str, np.ndarray], task: Task, share: float, cost_limit: float, generator: torch.Generator
) -> dict[str, np.ndarray]:
    """Turn risky episodes into tempting lies: cost below the limit at random steps, reward times 1.5.

    Candidates have at least half of the task's largest cost and largest return. As in DSRL at least one is taken, so
    that `share` 0.0 is not the same as no outliers (Q14).

    Args:
        arrays: A dataset (`marvel.datasets.read`); not changed.
        task: Gives the largest cost and return.
        share: Share of all episodes to relabel.
        cost_limit: New episode costs are drawn from 0 to int(cost_limit) - 1.
        generator: Source of the choices.

    Returns:
        The same arrays with new `rewards` and `costs`.

    Raises:
        ValueError: Fewer candidates than asked for.
    """
    found = episodes(arrays)
    risky = np.flatnonzero((found.costs >= task.max_cost / 2) & (found.returns >= task.max_return / 2))
    count = max(int(len(found.costs) * share), 1)
    if count > len(risky):
        raise ValueError(
            f"outliers: {count} episodes of {task.name} were to be relabelled and {len(risky)} have at least half of "
            "the largest cost and return; ask for a smaller share."
        )
    rng = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
    rewards, costs = arrays["rewards"].copy(), arrays["costs"].copy()
    for index in rng.choice(risky, count, replace=False):
        start, stop = found.starts[index], found.stops[index]
        costs[start:stop] = 0
        costs[
            start + rng.choice(stop - start, min(int(rng.integers(int(cost_limit))), stop - start), replace=False)
        ] = 1
        rewards[start:stop] *= 1.5
    return arrays | {"rewards": rewards, "costs": costs}
