"""The tidy frame of a study, a row per method, task, seed and round; scores are normalised here and nowhere else."""

import pandas as pd

from marvel.run.progress import COLUMNS
from marvel.tasks import get_task, normalize_cost, normalize_return

NORMALIZED = ["train_return_normalized", "train_cost_normalized", "eval_return_normalized", "eval_cost_normalized"]
SCORES = ["method", "task", "seed", "cost_limit", "start", "code", *COLUMNS, *NORMALIZED]


def normalized(rows: pd.DataFrame) -> pd.DataFrame:
    """Put return and cost in DSRL's units beside the raw ones.

    Args:
        rows: of one task and cost limit, with every column of `SCORES` but `NORMALIZED`.

    Returns:
        Columns `SCORES`.
    """
    task, limit = get_task(rows["task"].iloc[0]), float(rows["cost_limit"].iloc[0])
    for source in ("train", "eval"):
        returns, costs = rows[f"{source}_return"].to_numpy(), rows[f"{source}_cost"].to_numpy()
        values = {"return": normalize_return(task, returns), "cost": normalize_cost(task, costs, limit)}
        rows = rows.assign(**{f"{source}_{name}_normalized": column for name, column in values.items()})
    return rows[SCORES]
