"""Our numbers beside every published one of the study's tasks, as compare.csv; two cost limits never meet in a row.

python -m workflow.tables.compare --per-seed results/quick/tables/per_seed.csv --out results/quick/tables/compare.csv
"""

import argparse
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from marvel.errors import InputError
from marvel.files import write_atomically
from marvel.tasks import TASKS
from workflow.statistics.intervals import fresh, mean_interval
from workflow.tables.beside import count

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
COLUMNS = [
    "task", "quantity", "algorithm", "published", "published_spread", "published_limit", "published_env_steps",
    "method", "ours", "ours_low", "ours_high", "n", "our_limit", "our_env_steps", "note", "file", "source",
]  # fmt: skip

# Which line of ours is the published algorithm, or the nearest thing to it; others stand alone.
COUNTERPARTS = {
    "CPQ": "offline_only",
    "BEAR-Lag": "bear",
    "BC": "bc",
    "BC-All": "bc",
    "BC-Safe": "bc_safe",
    "SAC-Lag": "from_scratch",
    "SACLag": "from_scratch",
    "Marvel": "marvel",
    "Marvel's offline policy": "offline_only",
}
ONLINE = ("from_scratch", "marvel")
OUR_COLUMNS = {  # quantity: per-seed column of an evaluated policy, of a trained one
    "return": ("eval_return", "train_return"),
    "cost": ("eval_cost", "train_cost"),
    "normalised return": ("eval_return_normalized", "train_return_normalized"),
    "normalised cost": ("eval_cost_normalized", "train_cost_normalized"),
}


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


def beside(reference: pd.DataFrame, seeds: pd.DataFrame) -> pd.DataFrame:
    """Put our counterpart's mean and interval beside each published number of the study's tasks.

    Args:
        reference: as returned by `published`.
        seeds: per_seed.csv.

    Returns:
        Columns `COLUMNS`. Ours stays empty where the limits differ, the published one is not known, or no line of the
        study is the algorithm; `note` says which.
    """
    rows = []
    for row in reference[reference["task"].isin(seeds["task"])].to_dict("records"):
        name = COUNTERPARTS.get(re.sub(r" \(.*", "", row["algorithm"]), "")
        ours = seeds[(seeds["task"] == row["task"]) & (seeds["method"] == name)]
        limits = sorted(ours["cost_limit"].unique())
        notes = [row.pop("note")]
        if ours.empty:
            notes.append("no such line in this study")
        elif np.isnan(row["published_limit"]):
            notes.append("not compared: the published cost limit is not known")
        elif limits != [row["published_limit"]]:
            notes.append(f"not compared: cost limit {row['published_limit']:g} there, {limits[0]:g} here")
        else:
            column = OUR_COLUMNS[row["quantity"]][name in ONLINE]
            middle, low, high = mean_interval(ours[column].to_numpy(dtype=np.float64), fresh())
            steps = ours["env_steps"].mean()
            row |= {"method": name, "ours": float(middle), "ours_low": float(low), "ours_high": float(high)}
            row |= {"n": len(ours), "our_limit": limits[0], "our_env_steps": steps}
            given = count(str(row["published_env_steps"] or ""))
            if given and abs(steps - given) > 0.1 * given:
                notes.append("other number of environment steps")
        rows.append(row | {"note": "; ".join(filter(None, notes))})
    return pd.DataFrame(rows, columns=COLUMNS)


def main(arguments: list[str] | None = None) -> None:
    """Write compare.csv."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--per-seed", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    if not options.per_seed.is_file():
        raise InputError(f"{options.per_seed} does not exist; make it with `python -m workflow.tables.final`.")
    table = beside(published(), pd.read_csv(options.per_seed, keep_default_na=False, na_values=[""]))
    write_atomically(options.out, table.to_csv(index=False).encode())
    print(f"compare: {len(table)} published numbers, {table['ours'].notna().sum()} with ours beside -> {options.out}")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"compare: {error}")
