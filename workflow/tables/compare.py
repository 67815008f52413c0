"""Our numbers beside every published one of the study's tasks; two cost limits never meet in a row."""

import re

import numpy as np
import pandas as pd

from workflow.statistics.intervals import fresh, mean_interval
from workflow.tables.beside import count
from workflow.tables.page import ends, markdown_table
from workflow.tables.published import MEAN_OF_LIMITS, number, published
from workflow.tables.source import Source

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
LEGEND = (
    "Published values stand as their source gives them, ± its spread. Ours are means [intervals] over n seeds of the "
    "nearest line of this study: the policy alone for offline algorithms, the last fifth of training for online ones. "
    "A dash: no such line here. Two cost limits never share a table, so means over three limits stand apart and show "
    "an order of size. Most rest on other data and budgets than ours; each number's note and source are in compare.csv."
)
OUR_COLUMNS = {  # quantity: per-seed column of an evaluated policy, of a trained one
    "return": ("eval_return", "train_return"),
    "cost": ("eval_cost", "train_cost"),
    "normalised return": ("eval_return_normalized", "train_return_normalized"),
    "normalised cost": ("eval_cost_normalized", "train_cost_normalized"),
}


def make(source: Source) -> tuple[str, dict[str, pd.DataFrame]]:
    """The page and compare.csv."""
    table = beside(published(), source.seeds)
    return markdown(table, source.seeds), {"compare.csv": table}


def beside(reference: pd.DataFrame, seeds: pd.DataFrame) -> pd.DataFrame:
    """Put our counterpart's mean and interval beside each published number of the study's tasks.

    Args:
        reference: as returned by `published.published`.
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


def markdown(table: pd.DataFrame, seeds: pd.DataFrame) -> str:
    """The page: for each task our nearest lines, then what was published under our cost limit with ours beside.

    Args:
        table: as returned by `beside`.
        seeds: per_seed.csv.
    """
    limits = sorted(seeds["cost_limit"].unique())
    lines = ["# Published numbers beside ours", "", LEGEND, ""]
    rows = table[~table["note"].str.contains("do not use")]
    ours = rows[rows["published_limit"].isin(limits)]
    means = rows[rows["note"].str.startswith(MEAN_OF_LIMITS)]
    shown = pd.concat([ours, means])
    for task in dict.fromkeys(shown["task"]):
        lines += [f"## {task}", ""]
        for limit in limits:
            lines += _lines(seeds[(seeds["task"] == task) & (seeds["cost_limit"] == limit)], limit)
            here = ours[(ours["task"] == task) & (ours["published_limit"] == limit)]
            for prefix, units in (("normalised ", "DSRL's units"), ("", "raw units")):
                lines += _grid(here, prefix, f"Cost limit {limit:g}, {units}:")
        lines += _grid(means[means["task"] == task], "normalised ", "Means over three limits, in DSRL's units:")
    if shown.empty:
        lines += ["No number is known for these tasks and cost limits.", ""]
    rest = len(table) - len(shown)
    lines += [f"compare.csv holds {rest} more numbers: under other or unknown cost limits, or marked as doubtful.", ""]
    lines += ["Sources:", ""]
    for source, part in shown.groupby("source", sort=False):
        lines += [f"- {', '.join(f'`{file}`' for file in dict.fromkeys(part['file']))}: {source}"]
    return "\n".join([*lines, ""])


def _grid(rows: pd.DataFrame, prefix: str, title: str) -> list[str]:
    """Title and table of the returns and costs in one unit; no lines if there are none."""
    quantities = [f"{prefix}return", f"{prefix}cost"]
    rows = rows[rows["quantity"].isin(quantities)]
    if rows.empty:
        return []
    cells = []
    keys = ["file", "algorithm", rows["published_env_steps"].fillna("")]
    for (file, algorithm, steps), part in rows.groupby(keys, sort=False):
        by = [part[part["quantity"] == quantity] for quantity in quantities]
        own = part[part["ours"].notna()]
        name, n = (f"`{own['method'].iloc[0]}`", f"{own['n'].iloc[0]:g}") if len(own) else ("–", "–")
        here = [name, n, *map(_ours, by)] if rows["ours"].notna().any() else []
        told = f"{algorithm}{f' at {steps}' if steps else ''}"
        cells.append([told, *map(_published, by), *here, file.removesuffix(".csv")])
    ours = ["ours", "n", "our return", "our cost"] if rows["ours"].notna().any() else []
    return [title, "", *markdown_table(["published", "return", "cost", *ours, "source"], cells), ""]


def _lines(seeds: pd.DataFrame, limit: float) -> list[str]:
    """Title and table of our own lines that are the nearest to some published algorithm, in DSRL's units."""
    cells = []
    for method in dict.fromkeys(COUNTERPARTS.values()):
        runs = seeds[seeds["method"] == method]
        columns = (OUR_COLUMNS[f"normalised {name}"][method in ONLINE] for name in ("return", "cost"))
        numbers = [
            ends(*mean_interval(runs[name].to_numpy(dtype=np.float64), fresh())) for name in columns if len(runs)
        ]
        nearest = [name for name, ours in COUNTERPARTS.items() if ours == method and name != "SACLag"]
        cells += [[f"`{method}`", ", ".join(nearest), str(len(runs)), *numbers]] if len(runs) else []
    title = f"This study, cost limit {limit:g}, in DSRL's units:"
    return [title, "", *markdown_table(["ours", "nearest to", "n", "return", "cost"], cells), ""] if cells else []


def _published(rows: pd.DataFrame) -> str:
    """A published value with its spread; of several seeds their mean."""
    if rows.empty:
        return "–"
    if len(rows) > 1:
        return f"{rows['published'].map(number).mean():.4g} ({len(rows)} seeds)"
    spread = rows["published_spread"].iloc[0]
    return rows["published"].iloc[0] + (f" ± {spread}" if spread else "")


def _ours(rows: pd.DataFrame) -> str:
    """Our mean with its interval; a dash without a counterpart."""
    known = rows[rows["ours"].notna()]
    return "–" if known.empty else ends(*known[["ours", "ours_low", "ours_high"]].iloc[0].astype(float))
