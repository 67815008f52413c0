"""The ledger's page and files, and the words of docs/claims.md."""

import json
import re

import numpy as np
import pandas as pd
from conftest import ROOT
from evidence import RULES, judged, study
from made_runs import tables

from workflow.statistics.claims import COLUMNS, VERDICTS
from workflow.statistics.measures import measured
from workflow.tables.ledger import markdown


def test_ledger_is_written_whole(tmp_path):
    path = tmp_path / "scores.csv"
    scores = study(seeds=6)
    scores.to_csv(path, index=False)
    for method, task, seed in scores[["method", "task", "seed"]].drop_duplicates().itertuples(index=False):
        folder = tmp_path / "runs" / method / task / f"seed{seed}"
        folder.mkdir(parents=True)
        record = {"cpu": "A", "versions": {}, "numerics": {}, "code": {"marvel/sac.py": "1"}}
        spec = {"hyperparameters": {"online_episodes": 500}, "start": None, "dataset": None, "record": record}
        (folder / "run.json").write_text(json.dumps(spec))
    tables(tmp_path, "claims")
    text = (tmp_path / "tables/claims.md").read_text()
    assert text.index("## Conditions") < text.index("## Verdicts") < text.index("## C1")
    assert "| the published online budget | 0 of 10 | Warm Start seed 0 stopped before its budget of 500" in text
    assert "| one dataset for both sides | 10 of 10 |  |" in text
    assert "| C4 | Marvel beats the baselines | **not tested** (2 not tested) | – |" in text
    assert "no runs of Marvel (BEAR-Lag)" in text and "after a pilot" in text
    assert "t intervals of the mean over n = 6 seeds" in text
    for row in re.findall(r"^\|.*$", text, flags=re.M):
        assert row.count("|") in (4, 7, 9)
    table = pd.read_csv(tmp_path / "tables/claims.csv")
    assert list(table) == COLUMNS and set(table["claim"]) == set(RULES["claims"])
    assert list(pd.read_csv(tmp_path / "tables/verdicts.csv")) == VERDICTS


def test_ledger_says_what_it_can_detect_and_where_few_seeds_lean():
    scores = study()
    text = markdown(RULES, *judged(scores), measured(scores))
    assert "Family of 10 verdicts. With n = 8 a single comparison is decided with probability 0.8" in text
    scores = study(seeds=3)
    text = markdown(RULES, *judged(scores), measured(scores))
    assert "Family of" not in text
    assert (
        "| C6 | Without VPA, aPID does not learn well | **undecided** (2 undecided) | supported (2 supported) |" in text
    )


def test_docs_and_rules_say_the_same():
    text = " ".join((ROOT / "docs" / "claims.md").read_text().split())
    sections = dict(re.findall(r"## (C\d) (.*?)(?= ## C|$)", text))
    assert list(sections) == list(RULES["claims"])
    for name, claim in RULES["claims"].items():
        section = sections[name]
        assert section.startswith(claim["title"]), name
        assert f"*{' '.join(claim['sentence'].split())}*" in section, name
        assert f"Where: {claim['where']}" in section.replace("* ", ""), name
        for part in claim["parts"]:
            for rule in (part["supported"], part["contradicted"]):
                for bound in np.ravel(next(iter(rule.values()))) if isinstance(rule, dict) else ():
                    assert bound == "cost_limit" or f"{float(bound):g}" in section or name == "C8", (name, bound)
            if "minimum_active" in part:
                assert f"{100 * part['minimum_active']:g} %" in section
    assert f"Fewer than {RULES['minimum_seeds']} seeds" in text and "pilot" in RULES["written"]
