"""What is allowed in a dataset, yet seldom meant: the warnings of its card.

Each rule compares with what DSRL's data of the task is known to be (marvel/tasks.tsv) or with what its simulator does.
"""

import numpy as np

from marvel.datasets.arrays import episodes
from marvel.tasks import Task

UNIT_COSTS = ("bullet", "velocity", "navigation", "toy")  # suites whose simulators charge 0 or 1 a step
ROWS = 1 << 16  # compared at a time, to save memory


def warnings_of(arrays: dict[str, np.ndarray], task: Task) -> list[str]:
    """One sentence for everything in audited arrays that is probably a mistake.

    Args:
        arrays: The seven arrays, actions as they are in the file.
        task: Their task.
    """
    steps, ends = len(arrays["rewards"]), int(arrays["terminals"].sum())
    if steps > 1 and ends > 0.9 * steps:  # no episodes, so that there is nothing to compare
        return [f"{ends:,} of {steps:,} rows are terminals, so that episodes have one step."]
    return [*_actions(arrays), *_ends(arrays, task), *_next_observations(arrays), *_sums(arrays, task)]


def share_that_follows(arrays: dict[str, np.ndarray], across: bool = False) -> float | None:
    """Share of rows whose next observation is the following row's observation (within 0.001 standard deviations).

    Args:
        arrays: Observations, next observations and flags.
        across: Look at the last rows of episodes, which the next episode follows, instead of all others.

    Returns:
        The share, or None without any such row.
    """
    ends = arrays["terminals"] | arrays["timeouts"]
    rows = np.flatnonzero(ends[:-1] == across)
    if not len(rows):
        return None
    return float(np.mean(_same(arrays, rows, rows + 1)))


def _same(arrays: dict[str, np.ndarray], rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether the next observations of `rows` are the observations of `others`, (rows,) bool."""
    tolerance = 1e-3 * arrays["observations"].std(axis=0, dtype=np.float64).astype(np.float32) + 1e-6
    parts = []
    for start in range(0, len(rows), ROWS):
        here, there = rows[start : start + ROWS], others[start : start + ROWS]
        gap = np.abs(arrays["next_observations"][here] - arrays["observations"][there])
        parts.append((gap <= tolerance).all(axis=1))
    return np.concatenate(parts)


def _actions(arrays: dict[str, np.ndarray]) -> list[str]:
    size = np.abs(arrays["actions"])
    beyond = float(np.mean(size > 1.0))
    if beyond > 0.5 or size.max() > 10:
        return [
            f"actions reach {size.max():.3g} and {beyond:.0%} of the values lie beyond [-1, 1]: they seem to be in the "
            "simulator's units; divide them by the largest action."
        ]
    if size.max() < 0.1:
        return [f"the largest action is {size.max():.3g} of 1: the actions seem to be missing or scaled."]
    return []


def _ends(arrays: dict[str, np.ndarray], task: Task) -> list[str]:
    cut, terminals = episodes(arrays), arrays["terminals"]
    lengths = cut.stops - cut.starts
    longest = lengths.max()
    longest_ones = lengths == longest
    as_terminals = terminals[cut.stops - 1][longest_ones]
    usual = longest >= task.max_episode_steps or longest_ones.sum() > max(1, 0.1 * len(lengths))
    if usual and longest > 1 and as_terminals.mean() > 0.5:
        return [
            f"{as_terminals.sum():,} of {len(as_terminals):,} episodes of {longest:,} steps, the longest, end with "
            "terminals: time limits belong into timeouts, as values do not stop there."
        ]
    return []


def _next_observations(arrays: dict[str, np.ndarray]) -> list[str]:
    share, found = share_that_follows(arrays), []
    if share is None:
        return found
    if share < 0.99:
        rows = np.arange(len(arrays["rewards"]))
        itself = ", but the row's own observation" if _same(arrays, rows, rows).mean() > 0.9 else ""
        found.append(
            f"only {share:.1%} of the next observations within episodes are the following row's observation{itself}: "
            "what the critics learn from them is wrong."
        )
    across = share_that_follows(arrays, across=True)
    if across is not None and across > 0.5:
        found.append(
            f"{across:.1%} of the next observations at an episode's last row are the first observation of the next "
            "episode: the array seems to be shifted."
        )
    return found


def _sums(arrays: dict[str, np.ndarray], task: Task) -> list[str]:
    cut, positive, found = episodes(arrays), arrays["costs"][arrays["costs"] > 0], []
    largest, best = cut.costs.max(), cut.returns.max()
    if not len(positive):
        return [f"all costs are 0, while episodes of {task.name} cost up to {task.max_cost:g} (marvel/tasks.tsv)."]
    if task.suite in UNIT_COSTS and not (positive == 1).all():
        found.append(
            f"costs of a step are {positive.min():g} to {positive.max():g} where they are not 0, but {task.name} "
            "charges 1: they seem to be scaled or shaped."
        )
    elif largest > 2 * task.max_cost:
        found.append(
            f"an episode costs {largest:.6g}, while those of {task.name} cost up to {task.max_cost:.6g} "
            "(marvel/tasks.tsv): costs seem to be scaled, or the data to be uncut."
        )
    if not 0.01 * task.max_return < best < 2 * task.max_return:
        found.append(
            f"the best return is {best:.6g}, while that of {task.name} is {task.max_return:.6g} (marvel/tasks.tsv): "
            "rewards seem to be scaled or another's, or the policy was poor."
        )
    return found
