"""claims.md: under which conditions each claim was judged, its verdict, then the numbers behind it."""

import pandas as pd

from workflow.captions import difference_sentence, diverged_sentence, interval_sentences
from workflow.names import in_words, quoted
from workflow.statistics.conditions import CONDITIONS
from workflow.statistics.verdicts import ERROR, NOT_TESTED, POWER, UNDECIDED, detectable
from workflow.tables.page import markdown_table, number
from workflow.tuning import sentence

UNITS = {
    "feasible_return_normalized": "feasible return (DSRL's 0 to 1)",
    "lost_return_normalized": "return lost since the start (DSRL's 0 to 1)",
    "train_cost": "cost per episode",
    "violation_rate": "violation rate",
    "safe_rounds": "share of rounds within the limit",
    "multiplier_ratio": "log10 of offline over online multiplier",
    "rank_gain": "gain in Spearman's correlation",
}
FORMS = ("ours", "official")
SHOWN = 3  # reasons named for a condition that fails


def markdown(
    claims: dict, parts: pd.DataFrame, verdicts: pd.DataFrame, conditions: pd.DataFrame, seeds: pd.DataFrame
) -> str:
    """The ledger.

    Args:
        claims: claims.yaml.
        parts: as returned by `claims.fill_in`.
        verdicts: as returned by `claims.fill_in`.
        conditions: as returned by `claims.fill_in`.
        seeds: as made by `per_seed`.
    """
    lines = ["# The paper's claims in this study", "", *_preface(claims, parts, verdicts, seeds), ""]
    lines += ["## Conditions", "", *_conditions(conditions), "", "## Verdicts", ""]
    rows = []
    for name, claim in claims["claims"].items():
        own = verdicts[verdicts["claim"] == name]
        ours, official = (own[own["form"] == form] for form in FORMS)
        rows.append(
            [name, claim["title"], _verdict(ours), _leaning(ours), _verdict(official), quoted(_total(ours, "why"))]
        )
    header = ["", "claim", "verdict", "leaning", "in published form", "why not decided"]
    lines += [*markdown_table(header, rows, ":--"), ""]
    for name, claim in claims["claims"].items():
        lines += [f"## {name} {claim['title']}", "", f"*{claim['sentence']}* ({claim['where']})", ""]
        for form in FORMS:
            mine = parts[(parts["claim"] == name) & (parts["form"] == form)]
            if mine.empty or not mine["n"].sum():
                continue
            if form == "official":
                lines += ["In published form:", ""]
            lines += [*_table(mine, verdicts[(verdicts["claim"] == name) & (verdicts["form"] == form)]), ""]
        missing = parts[(parts["claim"] == name) & (parts["n"] == 0) & (parts["why"] != "") & (parts["task"] != "all")]
        reasons = list(dict.fromkeys(map(quoted, missing["why"])))
        if reasons:
            lines += [f"Not measured: {'; '.join(reasons)}.", ""]
    return "\n".join(lines)


def _preface(claims: dict, parts: pd.DataFrame, verdicts: pd.DataFrame, seeds: pd.DataFrame) -> list[str]:
    compared = parts[(parts["n"] > 1) & (parts["task"] != "all")]
    tested = verdicts[verdicts["p"].notna()]
    minimum = claims["minimum_seeds"]
    lines = [
        f"Rules: `workflow/reference/claims.yaml`, written {claims['written']}.",
        "",
        "A claim is *not tested* on a task where a part cannot be measured or a condition below does not hold. With "
        f"fewer than {minimum} seeds it is *undecided*; *leaning* then says where the means point, which is no "
        "verdict. Else each part is a t test over seeds, paired where two methods are compared. A claim that needs all "
        "of its parts takes the largest of their p-values; one for which any part is enough takes the smallest times "
        "the number of parts. All verdicts of this page, in both forms, are one family: Holm's procedure keeps the "
        f"chance of even one false verdict at {100 * ERROR:.0f} %. So an interval may lie on one side of 0 where the "
        "verdict is undecided. Overall: on more than half of the tasks, and on none the other way.",
    ]
    if len(tested):
        n, size = int(parts.loc[parts["p"].notna(), "n"].mode().max()), len(tested)
        lines += [
            "",
            f"Family of {size} verdict{'s' if size > 1 else ''}. With n = {n} a single comparison is decided with "
            f"probability {POWER:g} if the true difference is {detectable(n, size):.1f} standard deviations of the "
            f"seeds' differences, or {detectable(n, 1):.1f} once all other verdicts stand.",
        ]
    remarks = diverged_sentence(seeds) + sentence(dict.fromkeys(seeds["task"]))
    if len(compared):
        lines += ["", interval_sentences(compared["n"], difference_sentence) + remarks]
    elif remarks:
        lines += ["", remarks.strip()]
    return lines


def _conditions(conditions: pd.DataFrame) -> list[str]:
    """A row for each condition: in how many cases (a claim in a form on a task) it holds, and why not."""
    if conditions.empty:
        return ["No claim has runs in this study."]
    rows = []
    for key, text in CONDITIONS.items():
        reasons = conditions.loc[conditions["condition"] == key, "reason"]
        failing = reasons[reasons != ""]
        distinct = list(dict.fromkeys(map(quoted, failing)))
        told = "; ".join(distinct[:SHOWN]) + (f"; {len(distinct) - SHOWN} more" if len(distinct) > SHOWN else "")
        rows.append([text, f"{len(reasons) - len(failing)} of {len(reasons)}", told])
    return markdown_table(["condition", "holds for (claims and tasks)", "where not"], rows, ":--")


def _total(rows: pd.DataFrame, column: str) -> str:
    return rows.loc[rows["task"] == "all", column].iloc[0] if len(rows) else ""


def _verdict(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "–"
    tasks = rows[rows["task"] != "all"]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in tasks["verdict"].value_counts(sort=False).items())
    return f"**{_total(rows, 'verdict')}**" + (f" ({counts})" if len(tasks) > 1 else "")


def _leaning(rows: pd.DataFrame) -> str:
    tasks = rows[(rows["task"] != "all") & (rows["leaning"] != "")]
    if tasks.empty:
        return "–"
    counts = ", ".join(f"{count} {_open(value)}" for value, count in tasks["leaning"].value_counts(sort=False).items())
    return f"{_open(_total(rows, 'leaning'))} ({counts})" if len(tasks) > 1 else _open(tasks["leaning"].iloc[0])


def _open(leaning: str) -> str:
    """A leaning to neither side is no verdict of that name."""
    return "neither" if leaning in ("", UNDECIDED, NOT_TESTED) else leaning


def _table(parts: pd.DataFrame, verdicts: pd.DataFrame) -> list[str]:
    rows = []
    for task in parts["task"].unique():
        mine = parts[(parts["task"] == task) & (parts["n"] > 0)]
        for row in mine.itertuples(index=False):
            interval = "" if pd.isna(row.low) else f" [{_number(row.low)}, {_number(row.high)}]"
            standardized = "–" if pd.isna(row.standardized) else number(row.standardized)
            place = "all tasks" if task == "all" else task
            leaning = _open(row.leaning) if row.leaning else "–"
            cells = [f"{_number(row.effect)}{interval}", standardized, _p(row.p), leaning]
            rows.append([place, in_words(row.part), UNITS.get(row.metric, row.metric), str(int(row.n)), *cells])
        if task != "all":
            of_task = verdicts[verdicts["task"] == task].iloc[0]
            rows.append([task, "**the claim**", "", "", "", "", _p(of_task["p"]), f"**{of_task['verdict']}**"])
    header = ["task", "comparison", "of", "n", "effect [interval]", "effect / spread of seeds", "p", "means point to"]
    return markdown_table(header, rows, ":--")


def _p(value: float) -> str:
    return "–" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _number(value: float) -> str:
    return f"{value:+.3f}" if abs(value) < 1 else number(value)
