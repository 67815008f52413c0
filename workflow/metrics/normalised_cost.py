"""Cost at the end of training, over the limit."""

import pandas as pd

from workflow.statistics.measures import RUN

TITLE = "Normalised cost"
MEANING = "The cost of the same episodes divided by the limit: 1 is the limit."
PAIRED = False


def measure(scores: pd.DataFrame, seeds: pd.DataFrame) -> pd.Series:
    """As `MEANING` says."""
    return seeds.set_index(RUN)["train_cost_normalized"]
