"""The paper's claims, judged: what an interval says of a part, parts of a claim on a task, tasks of a claim."""

from pathlib import Path

import numpy as np
import pandas as pd

from marvel.errors import InputError
from workflow.statistics.intervals import bootstrap, fresh, mean, mean_interval
from workflow.statistics.measures import Missing, limit_of, measured, values

SUPPORTED, CONTRADICTED, UNDECIDED, NOT_TESTED = "supported", "contradicted", "undecided", "not tested"
SAME_UNIT = ("_normalized", "_rate", "_rounds", "_ratio", "_gain")  # metrics whose mean over tasks has a meaning
COLUMNS = ["claim", "form", "task", "part", "metric", "n", "effect", "low", "high", "standardized", "verdict", "why"]


def holds(rule: dict | str, middle: float, low: float, high: float, cost_limit: float) -> bool:
    """Whether an interval lies where a rule of claims.yaml wants it (`otherwise` is not a place: always False)."""
    if not isinstance(rule, dict):
        return False
    ((where, bound),) = rule.items()
    bound = cost_limit if bound == "cost_limit" else bound
    if where == "above":
        return low > bound
    if where == "below":
        return high < bound
    if where == "outside":
        return low > bound[1] or high < bound[0]
    if where == "inside":
        return low >= bound[0] and high <= bound[1]
    if where == "mean_at_most":
        return middle <= bound
    raise InputError(f"claims.yaml: {where!r} is no rule; allowed are above, below, outside, inside, mean_at_most.")


def judge(part: dict, numbers: np.ndarray, cost_limit: float, minimum: int) -> dict:
    """Effect, interval and verdict of a part on one task.

    Args:
        part: of claims.yaml; one of `beside` has no rules and gets no verdict.
        numbers: (seeds,) differences or values.
        cost_limit: per episode.
        minimum: seeds below which nothing is decided.

    Returns:
        n, effect, low, high, standardized (mean of a difference over seeds divided by its standard deviation:
        Cohen's d of pairs), verdict, why.
    """
    middle, low, high = map(float, mean_interval(numbers, fresh()))
    spread = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else np.nan
    standardized = middle / spread if spread > 0 and "second" in part else np.nan
    row = {"n": len(numbers), "effect": middle, "low": low, "high": high, "standardized": standardized, "why": ""}
    if "supported" not in part:
        return row | {"verdict": ""}
    if len(numbers) < minimum:
        return row | {"verdict": UNDECIDED, "why": f"fewer than {minimum} seeds"}
    supported = holds(part["supported"], middle, low, high, cost_limit)
    against = not supported if part["contradicted"] == "otherwise" else None
    if against is None:
        against = holds(part["contradicted"], middle, low, high, cost_limit)
    return row | {"verdict": SUPPORTED if supported else CONTRADICTED if against else UNDECIDED}


def combine(verdicts: list[str], supported: str, contradicted: str) -> str:
    """A claim's verdict on one task from those of its parts; `supported` and `contradicted` are `all` or `any`."""
    if NOT_TESTED in verdicts:
        return NOT_TESTED
    test = {"all": all, "any": any}
    if test[supported](verdict == SUPPORTED for verdict in verdicts):
        return SUPPORTED
    return CONTRADICTED if test[contradicted](verdict == CONTRADICTED for verdict in verdicts) else UNDECIDED


def overall(verdicts: list[str]) -> str:
    """A claim's verdict over tasks: more than half of all of them, tested or not, and none against."""
    if set(verdicts) <= {NOT_TESTED}:
        return NOT_TESTED
    for wanted, other in ((SUPPORTED, CONTRADICTED), (CONTRADICTED, SUPPORTED)):
        if 2 * verdicts.count(wanted) > len(verdicts) and other not in verdicts:
            return wanted
    return UNDECIDED


def official_form(part: dict, methods: set[str]) -> dict:
    """The part with every line replaced by its official form where the study has one."""
    return part | {
        key: f"{part[key]}_official" for key in ("first", "second", "method") if f"{part.get(key)}_official" in methods
    }


def _mixed(parts: list[dict]) -> bool:
    """Whether an official method stands beside one that is not: then more than what is ablated differs."""
    return any(len({part[key].endswith("_official") for key in ("first", "second")}) > 1 for part in parts)


def _wording(part: dict) -> str:
    text = f"{part['first']} - {part['second']}" if "second" in part else part.get("method", "")
    return f"{part['name']} ({text})" if "name" in part and text else part.get("name", text)


def fill_in(
    claims: dict, scores: pd.DataFrame, study: Path, ranks: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Judge every claim on every task, in our form and, where lines exist, in the official one.

    Args:
        claims: claims.yaml.
        scores: rows of scores.csv.
        study: the study's folder.
        ranks: Table 1's numbers.

    Returns:
        Parts (columns `COLUMNS`; task `all` holds the mean over tasks) and verdicts (claim, form, task, verdict, why).
    """
    seeds, minimum = measured(scores), claims["minimum_seeds"]
    methods, parts, verdicts = set(seeds["method"]), [], []
    for name, claim in claims["claims"].items():
        listed = [*claim["parts"], *claim.get("beside", [])]
        forms = {"ours": listed}
        official = [official_form(part, methods) for part in listed]
        if official != listed and not (claim.get("ablation") and _mixed(official)):
            forms["official"] = official
        for form, form_parts in forms.items():
            found, reached = [], {position: {} for position in range(len(form_parts))}
            for task in dict.fromkeys(seeds["task"]):
                if claim["tasks"] != "all" and task not in claim["tasks"]:
                    continue
                judged = []
                for position, part in enumerate(form_parts):
                    row = {"claim": name, "form": form, "task": task, "part": _wording(part), "metric": part["metric"]}
                    try:
                        numbers = values(part, task, seeds, study, ranks)
                        reached[position][task] = numbers
                        row |= judge(part, numbers.to_numpy(dtype=np.float64), limit_of(part, task, seeds), minimum)
                    except Missing as reason:
                        row |= {"n": 0, "verdict": NOT_TESTED if "supported" in part else "", "why": str(reason)}
                    parts.append(row)
                    judged += [row] * ("supported" in part)
                verdict = combine([row["verdict"] for row in judged], claim["supported"], claim["contradicted"])
                why = (
                    "; ".join(dict.fromkeys(row["why"] for row in judged if row["why"])) if verdict != SUPPORTED else ""
                )
                found.append({"claim": name, "form": form, "task": task, "verdict": verdict, "why": why})
            if claim["tasks"] != "all" and found:
                absent = [task for task in claim["tasks"] if task not in set(seeds["task"])]
                head = {"claim": name, "form": form, "verdict": NOT_TESTED}
                found += [head | {"task": task, "why": f"{task} is not in the study"} for task in absent]
            if sum(row["verdict"] != NOT_TESTED for row in found) > 1:
                parts += [_over_tasks(name, form, part, reached[place]) for place, part in enumerate(form_parts)]
            why = "" if found else f"none of {', '.join(claim['tasks'])} is in the study"
            why = why or "; ".join(dict.fromkeys(row["why"] for row in found if row["why"]))
            total = overall([row["verdict"] for row in found])
            verdicts += [*found, {"claim": name, "form": form, "task": "all", "verdict": total, "why": why}]
    return pd.DataFrame(parts, columns=COLUMNS), pd.DataFrame(verdicts)


def _over_tasks(name: str, form: str, part: dict, numbers: dict[str, pd.Series]) -> dict:
    """The mean effect over tasks with a stratified interval, for metrics that have one unit on all tasks."""
    row = {"claim": name, "form": form, "task": "all", "part": _wording(part), "metric": part["metric"], "verdict": ""}
    same = numbers and part["metric"].endswith(SAME_UNIT)
    table = pd.DataFrame(numbers).to_numpy(dtype=np.float64) if same else np.full((1, 1), np.nan)
    if np.isnan(table).any():
        return row | {"n": 0, "why": "no mean over tasks" if numbers else ""}
    effect, low, high = map(float, bootstrap((table,), mean, fresh()))
    return row | {"n": len(table), "effect": effect, "low": low, "high": high, "why": ""}
