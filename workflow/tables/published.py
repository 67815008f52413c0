"""Published numbers of workflow/reference, one a row; nothing here was measured by this project."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from marvel.tasks import TASKS

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
MEAN_OF_LIMITS = "mean over 3 limits"  # in the note of a number that belongs to none


def task_name(text: str) -> str:
    """DSRL's short name for a source's: `SafetyHopperVelocity-v1`, `ballrun (Bullet)`, `hopper_velocity`; or ""."""
    bare = re.sub(r"^Safety|^Offline|(Gymnasium)?-v\d+$| \(.*\)$|[_ ]", "", text).lower()
    return next((name for name in TASKS if name.lower() == bare), "")


def number(text) -> float:
    """A cell as a number; NaN where it is none, such as "mean of 3 limits ..."."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return np.nan


class Number(NamedTuple):
    """What a source's row says of one algorithm on one task: values by quantity, and how they were got."""

    task: str
    algorithm: str
    values: dict[str, str]  # a value that the source does not give is ""
    limit: str | float | None  # of the cost; none where it is not known
    env_steps: str | None = None
    note: str = ""
    spread: dict[str, str] | None = None  # of the values


def _omnisafe(row: pd.Series) -> Number:
    values, spread = _pair(row, "reward_mean", "cost_mean"), _pair(row, "reward_std", "cost_std")
    return Number(row["env"], row["algorithm"], values, row["cost_limit"], row["env_steps"], spread=spread)


def _fsrl(row: pd.Series) -> Number:
    values = _pair(row, "reward_approx", "cost_approx")
    return Number(row["env"], row["algorithm"], values, row["cost_limit"], row["env_steps"], "read by eye")


def _bc_velocity(row: pd.Series) -> Number:
    spread = _pair(row, "ci95_halfwidth", "ci95_halfwidth_cost")
    values = _pair(row, "raw_return", "raw_cost")
    return Number(row["task"], row["algorithm"], values, row["cost_budget"], spread=spread)


def _osrl(row: pd.Series) -> Number:
    values = _pair(row, "raw_return", "raw_cost")
    return Number(row["task"], row["algorithm"], values, row["cost_budget"], note=f"seed {row['seed']}")


def _normalised(row: pd.Series) -> Number:
    return Number(row["task"], row["algorithm"], _pair(row, "norm_reward", "norm_cost", "normalised "), None)


def _caps(row: pd.Series) -> Number:
    note = "; ".join(filter(None, (row["variant"], "" if number(row["cost_limit"]) > 0 else row["cost_limit"])))
    values = _pair(row, "norm_reward", "norm_cost", "normalised ")
    return Number(row["task"], row["algorithm"], values, row["cost_limit"], note=note)


def _dsrl(row: pd.Series) -> Number:
    values = _pair(row, "norm_return", "norm_cost", "normalised ")
    spread = _pair(row, "norm_return_std", "norm_cost_std", "normalised ")
    limit, protocol = re.match(r"(?:limit (\d+)|mean over 3 limits)(.*)", row["protocol"]).groups()
    note = ((MEAN_OF_LIMITS if limit is None else "") + protocol).strip("; ")
    return Number(row["task"], row["algorithm"], values, limit, note=note, spread=spread)


def _pls(row: pd.Series) -> Number:
    names = {"normalised return": "final_norm_reward", "normalised cost": "final_norm_cost"}
    names |= {"unsafe training episodes": "unsafe_training_episodes"}
    values = {quantity: row[name] for quantity, name in names.items()}
    spread = {quantity: row[f"{name}_std"] for quantity, name in names.items()}
    note = "; ".join(filter(None, (f"{row['online_episodes']} online episodes", row["caution"])))
    return Number(row["task"], row["method"], values, 20, note=note, spread=spread)


def _marvel_paper(row: pd.Series) -> Number | None:
    """Numbers of the paper that are no return or cost are settings."""
    if "reward" not in row["quantity"]:
        return None
    task, algorithm = paper_place(row["quantity"], row["where"])
    return Number(task, algorithm, {"return": row["value"]}, 20, note=f"{row['quantity']}, {row['where']}")


SOURCES = {  # {file: what makes a `Number` of a row}
    "omnisafe_velocity_benchmark.csv": _omnisafe,
    "fsrl_curves_read_by_eye.csv": _fsrl,
    "bc_velocity_raw_limit20.csv": _bc_velocity,
    "osrl_reruns_raw_per_seed.csv": _osrl,
    "fisor_main_table.csv": _normalised,
    "psec_table1_bullet.csv": _normalised,
    "caps_supplement.csv": _caps,
    "dsrl_benchmark_and_pls.csv": _dsrl,
    "pls_table8_o2o.csv": _pls,
    "marvel_paper_known_numbers.csv": _marvel_paper,
}


def published() -> pd.DataFrame:
    """Every published number as one row: task, quantity, algorithm, value, limit, env steps, note, file, source.

    An unknown limit is NaN. Numbers of the Marvel paper that are no return or cost are settings and not listed.
    """
    rows = []
    for file, read in SOURCES.items():
        table = pd.read_csv(REFERENCE / file, dtype=str, keep_default_na=False)
        for _, row in table.iterrows():
            rows += _rows(read(row), file, row["source"])
    return pd.DataFrame(rows)


def _rows(found: Number | None, file: str, source: str) -> list[dict]:
    """A row for each value that is given."""
    return [
        {
            "task": task_name(found.task), "quantity": quantity, "algorithm": found.algorithm, "published": value,
            "published_spread": (found.spread or {}).get(quantity, ""), "published_limit": number(found.limit),
            "published_env_steps": found.env_steps, "note": found.note, "file": file, "source": source,
        }
        for quantity, value in (found.values if found else {}).items()
        if value != ""
    ]  # fmt: skip


def _pair(row: pd.Series, returns: str, costs: str, prefix: str = "") -> dict[str, str]:
    """{return: ..., cost: ...} from two columns."""
    return {f"{prefix}return": row[returns], f"{prefix}cost": row[costs]}


def paper_place(quantity: str, where: str) -> tuple[str, str]:
    """(task, algorithm) of a quoted number of the Marvel paper; its velocity tasks are named without the ending."""
    words = re.findall(r"[A-Za-z]+", where)
    task = next((name for word in words for name in (word, f"{word}Velocity") if name in TASKS), "")
    return task, "Marvel" if quantity.startswith("Marvel") else "Marvel's offline policy"
