"""What a study's run.json files say of its runs and of the stages they started from, as frames for the ledger."""

import csv
import json
from pathlib import Path

import pandas as pd

from marvel.run.spec import in_current_words
from marvel.tasks import get_task
from workflow.runs.run_json import in_study
from workflow.runs.run_json import read_run_json as read
from workflow.statistics.conditions import MACHINE, RECORD, complete
from workflow.tables.published import REFERENCE, task_name

STAGES = {"offline": "*/*/seed*/run.json", "prealigned": "*/*/*/seed*/run.json"}
OFFLINE = ["algorithm", "task", "seed", "updates", "multiplier", "reward_scale"]


def chain(study: Path, spec: dict | None) -> list[dict | None]:
    """The spec of a run and those of the stages it started from, last stage first; None where one has no record."""
    specs = [spec]
    while specs[-1] and specs[-1].get("start"):
        specs.append(read(in_study(study, specs[-1]["start"])))
    return specs


def offline_seed(specs: list[dict | None]) -> int | None:
    """The seed of the offline model that a run started from; None for one from scratch, or where a record is missing.

    Args:
        specs: as returned by `chain`.
    """
    return specs[-1].get("seed") if len(specs) > 1 and None not in specs else None


def record_of(study: Path, spec: dict | None) -> dict:
    """The columns of `conditions.RECORD` that records alone tell: offline_seed, data, `MACHINE` and code.

    Args:
        study: the study's folder.
        spec: of the run, or None.
    """
    specs = chain(study, spec)
    if None in specs:
        return {}
    records = [each.get("record", {}) for each in specs]
    read_from = [(each.get("dataset"), record.get("inputs", {})) for each, record in zip(specs, records, strict=True)]
    hashes = {inputs.get(path) for path, inputs in read_from if path}
    made = {"offline_seed": offline_seed(specs)}
    made["data"] = None if None in hashes else tuple(sorted(hashes))
    for name in MACHINE:
        values = [record.get(name) for record in records]
        made[name] = None if None in values else tuple(sorted({_text(value) for value in values}))
    codes = [record.get("code") for record in records]
    if all(codes):
        files = sorted({file for code in codes for file in code})
        made["code"] = {file: tuple(sorted({code[file] for code in codes if file in code})) for file in files}
    return made


def _text(value) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def read_records(study: Path, scores: pd.DataFrame) -> pd.DataFrame:
    """One row for every run of the scores and every offline and pre-aligned model of the study.

    Args:
        study: folder with runs/, offline/ and prealigned/.
        scores: rows of scores.csv.

    Returns:
        Columns `conditions.RECORD` and reward_scale, the factor of the rewards an online run learned from.
    """
    empty, rows = dict.fromkeys([*RECORD, "reward_scale"]), []
    for (method, task, seed), run in scores.groupby(["method", "task", "seed"], sort=False):
        spec, last = read(study / "runs" / method / task / f"seed{seed}" / "run.json"), run.iloc[-1]
        shared = (spec or {}).get("hyperparameters", {})
        budget, length = shared.get("online_episodes"), get_task(task).max_episode_steps
        row = {"name": method, "task": task, "seed": seed, "online": True, "cost_limit": float(last["cost_limit"])}
        row |= {"online_episodes": budget, "current": last["code"] != "changed"}
        row["complete"] = complete(int(last["episodes"]), int(last["env_steps"]), budget, length, last["status"])
        rows.append(empty | row | {"reward_scale": shared.get("reward_scale")} | record_of(study, spec))
    for path in sorted(path for stage, pattern in STAGES.items() for path in (study / stage).glob(pattern)):
        *name, task, folder, _ = path.relative_to(study).parts
        row = {"name": "/".join(name), "task": task, "seed": int(folder.removeprefix("seed"))}
        rows.append(empty | row | {"online": False, "current": True} | record_of(study, read(path)))
    return pd.DataFrame(rows, columns=[*RECORD, "reward_scale"], dtype=object)


def options(spec: dict) -> dict:
    """A spec's options; those of earlier records too."""
    return in_current_words(spec).get("options", {})


def read_offline(study: Path) -> pd.DataFrame:
    """Multipliers of the offline runs over their training: columns `OFFLINE`, a row per evaluation that has one."""
    frames = [pd.DataFrame(columns=OFFLINE)]
    for path in sorted((study / "offline").glob("*/*/seed*/progress.csv")):
        rows = pd.read_csv(path)
        if not {"updates", "multiplier"} <= set(rows):
            continue
        algorithm, task, folder, _ = path.relative_to(study / "offline").parts
        scale = options(read(path.with_name("run.json")) or {}).get("reward_scale")
        head = {"algorithm": algorithm, "task": task, "seed": int(folder.removeprefix("seed")), "reward_scale": scale}
        frames.append(rows[rows["multiplier"].notna()].assign(**head)[OFFLINE])
    return pd.concat(frames[1:], ignore_index=True) if len(frames) > 1 else frames[0]


def published_budgets() -> dict[str, int]:
    """{task: online episodes} of the official code."""
    with open(REFERENCE / "marvel_official_hyperparameters.csv", newline="", encoding="utf-8") as file:
        return {task_name(row["env"]): int(row["online_episodes"]) for row in csv.DictReader(file)}
