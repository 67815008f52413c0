"""The tables of a study's runs by hand, and how they read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_runs import progress, score, tables, write_run, write_study

from marvel.tasks import get_task
from workflow.names import label
from workflow.runs import scores


@pytest.fixture
def study(tmp_path) -> Path:
    """See `write_study`."""
    return write_study(tmp_path)


def test_final_table_by_hand(study):
    score(study)
    tables(study, "final")
    table = pd.read_csv(study / "tables/final.csv").set_index("method")
    marvel = table.loc["marvel"]
    assert (marvel["n"], marvel["env_steps"], marvel["updates"]) == (3, 1000, 40)
    assert marvel["train_return_mean"] == pytest.approx((400 + 601) / 2)
    assert (marvel["train_return_low"], marvel["train_return_high"]) == (500, 501)  # n = 3: the range of the seeds
    assert marvel["violation_rate_mean"] == pytest.approx(0.4)
    assert marvel["cumulative_cost_mean"] == 90 + 50 + 30 + 10 + 25 + 5 * 5
    assert (marvel["feasible_seeds"], marvel["safe_rounds_mean"], marvel["safe_rounds_last_mean"]) == (3, 0.6, 1)
    assert marvel["feasible_return_mean"] == marvel["train_return_mean"]
    assert (marvel["eval_return_mean"], marvel["eval_cost_normalized_mean"]) == (600, 0.5)
    warm = table.loc["warm_start"]
    assert warm["train_return_mean"] == 800
    assert warm["feasible_return_mean"] == pytest.approx(get_task("BallRun").min_return)
    assert warm["feasible_return_normalized_mean"] == 0
    assert (warm["feasible_seeds"], warm["safe_rounds_mean"]) == (0, 0)
    offline = table.loc["offline_only"]
    assert np.isnan(offline["train_return_mean"]) and np.isnan(offline["violation_rate_mean"])
    assert (offline["eval_return_mean"], offline["env_steps"]) == (500, 0)
    seeds = pd.read_csv(study / "tables/per_seed.csv")
    assert seeds.loc[seeds["method"] == "marvel", "train_return"].tolist() == [500, 500.5, 501]


def test_final_markdown_reads_well(study):
    score(study)
    tables(study, "final")
    text = (study / "tables/final.md").read_text()
    assert "## BallRun (cost limit 20 per episode)" in text
    assert "| Marvel | 3 | 500 [500, 501] | 5.00 [5.00, 5.00] | 3 of 3 | 500 [500, 501] | 1.00 [1.00, 1.00] |" in text
    assert "| Warm Start | 3 | 800 [800, 800] | 90.0 [90.0, 90.0] | 0 of 3 |" in text
    assert "| Offline policy | 3 | – | – | – | – | – | – | – | – | 500 [500, 500] |" in text
    assert "in 74 % of cases" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {15, 8}


def test_methods_that_play_with_more_than_the_evaluated_policy_are_marked(tmp_path):
    specs = {
        "jsrl": {"train": "baselines.jsrl"},
        "pex": {"train": "baselines.pex", "options": {"evaluate_as_acting": False}},
        "pex_original": {"train": "baselines.pex", "options": {"evaluate_as_acting": True}},
        "warm_start": {"train": "baselines.warm_start"},
        "external": {},
    }
    for method, spec in specs.items():
        write_run(tmp_path / "runs", method, "BallRun", 0, progress([1.0], [1.0]), **spec)
    runs = " ".join(f"--method {method} BallRun 0" for method in specs)
    scores.main(f"--runs {tmp_path}/runs {runs} --out {tmp_path}/scores.csv".split())
    tables(tmp_path, "final", out=tmp_path)
    text = (tmp_path / "final.md").read_text()
    marked = {name for name in specs if f"| {label(name)} ‡ | 1 |" in text}
    assert marked == {"jsrl", "pex"} and all(f"| {label(name)} | 1 |" in text for name in specs.keys() - marked)
    assert "(evaluated of JSRL, PEX: the learner alone)." in text


def test_a_run_that_diverged_is_named(tmp_path):
    for seed in range(2):
        run = progress([700.0 + seed] * (10 - 9 * seed), [5.0] * (10 - 9 * seed))
        write_run(tmp_path, "marvel", "BallRun", seed, run, record={"status": "diverged"} if seed else {})
    words = f"--runs {tmp_path} --method marvel BallRun 0,1 --out {tmp_path / 'scores.csv'}"
    scores.main(words.split())
    tables(tmp_path, "final", out=tmp_path)
    assert pd.read_csv(tmp_path / "final.csv")["feasible_seeds"].tolist() == [1]
    text = (tmp_path / "final.md").read_text()
    assert "lowest return in DSRL: Marvel on BallRun (seed 1)." in text
