"""DSRL's changes to an offline dataset before training: density, outliers, inpainting, epsilon and noise.

    python -m marvel.datasets.filters DATASET --task TASK --cost-limit LIMIT --seed SEED --filters JSON --out FILE

Each has the meaning of `pre_process_data` in dsrl/offline_env.py, and tests compare them with it number by number.
They are applied in DSRL's order, which is that of the keywords of `prepare`.
"""

import argparse
import inspect
import sys
from typing import Annotated, NamedTuple

import numpy as np
import torch

from marvel import datasets
from marvel.errors import InputError
from marvel.tasks import Task, get_task
from marvel.values import REQUIRED, Option, check, check_all, nearest, read_json


class Sums(NamedTuple):
    """Episodes of a dataset with their undiscounted sums in float32, in which DSRL compares them; each (episodes,)."""

    starts: np.ndarray  # first row
    stops: np.ndarray  # one past the last row
    costs: np.ndarray
    returns: np.ndarray


def sums(arrays: dict[str, np.ndarray]) -> Sums:
    """Cut a dataset into episodes and add each one up as DSRL does."""
    starts, stops = datasets.episodes(arrays)[:2]
    costs, returns = (
        np.array([arrays[key][a:b].sum() for a, b in zip(starts, stops, strict=True)], np.float32)
        for key in ("costs", "rewards")
    )
    return Sums(starts, stops, costs, returns)


def take(arrays: dict[str, np.ndarray], chosen: np.ndarray) -> dict[str, np.ndarray]:
    """The episodes `chosen` (numbers, in this order) of a dataset."""
    found = sums(arrays)
    rows = np.concatenate([np.arange(found.starts[i], found.stops[i]) for i in chosen])
    return {key: data[rows] for key, data in arrays.items()}


def crowds(
    found: Sums, rng: np.random.Generator, cost_bins: int = 10, return_bins: int = 50, most: int = 5, least: int = 2
) -> np.ndarray:
    """Density: numbers of the episodes left when each cell of a (cost, return) grid keeps `most` at the most.

    Cells with `least` episodes or fewer are emptied. DSRL's `density` does not say how much is kept: any value but 1
    turns this on.

    Args:
        found: The episodes.
        rng: Chooses within crowded cells.
        cost_bins, return_bins: Cells along each axis between the smallest and the largest value.
        most: Episodes that a cell keeps.
        least: A cell with so many or fewer keeps none.
    """
    places = []
    for values, bins in ((found.costs, cost_bins), (found.returns, return_bins)):
        above = (values - values.min()).astype(np.float64)  # subtracted in float32 and divided in float64, as DSRL does
        places.append(above // (above.max() / bins) if above.max() > 0 else above)
    cells = {}
    for number, place in enumerate(zip(*places, strict=True)):
        cells.setdefault(place, []).append(number)
    kept = []
    for members in cells.values():
        if len(members) > most:
            kept += list(rng.choice(members, most, replace=False))
        elif len(members) > least:
            kept += members
    return np.array(kept, int)


def lies(
    arrays: dict[str, np.ndarray], found: Sums, task: Task, share: float, cost_limit: float, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[int, int]]:
    """Outliers: the arrays with some risky episodes made to look safe and good, and {episode: its new cost}.

    Candidates have at least half of the task's largest cost and largest return. As in DSRL at least one is taken, so
    that `share` 0.0 is not the same as no outliers (Q14). Cost 1 falls on random steps, less often than the limit
    allows, and rewards are multiplied by 1.5.

    Raises:
        InputError: Fewer candidates than asked for, or a limit below 1.
    """
    risky = np.flatnonzero((found.costs >= task.max_cost / 2) & (found.returns >= task.max_return / 2))
    count = max(int(len(found.costs) * share), 1)
    if count > len(risky):
        raise InputError(
            f"outliers: {count} episodes of {task.name} were to be relabelled and {len(risky)} have at least half of "
            "the largest cost and return; ask for a smaller share."
        )
    if cost_limit < 1:
        raise InputError(f"outliers: their costs are drawn from below the cost limit, which is {cost_limit}, below 1.")
    chosen = rng.choice(risky, count, replace=False)
    new_costs = rng.choice(int(cost_limit), count)
    rewards, costs = arrays["rewards"].copy(), arrays["costs"].copy()
    for number, cost in zip(chosen, new_costs, strict=True):
        start, stop = found.starts[number], found.stops[number]
        costs[start:stop] = 0
        costs[start + rng.choice(stop - start, min(cost, stop - start), replace=False)] = 1
        rewards[start:stop] *= 1.5
    return arrays | {"rewards": rewards, "costs": costs}, dict(zip(chosen.tolist(), new_costs.tolist(), strict=True))


def inpainted(costs: np.ndarray, returns: np.ndarray, part: list[float], span: tuple[float, float]) -> np.ndarray:
    """Inpainting: which episodes lie in a rectangle of the (cost, return) plane, which is to be emptied.

    Args:
        costs, returns: (episodes,).
        part: Lowest and highest cost as shares of `span`, lowest and highest return as shares of the range of returns
            that episodes of these costs have.
        span: Smallest and largest cost of the dataset.

    Returns:
        (episodes,) bool.

    Raises:
        InputError: A lowest share above its highest one, or no episode has such a cost.
    """
    if part[0] > part[1] or part[2] > part[3]:
        raise InputError(f"inpaint: {part} has a lowest share above its highest; write [cost, cost, return, return].")
    low, high = span
    within = ((high - low) * part[0] + low <= costs) & (costs <= (high - low) * part[1] + low)
    if not within.any():
        raise InputError(f"inpaint: no episode costs between {part[0]} and {part[1]} of the range; widen {part}.")
    low, high = returns[within].min(), returns[within].max()
    return within & ((high - low) * part[2] + low <= returns) & (returns <= (high - low) * part[3] + low)


def near_best(costs: np.ndarray, returns: np.ndarray, epsilon: float, cost_limit: float) -> np.ndarray:
    """Epsilon: which episodes lie within |epsilon| of the best return among the safe, or among the risky ones.

    Args:
        costs, returns: (episodes,).
        epsilon: Above 0: of those within the limit, which makes learning harder; below 0: of those beyond it, easier.
        cost_limit: The limit.

    Returns:
        (episodes,) bool, all false where there is no such episode.
    """
    group = costs <= cost_limit if epsilon > 0 else costs > cost_limit
    if epsilon == 0 or not group.any():
        return np.zeros(len(costs), bool)
    return group & (returns >= returns[group].max() - abs(epsilon))


def with_noise(arrays: dict[str, np.ndarray], scale: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Noise: observations and next observations with normal noise of `scale` times their overall deviation.

    Raises:
        InputError: Numbers leave float32's range.
    """
    changed = {}
    for key in ("observations", "next_observations"):
        changed[key] = arrays[key].copy()
        with np.errstate(over="ignore"):
            changed[key] += scale * rng.normal(0, np.std(arrays[key]), arrays[key].shape)
        if not np.isfinite(changed[key]).all():
            raise InputError(f"noise: with a scale of {scale:g}, {key} are no finite numbers any more; lower it.")
    return arrays | changed


def prepare(
    arrays: dict[str, np.ndarray],
    task: Task,
    cost_limit: float,
    rng: np.random.Generator,
    *,
    density: Annotated[float, "> 0 and <= 1"] = 1.0,
    outliers: Annotated[float, ">= 0 and <= 1"] | None = None,
    inpaint: Annotated[list[tuple[float, float, float, float]], ""] | None = None,
    epsilon: Annotated[float, ""] | None = None,
    noise: float | None = None,
) -> dict[str, np.ndarray]:
    """Apply DSRL's filters in DSRL's order; relabelled episodes are never painted out.

    With both `inpaint` and `epsilon`, epsilon looks at the episodes that are left; DSRL then mixes two numberings up.

    Args:
        arrays: A dataset (`marvel.datasets.read`); not changed.
        task: Its task.
        cost_limit: The limit that outliers and epsilon refer to.
        rng: Source of all choices.
        density: See `crowds`; 1 is off.
        outliers: Share, see `lies`.
        inpaint: Rectangles, see `inpainted`, one after another.
        epsilon: See `near_best`.
        noise: Scale, see `with_noise`.

    Raises:
        InputError: A filter that cannot be applied, or one that leaves nothing.
    """
    found = sums(arrays)
    span = found.costs.min(), found.costs.max()
    if density != 1.0:
        chosen = crowds(found, rng)
        if not len(chosen):
            raise InputError(f"density: no cell of the grid holds more than 2 episodes of {task.name}; leave it at 1.")
        arrays = take(arrays, chosen)
        found = sums(arrays)
    costs, returns, fixed = found.costs.copy(), found.returns.copy(), {}
    if outliers is not None:
        arrays, fixed = lies(arrays, found, task, outliers, cost_limit, rng)
        for number, cost in fixed.items():
            costs[number], returns[number] = cost, 1.5 * returns[number]
    kept = np.arange(len(costs))
    for part in inpaint or ():
        kept = kept[~inpainted(costs[kept], returns[kept], part, span)]
    kept = np.array([*kept, *(number for number in fixed if number not in kept)], int)
    if epsilon is not None:
        gone = near_best(costs[kept], returns[kept], epsilon, cost_limit)
        kept = np.setdiff1d(kept, kept[gone]) if epsilon else kept
    if not len(kept):
        raise InputError(f"the filters leave no episode of {task.name}; weaken them.")
    arrays = take(arrays, kept)
    return arrays if noise is None else with_noise(arrays, noise, rng)


def checked(given: dict, where: str) -> dict:
    """Filters with each value in its type.

    Raises:
        InputError: A name that is no filter's, or a value that it does not take; `where` heads the message.
    """
    parameters = inspect.signature(prepare).parameters.values()
    known = {p.name: Option(p.name, p.annotation, p.default) for p in parameters if p.kind is p.KEYWORD_ONLY}
    for name in given:
        if name not in known:
            raise InputError(f"{where}: {name!r} is no filter; {nearest(name, known)}")
    return check_all(known, given, where)


def relabel_outliers(
    arrays: dict[str, np.ndarray], task: Task, share: float, cost_limit: float, generator: torch.Generator
) -> dict[str, np.ndarray]:
    """Outliers alone (see `lies`), with a seed drawn from `generator`."""
    rng = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
    return lies(arrays, sums(arrays), task, share, cost_limit, rng)[0]


def main(arguments: list[str] | None = None) -> int:
    """Command line: filter a file into another one."""
    parser = argparse.ArgumentParser(prog="python -m marvel.datasets.filters", description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--task", required=True)
    parser.add_argument("--cost-limit", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--filters", required=True, metavar="JSON")
    parser.add_argument("--out", required=True)
    options = parser.parse_args(arguments)
    try:
        task, filters = get_task(options.task), checked(read_json(options.filters, "filters"), "filters")
        limit = check(Option("cost_limit", float, REQUIRED), options.cost_limit, "filters")
        rng = np.random.default_rng(check(Option("seed", int, 0), options.seed, "filters"))
        arrays = datasets.read(options.dataset, task)
        datasets.write(options.out, prepare(arrays, task, limit, rng, **filters))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
