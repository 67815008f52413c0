"""claims.md: each claim with its verdict, then the numbers behind it."""

import pandas as pd

from workflow.scripts.tables import markdown_table, number
from workflow.scripts.tuning import sentence

UNITS = {
    "feasible_return_normalized": "feasible return (DSRL's 0 to 1)",
    "lost_return_normalized": "return lost since the start (DSRL's 0 to 1)",
    "train_cost": "cost per episode",
    "violation_rate": "violation rate",
    "safe_rounds": "share of rounds within the limit",
    "multiplier_ratio": "log10 of offline over online multiplier",
    "rank_gain": "gain in Spearman's correlation",
}


def markdown(claims: dict, parts: pd.DataFrame, verdicts: pd.DataFrame) -> str:
    """The ledger.

    Args:
        claims: claims.yaml.
        parts: as returned by `claims.fill_in`.
        verdicts: as returned by `claims.fill_in`.
    """
    lines = ["# The paper's claims in this study", "", *_preface(claims, parts["task"]), ""]
    rows = []
    for name, claim in claims["claims"].items():
        own = verdicts[verdicts["claim"] == name]
        cells = [_verdict(own[own["form"] == form]) for form in ("ours", "official")]
        rows.append([name, claim["title"], *cells, _why(own[(own["form"] == "ours") & (own["task"] == "all")])])
    lines += [*markdown_table(["", "claim", "verdict", "in official form", "why"], rows, ":--"), ""]
    for name, claim in claims["claims"].items():
        lines += [f"## {name} {claim['title']}", "", f"*{claim['sentence']}* ({claim['where']})", ""]
        for form in ("ours", "official"):
            mine = parts[(parts["claim"] == name) & (parts["form"] == form)]
            if mine.empty or not mine["n"].sum():
                continue
            if form == "official":
                lines += ["In official form, every line replaced that has one:", ""]
            lines += [*_table(mine, verdicts[(verdicts["claim"] == name) & (verdicts["form"] == form)]), ""]
        missing = parts[(parts["claim"] == name) & (parts["n"] == 0) & (parts["why"] != "") & (parts["task"] != "all")]
        reasons = list(dict.fromkeys(missing["why"]))
        if reasons:
            lines += [f"Not measured: {'; '.join(reasons)}.", ""]
    return "\n".join(lines)


def _preface(claims: dict, tasks: pd.Series) -> list[str]:
    return [
        f"Rules: `workflow/reference/claims.yaml`, written {claims['written']}.",
        "",
        f"With fewer than {claims['minimum_seeds']} seeds a claim is undecided, whatever the numbers. On a task, a "
        "part is supported or contradicted only where its whole 95 % bootstrap interval over seeds lies on that side "
        "(with 5 seeds such an interval is little more than their range). Overall: on more than half of the tasks, and "
        "on none the other way. A claim with a part that this study cannot answer is not tested."
        + sentence(tasks[tasks != "all"]),
    ]


def _verdict(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "–"
    total = rows.loc[rows["task"] == "all", "verdict"].iloc[0]
    tasks = rows[rows["task"] != "all"]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in tasks["verdict"].value_counts(sort=False).items())
    return f"**{total}**" + (f" ({counts})" if len(tasks) > 1 else "")


def _why(rows: pd.DataFrame) -> str:
    return rows["why"].iloc[0] if len(rows) else ""


def _table(parts: pd.DataFrame, verdicts: pd.DataFrame) -> list[str]:
    rows = []
    for task in parts["task"].unique():
        mine = parts[(parts["task"] == task) & (parts["n"] > 0)]
        for row in mine.itertuples(index=False):
            interval = "" if pd.isna(row.low) else f" [{_number(row.low)}, {_number(row.high)}]"
            standardized = "–" if pd.isna(row.standardized) else number(row.standardized)
            effect = f"{_number(row.effect)}{interval}"
            place = "all tasks" if task == "all" else task
            wording, unit = row.part, UNITS.get(row.metric, row.metric)
            rows.append([place, wording, unit, str(int(row.n)), effect, standardized, row.verdict or "–"])
        if task != "all":
            verdict = verdicts.loc[verdicts["task"] == task, "verdict"].iloc[0]
            rows.append([task, "**the claim**", "", "", "", "", f"**{verdict}**"])
    header = ["task", "comparison", "of", "n", "effect [interval]", "effect / spread of seeds", "verdict"]
    return markdown_table(header, rows, ":--")


def _number(value: float) -> str:
    return f"{value:+.3f}" if abs(value) < 1 else number(value)
