"""Published numbers of workflow/reference, one a row; nothing here was measured by this project."""

import re
from pathlib import Path

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


def published() -> pd.DataFrame:
    """Every published number as one row: task, quantity, algorithm, value, limit, env steps, note, file, source.

    An unknown limit is NaN. Numbers of the Marvel paper that are no return or cost are settings and not listed.
    """
    rows = []

    def add(
        file: str,
        row: pd.Series,
        task: str,
        values: dict,
        algorithm: str,
        limit,
        steps=None,
        note: str = "",
        spread=None,
    ):
        for quantity, value in values.items():
            if value == "":
                continue  # not given by the source
            rows.append(
                {
                    "task": task_name(task), "quantity": quantity, "algorithm": algorithm, "published": value,
                    "published_spread": (spread or {}).get(quantity, ""), "published_limit": number(limit),
                    "published_env_steps": steps, "note": note, "file": file, "source": row["source"],
                }
            )  # fmt: skip

    def table(name: str):
        frame = pd.read_csv(REFERENCE / name, dtype=str, keep_default_na=False)
        return ((name, row) for _, row in frame.iterrows())

    for file, row in table("omnisafe_velocity_benchmark.csv"):
        spread = {"return": row["reward_std"], "cost": row["cost_std"]}
        values = {"return": row["reward_mean"], "cost": row["cost_mean"]}
        add(file, row, row["env"], values, row["algorithm"], row["cost_limit"], row["env_steps"], spread=spread)
    for file, row in table("fsrl_curves_read_by_eye.csv"):
        values = {"return": row["reward_approx"], "cost": row["cost_approx"]}
        add(file, row, row["env"], values, row["algorithm"], row["cost_limit"], row["env_steps"], "read by eye")
    for file, row in table("bc_velocity_raw_limit20.csv"):
        spread = {"return": row["ci95_halfwidth"], "cost": row["ci95_halfwidth_cost"]}
        values = {"return": row["raw_return"], "cost": row["raw_cost"]}
        add(file, row, row["task"], values, row["algorithm"], row["cost_budget"], spread=spread)
    for file, row in table("osrl_reruns_raw_per_seed.csv"):
        values = {"return": row["raw_return"], "cost": row["raw_cost"]}
        add(file, row, row["task"], values, row["algorithm"], row["cost_budget"], note=f"seed {row['seed']}")
    for name in ("fisor_main_table.csv", "psec_table1_bullet.csv"):
        for file, row in table(name):
            values = {"normalised return": row["norm_reward"], "normalised cost": row["norm_cost"]}
            add(file, row, row["task"], values, row["algorithm"], None)
    for file, row in table("caps_supplement.csv"):
        values = {"normalised return": row["norm_reward"], "normalised cost": row["norm_cost"]}
        note = "; ".join(filter(None, (row["variant"], "" if number(row["cost_limit"]) > 0 else row["cost_limit"])))
        add(file, row, row["task"], values, row["algorithm"], row["cost_limit"], note=note)
    for file, row in table("dsrl_benchmark_and_pls.csv"):
        spread = {"normalised return": row["norm_return_std"], "normalised cost": row["norm_cost_std"]}
        values = {"normalised return": row["norm_return"], "normalised cost": row["norm_cost"]}
        limit, protocol = re.match(r"(?:limit (\d+)|mean over 3 limits)(.*)", row["protocol"]).groups()
        note = (MEAN_OF_LIMITS if limit is None else "") + protocol
        add(file, row, row["task"], values, row["algorithm"], limit, note=note.strip("; "), spread=spread)
    for file, row in table("pls_table8_o2o.csv"):
        names = {"normalised return": "final_norm_reward", "normalised cost": "final_norm_cost"}
        names |= {"unsafe training episodes": "unsafe_training_episodes"}
        spread = {quantity: row[f"{name}_std"] for quantity, name in names.items()}
        values = {quantity: row[name] for quantity, name in names.items()}
        note = "; ".join(filter(None, (f"{row['online_episodes']} online episodes", row["caution"])))
        add(file, row, row["task"], values, row["method"], 20, note=note, spread=spread)
    for file, row in table("marvel_paper_known_numbers.csv"):
        if "reward" in row["quantity"]:
            task, algorithm = paper_place(row["quantity"], row["where"])
            add(file, row, task, {"return": row["value"]}, algorithm, 20, note=f"{row['quantity']}, {row['where']}")
    return pd.DataFrame(rows)


def paper_place(quantity: str, where: str) -> tuple[str, str]:
    """(task, algorithm) of a quoted number of the Marvel paper; its velocity tasks are named without the ending."""
    words = re.findall(r"[A-Za-z]+", where)
    task = next((name for word in words for name in (word, f"{word}Velocity") if name in TASKS), "")
    return task, "Marvel" if quantity.startswith("Marvel") else "Marvel's offline policy"
