"""How many seeds a verdict needs: the claims judged again on every choice of fewer seeds of a study."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from workflow.statistics.claims import forms
from workflow.statistics.measures import Evidence, Missing, diverged, limit_of, values
from workflow.statistics.verdicts import ERROR, joined, part_p_values

SIZES = (3, 4, 5, 6, 7, 8, 9, 10)
CHOICES = 1000  # of as many seeds; where there are more, some are drawn
COLUMNS = ["claim", "task", "seeds", "of", "choices", "supported", "contradicted", "undecided"]


def by_seeds(claims: dict, evidence: Evidence, generator: np.random.Generator) -> pd.DataFrame:
    """Shares of verdicts over choices of seeds, each claim and task by itself.

    Each choice is tested at the level of a single verdict, since Holm's procedure would need the same choice in all
    claims; conditions of the ledger and the least number of seeds do not enter.

    Args:
        claims: claims.yaml.
        evidence: of the study.
        generator: draws the choices where there are more than `CHOICES`.

    Returns:
        Columns `COLUMNS`: the claim in our form on a task, the number of seeds chosen, of how many, the number of
        choices, and the shares of them by verdict. Claims that cannot be measured on a task are left out.
    """
    tasks, rows = list(dict.fromkeys(evidence.seeds["task"])), []
    for name, claim in claims["claims"].items():
        parts = [part for part in forms(claim, set())["ours"] if "supported" in part]
        for task in tasks if claim["tasks"] == "all" else [task for task in tasks if task in claim["tasks"]]:
            try:
                table = pd.concat([values(part, task, evidence) for part in parts], axis=1).dropna()
                limits = [limit_of(part, task, evidence.seeds) for part in parts]
            except Missing:
                continue
            if any(diverged(part, task, evidence.seeds) for part in parts):
                continue
            numbers = table.to_numpy(dtype=np.float64).T
            for size in (size for size in SIZES if size <= len(table)):
                shares = verdict_shares(claim, parts, numbers[:, choices(len(table), size, generator)], limits)
                rows.append({"claim": name, "task": task, "seeds": size, "of": len(table)} | shares)
    return pd.DataFrame(rows, columns=COLUMNS)


def choices(seeds: int, size: int, generator: np.random.Generator) -> np.ndarray:
    """Choices of `size` of `seeds` seeds, (choices, size): all of them, or `CHOICES` drawn ones."""
    if comb(seeds, size) <= CHOICES:
        return np.array(list(combinations(range(seeds), size)))
    return np.stack([generator.choice(seeds, size, replace=False) for _ in range(CHOICES)])


def verdict_shares(claim: dict, parts: list[dict], numbers: np.ndarray, limits: list[float]) -> dict:
    """Number of choices, and the share of them on which a claim is supported, contradicted or undecided.

    Args:
        claim: of claims.yaml.
        parts: of it that have rules.
        numbers: (parts, choices, seeds).
        limits: cost limit of each part.
    """
    sides = zip(*(part_p_values(*part) for part in zip(parts, numbers, limits, strict=True)), strict=True)
    names = ("supported", "contradicted")
    supported, contradicted = (joined(list(side), claim[name]) for side, name in zip(sides, names, strict=True))
    decided = 2 * np.minimum(supported, contradicted) <= ERROR
    shares = {"supported": decided & (supported <= contradicted), "contradicted": decided & (supported > contradicted)}
    shares["undecided"] = ~decided
    return {"choices": numbers.shape[1]} | {name: float(share.mean()) for name, share in shares.items()}
