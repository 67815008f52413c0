"""What online training added to the cost of the offline policy."""

import pandas as pd

from workflow.metrics.start import change

TITLE = "Change in cost since the offline policy"
MEANING = "Normalised cost minus that of the same start policy: negative is safer."
PAIRED = True


def measure(scores: pd.DataFrame, seeds: pd.DataFrame) -> pd.Series:
    """As `MEANING` says."""
    return change(scores, seeds, "cost")
