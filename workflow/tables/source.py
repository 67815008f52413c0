"""What tables are made from: a study's scores, what is missing from them, and its Monte-Carlo ranks."""

from functools import cached_property
from pathlib import Path

import pandas as pd

from workflow.runs.missing import absent, read_missing
from workflow.runs.scores import read_scores
from workflow.statistics.per_seed import per_seed


class Source:
    """A study's numbers, each read when first asked for.

    Args:
        path: scores.csv in the study's folder.
        ranks: files of `python -m marvel.ranks`, {task}/seed{number}.csv.
        labels: {method: what it is called in print} of those whose entries say so.
    """

    def __init__(self, path: Path, ranks: list[Path] | None = None, labels: dict[str, str] | None = None):
        self.path, self.study, self.ranks, self.labels = path, path.parent, ranks or [], labels or {}

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Rows of scores.csv."""
        return read_scores(self.path)

    @cached_property
    def seeds(self) -> pd.DataFrame:
        """As made by `per_seed`."""
        return per_seed(self.scores)

    @cached_property
    def missing(self) -> pd.DataFrame:
        """Rows of missing.csv."""
        return read_missing(self.study)

    @cached_property
    def methods(self) -> set[str]:
        """All methods of the study, with those that have no runs."""
        return {*self.scores["method"], *self.missing["method"]}

    @cached_property
    def absent(self) -> dict[tuple[str, str], int]:
        """{(task, method): planned runs that are not in the scores}."""
        return absent(self.missing).groupby(["task", "method"]).size().to_dict()

    def count(self, task: str, method: str, n: int) -> str:
        """A number of seeds: `5`, or `5 of 10` where planned runs are missing."""
        left_out = self.absent.get((task, method), 0)
        return f"{n} of {n + left_out}" if left_out else str(n)
