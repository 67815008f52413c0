"""The tidy frame of a study, a row per method, task, seed and round; scores are normalised here and nowhere else."""

import pandas as pd

from marvel.errors import InputError
from marvel.run.progress import COLUMNS
from marvel.tasks import get_task, normalize_cost, normalize_return

NORMALIZED = ["train_return_normalized", "train_cost_normalized", "eval_return_normalized", "eval_cost_normalized"]
SCORES = ["method", "task", "seed", "cost_limit", "start", "code", "status", *COLUMNS, *NORMALIZED]
DIVERGED = "diverged"  # the status of a run whose numbers stopped being finite; it has fewer rounds than the others


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


def check_distinct(scores: pd.DataFrame) -> None:
    """Refuse a seed that is a copy of another: it would narrow every interval.

    Runs that only evaluate their start policy are left out: on a task with fixed resets they may agree.

    Args:
        scores: rows of scores.csv.

    Raises:
        InputError: two seeds of one method and task have the same rows.
    """
    trained = scores[scores["round"] > 0]
    raw = [name for name in COLUMNS if name != "round"]
    hashes = pd.util.hash_pandas_object(trained[raw].astype(float), index=False)
    keys = trained[["method", "task", "seed"]]
    for (method, task), rows in keys.assign(hash=hashes).groupby(["method", "task"], sort=False):
        seen: dict[tuple, int] = {}
        for seed, run in rows.groupby("seed"):
            twin = seen.setdefault(tuple(run["hash"]), seed)
            if twin != seed:
                raise InputError(
                    f"{method} on {task}: seeds {twin} and {seed} have the same rows, so one is a copy of the other; "
                    f"run seed {seed} again."
                )
