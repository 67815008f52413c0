"""What online training added to the return of the offline policy."""

import pandas as pd

from workflow.metrics.start import change

TITLE = "Gain in return over the offline policy"
MEANING = (
    "Normalised return minus that of the policy which the same run started from (deterministic, evaluated before any "
    "online training)."
)
PAIRED = True


def measure(scores: pd.DataFrame, seeds: pd.DataFrame) -> pd.Series:
    """As `MEANING` says."""
    return change(scores, seeds, "return")
