"""The paper's claims against a study: claims.csv (a row per part and task), verdicts.csv and claims.md, the ledger.

python -m workflow.tables.claims --scores results/quick/scores.csv --out-dir results/quick/tables
"""

import argparse
import sys
from pathlib import Path

import pandas as pd
import yaml

from marvel.errors import InputError
from workflow.runs.records import published_budgets, read_offline, read_records
from workflow.runs.scores import read_scores, write_files
from workflow.statistics.claims import fill_in
from workflow.statistics.conditions import Published
from workflow.statistics.measures import Evidence, measured
from workflow.statistics.ranks import RANKS
from workflow.tables.ledger import markdown
from workflow.tuning import untuned

CLAIMS = Path(__file__).resolve().parent.parent / "reference" / "claims.yaml"


def read_ranks(path: Path) -> pd.DataFrame:
    """Table 1's numbers.

    Raises:
        InputError: the file lacks a column.
    """
    table = pd.read_csv(path)
    missing = [name for name in RANKS if name not in table]
    if missing:
        raise InputError(f"{path} lacks the column(s) {', '.join(missing)}; it needs {', '.join(RANKS)}.")
    return table


def main(arguments: list[str] | None = None) -> None:
    """Write claims.csv, verdicts.csv and claims.md."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scores", type=Path, required=True, help="scores.csv in the study's folder")
    parser.add_argument("--ranks", type=Path, help="Table 1's numbers, if the study has them")
    parser.add_argument("--out-dir", type=Path, required=True)
    options = parser.parse_args(arguments)
    claims = yaml.safe_load(CLAIMS.read_text(encoding="utf-8"))
    study, scores = options.scores.parent, read_scores(options.scores)
    ranks = read_ranks(options.ranks) if options.ranks else None
    evidence = Evidence(scores, measured(scores), read_records(study, scores), read_offline(study), ranks)
    parts, verdicts, conditions = fill_in(claims, evidence, published(claims, scores))
    page = markdown(claims, parts, verdicts, conditions, evidence.seeds)
    texts = {"claims.csv": parts.to_csv(index=False), "verdicts.csv": verdicts.to_csv(index=False), "claims.md": page}
    write_files(options.out_dir, texts)


def published(claims: dict, scores: pd.DataFrame) -> Published:
    """What the conditions ask for: the limit of claims.yaml, the official code's budgets, the tasks that were tuned."""
    tasks = set(scores["task"])
    return Published(claims["cost_limit"], published_budgets(), frozenset(tasks - set(untuned(tasks))))


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"claims: {error}")
