"""The verdict on each claim, and the numbers that it rests on."""

import re
from collections.abc import Iterable

import pandas as pd

from workflow.names import in_words, named, quoted
from workflow.page.inputs import Inputs
from workflow.page.numbers import number

FORMS = {"ours": "corrected methods", "official": "published form"}
METRICS = {
    "feasible_return_normalized": "feasible return (0 to 1)",
    "lost_return_normalized": "return lost since the start (0 to 1)",
    "train_cost": "cost per episode",
    "violation_rate": "share of episodes over the limit",
    "safe_rounds": "share of rounds within the limit",
    "multiplier_ratio": "log10 of offline over online multiplier",
    "rank_gain": "gain in rank correlation",
}


def section(inputs: Inputs) -> list[dict]:
    """One entry a claim, with a form for each that the study tests; `same` where all tasks have one reason."""
    parts, verdicts = inputs.tables["claims"], inputs.tables["verdicts"]
    made = []
    for name, claim in inputs.claims["claims"].items():
        forms = []
        for form, words in FORMS.items():
            own = verdicts[(verdicts["claim"] == name) & (verdicts["form"] == form)]
            if own.empty:
                continue
            total = own[own["task"] == "all"].iloc[0]
            rows = parts[(parts["claim"] == name) & (parts["form"] == form)]
            tasks = [_verdict(row) for row in own[own["task"] != "all"].to_dict("records")]
            forms.append(
                {
                    "form": form,
                    "words": words,
                    "verdict": total["verdict"],
                    "leaning": total["leaning"],
                    "why": _why(total["why"]),
                    "tasks": tasks,
                    "same": all(row["why"] == _why(total["why"]) for row in tasks),
                    "parts": [_part(row, inputs.labels) for row in rows[rows["n"] > 0].to_dict("records")],
                    "missing": _grouped(rows.loc[(rows["n"] == 0) & (rows["task"] != "all"), "why"]),
                }
            )
        made.append({"name": name} | {key: claim[key] for key in ("title", "sentence", "where")} | {"forms": forms})
    return made


def _why(reasons: str) -> str:
    """Reasons that semicolons part, grouped."""
    return "; ".join(_grouped(reasons.split("; ")))


def _grouped(reasons: Iterable[str]) -> list[str]:
    """Reasons, each once; those that say the same of several methods as one: "no runs of PEX / SO2"."""
    subjects: dict[tuple[str, str], list[str]] = {}
    for reason in map(quoted, dict.fromkeys(reasons)):
        found = re.match(r"(.*?)(`\w+`)(.*)", reason)
        before, name, after = found.groups() if found else ("", reason, "")
        subjects.setdefault((before, after), []).append(name)
    return [f"{before}{' / '.join(names)}{after}" for (before, after), names in subjects.items()]


def _verdict(row: dict) -> dict:
    told = {key: row[key] for key in ("task", "verdict", "leaning")}
    return told | {"why": _why(row["why"]), "p": p_text(row["p"])}


def _part(row: dict, labels: dict[str, str]) -> dict:
    interval = "" if pd.isna(row["low"]) else f"[{signed(row['low'])}, {signed(row['high'])}]"
    task = "all tasks" if row["task"] == "all" else row["task"]
    return {
        "task": task,
        "part": named(in_words(row["part"]), labels, labels),
        "metric": METRICS.get(row["metric"], row["metric"]),
        "n": int(row["n"]),
        "effect": signed(row["effect"]),
        "interval": interval,
        "p": p_text(row["p"]),
        "leaning": row["leaning"],
    }


def signed(value: float) -> str:
    """A difference or level with its sign where it is small enough to be a difference of shares."""
    return f"{value:+.3f}" if abs(value) < 1 else number(value)


def p_text(value: float) -> str:
    """A p-value as text, empty if there is none."""
    return "" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"
