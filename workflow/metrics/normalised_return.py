"""Return at the end of training, in DSRL's units."""

import pandas as pd

from workflow.statistics.measures import RUN

TITLE = "Normalised return"
MEANING = (
    "Mean per training episode of the last 20 % of environment steps, in DSRL's units (0 to 1); of a method that is "
    "evaluated only, the evaluation of its policy."
)
PAIRED = False


def measure(scores: pd.DataFrame, seeds: pd.DataFrame) -> pd.Series:
    """As `MEANING` says."""
    return seeds.set_index(RUN)["train_return_normalized"]
