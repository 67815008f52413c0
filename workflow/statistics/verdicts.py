"""From differences over seeds to verdicts: p-values of the rules in claims.yaml, and one error level for all verdicts.

A rule says where a mean must lie. Its p-value is that of Student's t test over seeds, paired where two methods are
compared. A claim that needs all of its parts has the largest of their p-values: an intersection test, which needs no
correction. A claim for which any part is enough has the smallest, times the number of parts. A verdict has two sides,
so twice the smaller of its two p-values counts. All verdicts of a ledger form one family, in which Holm's procedure
keeps the chance of even one false verdict at `ERROR`.
"""

import numpy as np
from scipy import optimize, stats

from marvel.errors import InputError

SUPPORTED, CONTRADICTED, UNDECIDED, NOT_TESTED = "supported", "contradicted", "undecided", "not tested"
ERROR = 0.05  # chance of any false verdict in a ledger
POWER = 0.8
ROUND_OFF = 1e-12  # relative; what is smaller is no difference


def p_above(numbers: np.ndarray, bound: float) -> np.ndarray:
    """One-sided p-value of the t test that the mean lies above a bound.

    Args:
        numbers: (..., seeds), at least two.
        bound: what the mean is compared with.

    Returns:
        (...). Numbers that are all equal give 0 above the bound and 1 elsewhere.
    """
    numbers = np.asarray(numbers, dtype=np.float64)
    n, middle, spread = numbers.shape[-1], numbers.mean(axis=-1), numbers.std(axis=-1, ddof=1)
    small = ROUND_OFF * np.maximum(np.abs(numbers).max(axis=-1), abs(bound))
    distance = np.where(np.abs(middle - bound) <= small, 0.0, middle - bound)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = stats.t.sf(distance / (spread / np.sqrt(n)), n - 1)
    return np.where(spread <= small, np.where(distance > 0, 0.0, 1.0), p)


def p_below(numbers: np.ndarray, bound: float) -> np.ndarray:
    """One-sided p-value of the t test that the mean lies below a bound; see `p_above`."""
    return p_above(-np.asarray(numbers, dtype=np.float64), -bound)


def p_value(rule: dict, numbers: np.ndarray, cost_limit: float) -> np.ndarray:
    """p-value of one rule of claims.yaml.

    Args:
        rule: {above: x}, {below: x}, {outside: [a, b]}, {inside: [a, b]} or {mean_at_most: x}, which asks for no proof:
            0 where the mean is at most x, else 1. x may be the word cost_limit.
        numbers: (..., seeds), at least two.
        cost_limit: per episode.

    Returns:
        (...)

    Raises:
        InputError: the rule is none of these.
    """
    where, bound = _read(rule, cost_limit)
    if where == "above":
        return p_above(numbers, bound)
    if where == "below":
        return p_below(numbers, bound)
    if where == "outside":
        return np.minimum(1, 2 * np.minimum(p_below(numbers, bound[0]), p_above(numbers, bound[1])))
    if where == "inside":
        return np.maximum(p_above(numbers, bound[0]), p_below(numbers, bound[1]))
    return np.where(np.mean(numbers, axis=-1) <= bound, 0.0, 1.0)


def holds(rule: dict, value: float, cost_limit: float) -> bool:
    """Whether a number lies where a rule wants the mean; for leanings, which test nothing."""
    where, bound = _read(rule, cost_limit)
    inside = where in ("outside", "inside") and bound[0] <= value <= bound[1]
    places = {"above": lambda: value > bound, "below": lambda: value < bound, "mean_at_most": lambda: value <= bound}
    return bool(places[where]()) if where in places else inside == (where == "inside")


def _read(rule: dict, cost_limit: float) -> tuple[str, float | list[float]]:
    ((where, bound),) = rule.items()
    known = ("above", "below", "outside", "inside", "mean_at_most")
    if where not in known:
        raise InputError(f"claims.yaml: {where!r} is no rule; allowed are {', '.join(known)}.")
    return where, cost_limit if bound == "cost_limit" else bound


def is_test(rule: dict | str) -> bool:
    """Whether a rule is a t test: `otherwise` and mean_at_most are not."""
    return isinstance(rule, dict) and "mean_at_most" not in rule


def part_p_values(part: dict, numbers: np.ndarray, cost_limit: float) -> tuple[np.ndarray, np.ndarray]:
    """p-values of a part for its claim and against it, each (...).

    `contradicted: otherwise` is no test: it gives 0 unless the part itself is significant for the claim, else 1.

    Args:
        part: of claims.yaml, with `supported` and `contradicted`.
        numbers: (..., seeds), at least two.
        cost_limit: per episode.
    """
    supported = p_value(part["supported"], numbers, cost_limit)
    if part["contradicted"] == "otherwise":
        return supported, np.where(supported <= ERROR / 2, 1.0, 0.0)
    return supported, p_value(part["contradicted"], numbers, cost_limit)


def joined(p_values: list[np.ndarray], needed: str) -> np.ndarray:
    """p-value of a claim from those of its parts.

    Args:
        p_values: one for each part, each (...).
        needed: `all` of the parts or `any` of them.

    Returns:
        (...)
    """
    stacked = np.stack(p_values)
    return stacked.max(axis=0) if needed == "all" else np.minimum(1, len(stacked) * stacked.min(axis=0))


def holm(p_values: np.ndarray) -> np.ndarray:
    """p-values adjusted for a family of tests (Holm 1979).

    Args:
        p_values: (..., tests).

    Returns:
        (..., tests): reject where at most the error level.
    """
    order = np.argsort(p_values, axis=-1)
    tests = np.shape(p_values)[-1]
    factors = np.arange(tests, 0, -1)
    steps = np.minimum(1, np.maximum.accumulate(np.take_along_axis(p_values, order, -1) * factors, axis=-1))
    adjusted = np.empty_like(steps)
    np.put_along_axis(adjusted, order, steps, -1)
    return adjusted


def decide(supported: np.ndarray, contradicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Verdicts of a family of claims and tasks.

    Args:
        supported: (..., verdicts) p-values for each claim on each task.
        contradicted: (..., verdicts) p-values against it.

    Returns:
        Verdicts and p-values adjusted by Holm, each (..., verdicts).
    """
    supported, contradicted = np.asarray(supported, dtype=np.float64), np.asarray(contradicted, dtype=np.float64)
    adjusted = holm(np.minimum(1, 2 * np.minimum(supported, contradicted)))
    sides = np.where(supported <= contradicted, SUPPORTED, CONTRADICTED)
    return np.where(adjusted <= ERROR, sides, UNDECIDED), adjusted


def detectable(n: int, verdicts: int, power: float = POWER) -> float:
    """The true difference, in standard deviations of the pairs' differences, that one comparison finds with `power`.

    Args:
        n: pairs of seeds, at least two.
        verdicts: size of the family; 1 for the last step of Holm's procedure, when all others are decided.
        power: probability of the verdict.
    """
    threshold = stats.t.isf(ERROR / 2 / verdicts, n - 1)

    def excess(effect: float) -> float:
        return stats.nct.sf(threshold, n - 1, effect * np.sqrt(n)) - power

    return float(optimize.brentq(excess, 0, 2 * threshold))


def combine(verdicts: list[str], supported: str, contradicted: str) -> str:
    """A claim's verdict from those of its parts; `supported` and `contradicted` are `all` or `any`."""
    test = {"all": all, "any": any}
    if test[supported](verdict == SUPPORTED for verdict in verdicts):
        return SUPPORTED
    return CONTRADICTED if test[contradicted](verdict == CONTRADICTED for verdict in verdicts) else UNDECIDED


def overall(verdicts: list[str]) -> str:
    """A claim's verdict over tasks: more than half of all of them, tested or not, and none against."""
    if set(verdicts) <= {NOT_TESTED}:
        return NOT_TESTED
    for wanted, other in ((SUPPORTED, CONTRADICTED), (CONTRADICTED, SUPPORTED)):
        if 2 * verdicts.count(wanted) > len(verdicts) and other not in verdicts:
            return wanted
    return UNDECIDED
