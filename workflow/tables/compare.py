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
    "Published values stand as their source gives them, ± its spread. Ours are means with intervals over n seeds of the "
    "nearest line of this study: of the policies alone for offline algorithms, of the last fifth of training for online "
    "ones. A dash: no such line here. Means over three limits belong to no single limit: they show an order of size. "
    "Other data, budgets and evaluation than ours are behind most of them; note and source of each are in compare.csv."
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
    return markdown(table, sorted(source.seeds["cost_limit"].unique())), {"compare.csv": table}


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


def markdown(table: pd.DataFrame, limits: list[float]) -> str:
    """The page: for each task what was published under our cost limit, raw and normalised, with ours beside.

    Args:
        table: as returned by `beside`.
        limits: the study's cost limits.
    """
    lines = ["# Published numbers beside ours", "", LEGEND, ""]
    rows = table[~table["note"].str.contains("do not use")]
    ours = rows[rows["published_limit"].isin(limits)]
    means = rows[rows["note"].str.startswith(MEAN_OF_LIMITS)]
    shown = pd.concat([ours, means])
    for task in dict.fromkeys(shown["task"]):
        lines += [f"## {task}", ""]
        for limit in limits:
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
    for (file, algorithm, steps), part in rows.groupby(
        ["file", "algorithm", rows["published_env_steps"].fillna("")], sort=False
    ):
        by = {quantity: part[part["quantity"] == quantity] for quantity in quantities}
        there = [_published(by[quantity]) for quantity in quantities]
        here = [_ours(by[quantity]) for quantity in quantities]
        own = part[part["ours"].notna()]
        name, n = (f"`{own['method'].iloc[0]}`", f"{own['n'].iloc[0]:g}") if len(own) else ("–", "–")
        cells.append(
            [f"{algorithm}{f' at {steps}' if steps else ''}", *there, name, n, *here, file.removesuffix(".csv")]
        )
    header = ["published", "return", "cost", "ours", "n", "our return", "our cost", "source"]
    return [title, "", *markdown_table(header, cells), ""]


def _published(rows: pd.DataFrame) -> str:
    """A published value with its spread; of several seeds their mean."""
    if rows.empty:
        return "–"
    values = rows["published"].map(number)
    spread = rows["published_spread"].iloc[0] if len(rows) == 1 else ""
    told = f" ± {spread}" if spread else f" ({len(rows)} rows)" if len(rows) > 1 else ""
    return f"{values.mean():.4g}{told}"


def _ours(rows: pd.DataFrame) -> str:
    """Our mean with its interval; a dash without a counterpart."""
    known = rows[rows["ours"].notna()]
    return "–" if known.empty else ends(*known[["ours", "ours_low", "ours_high"]].iloc[0].astype(float))
