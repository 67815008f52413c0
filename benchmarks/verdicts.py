"""How often a ledger's verdicts are false under equal methods, and what difference they find: for docs/claims.md.

    ./run python -m benchmarks.verdicts [STUDIES]      default: 20000 a row, half a minute

A study has four tasks and all claims of claims.yaml. Only the numbers per seed are made up; p-values, parts, Holm's
procedure and verdicts are the ledger's own.
"""

import sys

import numpy as np
import yaml

from workflow.statistics.verdicts import (
    CONTRADICTED,
    ERROR,
    SUPPORTED,
    decide,
    detectable,
    joined,
    p_value,
    part_p_values,
)
from workflow.tables.claims import CLAIMS

KINDS = ("normal", "skewed", "sometimes infeasible")
TASKS = 4


class Equal:
    """Numbers of methods that differ by chance alone, made when first asked for: {metric: (studies, tasks, seeds)}.

    All methods of a task and seed share what their offline model brought. A run's costs lie around the limit.
    """

    def __init__(self, kind: str, seeds: int, studies: int):
        self.generator = np.random.default_rng([1, KINDS.index(kind), seeds])
        self.kind, self.shape, self.made = kind, (studies, TASKS, seeds), {}
        self.shared = 0.05 * self.normal()

    def normal(self) -> np.ndarray:
        """Standard normal numbers, (studies, tasks, seeds)."""
        return self.generator.normal(size=self.shape)

    def __getitem__(self, method: str) -> dict[str, np.ndarray]:
        if method not in self.made:
            skewed = self.generator.exponential(size=self.shape)
            value = 0.6 + self.shared + 0.15 * (self.normal() if self.kind == "normal" else skewed)
            if self.kind == "sometimes infeasible":
                value = np.where(self.generator.random(self.shape) < 0.7, value, 0.0)
            violations = 0.3 + 0.1 * (self.normal() if self.kind == "normal" else skewed)
            self.made[method] = {
                "feasible_return_normalized": value,
                "violation_rate": violations,
                "safe_rounds": 1 - violations + 0.05 * self.normal(),
                "train_cost": 20 + 5 * self.normal(),
                "lost_return_normalized": 0.1 + 0.1 * self.normal(),
            }
        return self.made[method]

    def of(self, part: dict) -> np.ndarray:
        """A part's differences or values, (studies, tasks, seeds)."""
        if part["metric"] == "multiplier_ratio":
            return 1 + 0.3 * self.normal()  # at the edge of what C2 calls orders of magnitude
        if part["metric"] == "rank_gain":
            return 0.1 * self.normal()
        if "second" in part:
            return self[part["first"]][part["metric"]] - self[part["second"]][part["metric"]]
        return self[part["method"]][part["metric"]]


def sides(rules: dict, equal: Equal) -> dict[str, list[np.ndarray]]:
    """p-values for each claim and against it: {side: one (studies, tasks) a claim}."""
    made = {SUPPORTED: [], CONTRADICTED: []}
    for claim in rules.values():
        parts = [part_p_values(part, equal.of(part), 20.0) for part in claim["parts"]]
        for side, values in zip(made, zip(*parts, strict=True), strict=True):
            made[side].append(joined(list(values), claim[side]))
    return made


def wrong(name: str, verdicts: np.ndarray) -> np.ndarray:
    """Whether verdicts on a claim are false where methods are equal; that C1 holds is true: they are no better."""
    allowed = [SUPPORTED] if name == "C1" else []
    return np.isin(verdicts, [SUPPORTED, CONTRADICTED]) & ~np.isin(verdicts, allowed)


def false_verdicts(rules: dict, equal: Equal) -> np.ndarray:
    """Whether any verdict of a study is false, (studies,), with all verdicts as one family."""
    made = sides(rules, equal)
    verdicts = np.split(decide(*(np.concatenate(values, axis=-1) for values in made.values()))[0], len(rules), axis=-1)
    return np.any([wrong(name, each).any(axis=-1) for name, each in zip(rules, verdicts, strict=True)], axis=0)


def false_by_claim(rules: dict, equal: Equal) -> np.ndarray:
    """The same, with a family for each claim, which the ledger does not use."""
    pairs = zip(rules, *sides(rules, equal).values(), strict=True)
    return np.any([wrong(name, decide(*values)[0]).any(axis=-1) for name, *values in pairs], axis=0)


def power_of_all(rivals: int, gain: float, seeds: int, family: int, studies: int) -> float:
    """How often a claim that needs a gain over each of several rivals is supported.

    Args:
        rivals: number of them, each with noise of its own.
        gain: over each, in standard deviations of the pairs' differences.
        seeds: pairs.
        family: verdicts of the ledger.
        studies: to simulate.
    """
    generator = np.random.default_rng(3)
    own = generator.normal(size=(studies, seeds))
    others = generator.normal(size=(rivals, studies, seeds))
    p = joined([p_value({"above": 0}, gain + (own - other) / np.sqrt(2), 20.0) for other in others], "all")
    return float(np.mean(2 * family * p <= ERROR))


def main(studies: int) -> None:
    """Print error rates and power."""
    rules = yaml.safe_load(CLAIMS.read_text(encoding="utf-8"))["claims"]
    family = TASKS * len(rules)
    for kind in KINDS:
        for seeds in (5, 10):
            one = false_verdicts(rules, Equal(kind, seeds, studies)).mean()
            several = false_by_claim(rules, Equal(kind, seeds, studies)).mean()
            print(f"{kind:20s} n = {seeds:2d}  a false verdict in {100 * one:.1f} % of studies", end="")
            print(f" (a family a claim: {100 * several:.1f} %)")
    for seeds in (5, 10):
        found = [f"{detectable(seeds, size):.2f} (family of {size})" for size in (family, 1)]
        print(f"n = {seeds:2d}  one comparison finds with probability 0.8:  {', '.join(found)}")
    for gain in np.arange(1.0, 3.0, 0.1):
        found = [f"{power_of_all(5, gain, 10, size, studies):.2f} (family of {size})" for size in (family, 1)]
        print(f"n = 10  five rivals at once, gain {gain:.1f}:  {', '.join(found)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20000)
