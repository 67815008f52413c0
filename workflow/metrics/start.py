"""What a run ended with minus what its start policy had: shared by the metrics of change."""

import pandas as pd

from workflow.statistics.measures import RUN


def change(scores: pd.DataFrame, seeds: pd.DataFrame, quantity: str) -> pd.Series:
    """Normalised return or cost at the end of training minus that of the evaluation in round 0.

    Args:
        scores: rows of scores.csv.
        seeds: rows of per_seed.csv.
        quantity: "return" or "cost".

    Returns:
        Indexed by (task, method, seed); only runs that trained, and that started from an offline policy.
    """
    first = scores[(scores["round"] == 0) & scores["start"].isin(["offline", "prealigned"])].set_index(RUN)
    trained = seeds[seeds["violation_rate"].notna()].set_index(RUN)
    change = trained[f"train_{quantity}_normalized"] - first[f"eval_{quantity}_normalized"]
    return change.dropna()
