"""The paper's claims against a study: claims.csv (a row per part and task), verdicts.csv and claims.md, the ledger."""

from pathlib import Path

import pandas as pd
import yaml

from workflow.runs.records import published_budgets, read_offline, read_records
from workflow.statistics.claims import fill_in
from workflow.statistics.conditions import Published
from workflow.statistics.measures import Evidence, measured
from workflow.tables.ledger import markdown
from workflow.tables.ranks import ranks
from workflow.tables.source import Source
from workflow.tuning import untuned

CLAIMS = Path(__file__).resolve().parent.parent / "reference" / "claims.yaml"


def make(source: Source) -> tuple[str, dict[str, pd.DataFrame]]:
    """The ledger and its two frames."""
    claims, evidence = collected(source)
    parts, verdicts, conditions = fill_in(claims, evidence, published(claims, source.scores))
    page = markdown(claims, parts, verdicts, conditions, evidence.seeds)
    return page, {"claims.csv": parts, "verdicts.csv": verdicts}


def collected(source: Source) -> tuple[dict, Evidence]:
    """claims.yaml, and what a study has to test the claims with."""
    claims = yaml.safe_load(CLAIMS.read_text(encoding="utf-8"))
    scores = source.scores
    records, offline = read_records(source.study, scores), read_offline(source.study)
    return claims, Evidence(scores, measured(scores), records, offline, ranks(source.ranks) if source.ranks else None)


def published(claims: dict, scores: pd.DataFrame) -> Published:
    """What the conditions ask for: the limit of claims.yaml, the official code's budgets, the tasks that were tuned."""
    tasks = set(scores["task"])
    return Published(claims["cost_limit"], published_budgets(), frozenset(tasks - set(untuned(tasks))))
