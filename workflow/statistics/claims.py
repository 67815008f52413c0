"""The paper's claims, judged: parts on a task, claims on a task and over tasks, in our form and the official one."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow.statistics.conditions import Published, check
from workflow.statistics.intervals import t_interval, t_interval_over_tasks
from workflow.statistics.measures import Evidence, Missing, NotRun, diverged, limit_of, values
from workflow.statistics.verdicts import (
    CONTRADICTED,
    NOT_TESTED,
    SUPPORTED,
    UNDECIDED,
    combine,
    decide,
    holds,
    is_test,
    joined,
    overall,
    part_p_values,
)

SAME_UNIT = ("_normalized", "_rate", "_rounds", "_ratio", "_gain")  # metrics whose mean over tasks has a meaning
KEYS = ["claim", "form", "task"]
COLUMNS = [*KEYS, "part", "metric", "n", "effect", "low", "high", "standardized", "p", "leaning", "why"]
VERDICTS = [*KEYS, "verdict", "p", "leaning", "why"]
SIDES = ("first", "second", "method")


def forms(claim: dict, methods: set[str]) -> dict[str, list[dict]]:
    """The parts of a claim in our form and, if the study has any of its methods in the published form, in that.

    An official verdict stands between official entries only: `x` becomes `x_official` on every side, and a part keeps
    the name of a method that has none, as `lacks`.

    Args:
        claim: of claims.yaml.
        methods: of the study.
    """
    listed = [*claim["parts"], *claim.get("beside", [])]
    named = {part[key] for part in listed for key in SIDES if key in part}
    made = {"ours": listed}
    if any(f"{name}_official" in methods for name in named):
        made["official"] = [_official(part, methods) for part in listed]
    return made


def _official(part: dict, methods: set[str]) -> dict:
    names = {key: f"{part[key]}_official" for key in SIDES if key in part}
    lacking = [part[key] for key, name in names.items() if name not in methods]
    return part | names | ({"lacks": lacking[0]} if lacking else {})


def wording(part: dict) -> str:
    """A part in words: its name and what it compares."""
    text = f"{part['first']} - {part['second']}" if "second" in part else part.get("method", "")
    return f"{part['name']} ({text})" if "name" in part and text else part.get("name", text)


def judge(part: dict, numbers: np.ndarray, cost_limit: float, minimum: int) -> dict:
    """A part on one task.

    Args:
        part: of claims.yaml; one of `beside` has no rules and gets neither p-values nor a leaning.
        numbers: (seeds,) differences or values.
        cost_limit: per episode.
        minimum: seeds below which nothing is decided.

    Returns:
        n, effect, low, high (a t interval), standardized (mean of a difference over its standard deviation over seeds:
        Cohen's d of pairs), supported and contradicted (p-values, missing with too few seeds), p (twice the smaller
        of those that are tests), leaning (where the mean lies), why.
    """
    middle, low, high = map(float, t_interval(numbers))
    spread = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else np.nan
    standardized = middle / spread if spread > 0 and "second" in part else np.nan
    row = {"n": len(numbers), "effect": middle, "low": low, "high": high, "standardized": standardized, "why": ""}
    if "supported" not in part:
        return row
    leaning = SUPPORTED if holds(part["supported"], middle, cost_limit) else UNDECIDED
    against = part["contradicted"]
    if leaning != SUPPORTED and (against == "otherwise" or holds(against, middle, cost_limit)):
        leaning = CONTRADICTED
    row["leaning"] = leaning
    if len(numbers) < minimum:
        return row | {"why": f"fewer than {minimum} seeds"}
    sides = dict(zip((SUPPORTED, CONTRADICTED), map(float, part_p_values(part, numbers, cost_limit)), strict=True))
    tests = [p for side, p in sides.items() if is_test(part[side])]
    return row | sides | {"p": min(1.0, 2 * min(tests))}


def _measure(part: dict, task: str, evidence: Evidence, minimum: int) -> tuple[dict, pd.Series | None]:
    """A part's row on one task, and its numbers by seed (None where it cannot be measured)."""
    try:
        if "lacks" in part:
            raise Missing(f"`{part['lacks']}` has no published form in this study")
        numbers = values(part, task, evidence)
        cost_limit = limit_of(part, task, evidence.seeds)
    except Missing as reason:
        return {"n": 0, "why": str(reason), "missing": True, "run": not isinstance(reason, NotRun)}, None
    row = judge(part, numbers.to_numpy(dtype=np.float64), cost_limit, minimum)
    if "supported" in part and (stopped := diverged(part, task, evidence.seeds)):
        row |= {"leaning": UNDECIDED, "why": "; ".join(filter(None, [row["why"], f"{stopped} diverged"]))}
        row |= {"supported": 1.0, "contradicted": 1.0, "p": 1.0} if "p" in row else {}
    return row, numbers


def _names(part: dict) -> list[str]:
    """The records that a part rests on."""
    stages = [f"{key}/{part[key]}" for key in ("offline", "prealigned") if key in part]
    return [*(part[key] for key in SIDES if key in part), *stages]


def _case(claim: dict, rows: list[dict], reasons: dict[str, str]) -> dict:
    """What the parts and conditions of a claim on a task amount to, before Holm: verdict, p-values, leaning, why.

    Args:
        claim: of claims.yaml.
        rows: of its parts that have rules.
        reasons: of the conditions that fail.
    """
    whys = list(dict.fromkeys([*(row["why"] for row in rows), *reasons.values()]))
    why = "; ".join(filter(None, whys))
    if any("missing" in row for row in rows):
        return {"verdict": NOT_TESTED, "leaning": "", "why": why}
    few, leaning = any("p" not in row for row in rows), ""
    if few:
        leaning = combine([row["leaning"] for row in rows], claim["supported"], claim["contradicted"])
    if few or reasons:
        return {"verdict": NOT_TESTED if reasons else UNDECIDED, "leaning": leaning, "why": why}
    sides = {side: joined([row[side] for row in rows], claim[side]) for side in (SUPPORTED, CONTRADICTED)}
    return {"verdict": "", "leaning": "", "why": why, "sides": tuple(map(float, sides.values()))}


class Judged(NamedTuple):
    """A claim in one form on one task."""

    rows: list[dict]  # of its parts
    numbers: list[pd.Series | None]  # of each part by seed; None where it cannot be measured
    reasons: dict[str, str]  # {condition: why it fails, or ""}
    case: dict  # before Holm's procedure


def _judged(
    claim: dict, listed: list[dict], task: str, evidence: Evidence, published: Published, minimum: int
) -> Judged:
    """Judge the parts of a claim on a task; `listed` as returned by `forms`, the rest as in `fill_in` and `judge`."""
    measured = [_measure(part, task, evidence, minimum) for part in listed]
    ruled = [row for part, (row, _) in zip(listed, measured, strict=True) if "supported" in part]
    known = [part for part, (row, _) in zip(listed, measured, strict=True) if "missing" not in row]
    reasons = _conditions([part for part in known if "supported" in part], task, evidence, published)
    failing = {key: why for key, why in reasons.items() if why}
    case = {"task": task, "run": any(row.get("run", True) for row in ruled), **_case(claim, ruled, failing)}
    rows = [
        {"task": task, "part": wording(part), "metric": part["metric"], **row}
        for part, (row, _) in zip(listed, measured, strict=True)
    ]
    return Judged(rows, [numbers for _, numbers in measured], reasons, case)


def _absent(claim: dict, tasks: list[str]) -> list[dict]:
    """Cases of the tasks that a claim names and the study does not have."""
    named = [] if claim["tasks"] == "all" else claim["tasks"]
    return [
        {"task": task, "run": True, "verdict": NOT_TESTED, "leaning": "", "why": f"{task} is not in the study"}
        for task in named
        if task not in tasks
    ]


def fill_in(claims: dict, evidence: Evidence, published: Published) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Judge every claim on every task and over all.

    Args:
        claims: claims.yaml.
        evidence: of the study.
        published: what the conditions ask for.

    Returns:
        Parts (columns `COLUMNS`; task `all` holds the mean over tasks), verdicts (columns `VERDICTS`) and conditions
        (claim, form, task, condition, reason; an empty reason where it holds).
    """
    methods, tasks = set(evidence.seeds["method"]), list(dict.fromkeys(evidence.seeds["task"]))
    parts, cases, conditions = [], [], []
    for name, claim in claims["claims"].items():
        asked = tasks if claim["tasks"] == "all" else [task for task in tasks if task in claim["tasks"]]
        for form, listed in forms(claim, methods).items():
            head = {"claim": name, "form": form}
            judged = {
                task: _judged(claim, listed, task, evidence, published, claims["minimum_seeds"]) for task in asked
            }
            for task, one in judged.items():
                parts += [head | row for row in one.rows]
                conditions += [
                    head | {"task": task, "condition": key, "reason": why} for key, why in one.reasons.items()
                ]
            cases += [head | case for case in (*(one.case for one in judged.values()), *_absent(claim, tasks))]
            if len(asked) > 1:
                by_part = zip(listed, zip(*(one.numbers for one in judged.values()), strict=True), strict=True)
                parts += [head | _over_tasks(part, dict(zip(asked, numbers, strict=True))) for part, numbers in by_part]
    verdicts = _decided(cases)
    frame = pd.DataFrame(parts, columns=COLUMNS).fillna({"leaning": "", "why": ""})
    return frame, verdicts, pd.DataFrame(conditions, columns=[*KEYS, "condition", "reason"])


def _conditions(parts: list[dict], task: str, evidence: Evidence, published: Published) -> dict[str, str]:
    """{condition: the first reason why it fails for any of the parts, or ""}; empty without parts."""
    reasons: dict[str, str] = {}
    for part in parts:
        found = check(_names(part), task, evidence.records, published)
        reasons = {key: reasons.get(key) or why for key, why in found.items()}
    return reasons


def _decided(cases: list[dict]) -> pd.DataFrame:
    """Cases with verdicts by Holm's procedure over all that are tested, and each claim's verdict over its tasks.

    A task on which each part of a claim lacks the runs of a side does not count among the claim's tasks, unless all do.
    """
    family = [case for case in cases if "sides" in case]
    if family:
        supported, contradicted = np.array([case.pop("sides") for case in family]).T
        for case, verdict, p in zip(family, *decide(supported, contradicted), strict=True):
            case |= {"verdict": str(verdict), "p": float(p), "why": case["why"] if verdict == UNDECIDED else ""}
    table, made = pd.DataFrame(cases, columns=[*VERDICTS, "run"]), []
    for (claim, form), rows in table.groupby(["claim", "form"], sort=False):
        counted = rows[rows["run"]] if rows["run"].any() else rows
        verdict = overall(list(counted["verdict"]))
        leaning = ""
        if verdict in (UNDECIDED, NOT_TESTED) and (counted["leaning"] != "").any():
            leaning = overall(list(counted["leaning"].where(counted["leaning"] != "", counted["verdict"])))
        whys = [*counted["why"], *(f"not run on {task}" for task in rows["task"][~rows["run"] & rows["run"].any()])]
        why = "; ".join(dict.fromkeys(filter(None, "; ".join(whys).split("; "))))
        total = {"claim": claim, "form": form, "task": "all", "verdict": verdict, "leaning": leaning, "why": why}
        made += [rows[VERDICTS], pd.DataFrame([total], columns=VERDICTS)]
    return pd.concat(made, ignore_index=True).astype({"p": float}) if made else table[VERDICTS]


def _over_tasks(part: dict, numbers: dict[str, pd.Series | None]) -> dict:
    """The mean effect over tasks with a t interval, for metrics that have one unit on all tasks and the same seeds."""
    row = {"task": "all", "part": wording(part), "metric": part["metric"]}
    if not part["metric"].endswith(SAME_UNIT) or any(found is None for found in numbers.values()):
        return row | {"n": 0, "why": "no mean over tasks"}
    table = pd.DataFrame(numbers).to_numpy(dtype=np.float64)
    if np.isnan(table).any() or len(table) < 2:
        return row | {"n": 0, "why": "no mean over tasks"}
    effect, low, high = t_interval_over_tasks(table.T)
    return row | {"n": len(table), "effect": effect, "low": low, "high": high, "why": ""}
