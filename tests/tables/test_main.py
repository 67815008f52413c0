"""The main table by hand, and a table and a metric that are a file and a line each."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from made_runs import score, tables, write_study
from made_up import made_up
from scipy import stats
from studies import Copy, environment

from workflow.metrics import return_gain
from workflow.statistics.per_seed import per_seed, with_evaluated
from workflow.tables.__main__ import main as draw

TABLE = '''"""The longest run."""


def make(source):
    frame = source.scores.groupby("method", as_index=False)["env_steps"].max()
    return "# Longest\\n\\nIn environment steps.\\n", {"longest.csv": frame}
'''
METRIC = '''"""Evaluated return."""

from workflow.statistics.measures import RUN

TITLE = "Evaluated"
MEANING = "The last evaluation."
PAIRED = False


def measure(scores, seeds):
    return seeds.set_index(RUN)["eval_return_normalized"]
'''


def test_main_table_by_hand(tmp_path):
    write_study(tmp_path)
    score(tmp_path)
    folder = tables(tmp_path, "main")
    table, seeds = pd.read_csv(folder / "main.csv").set_index("method"), pd.read_csv(tmp_path / "scores.csv")
    assert table["safe"].to_dict() == {"marvel": True, "warm_start": False, "offline_only": True}
    ended = with_evaluated(per_seed(seeds.assign(status=""))).groupby("method")
    for column, metric in (("train_return_normalized", "return"), ("train_cost_normalized", "cost")):
        assert table[f"{metric}_mean"].to_dict() == pytest.approx(ended[column].mean().to_dict())
    first = seeds[(seeds["round"] == 0) & (seeds["method"] == "marvel")]["eval_return_normalized"].mean()
    assert table.loc["marvel", "return_gain_mean"] == pytest.approx(table.loc["marvel", "return_mean"] - first)
    assert table.loc["warm_start", "cost_change_mean"] == pytest.approx(90 / 20 - 10 / 20)
    assert np.isnan(table.loc["offline_only", "return_gain_mean"])
    text = (folder / "main.md").read_text()
    assert re.search(r"\| Marvel \| \*\*0\.\d\d\*\* \[", text) and re.search(r"\| Warm Start \| \*0\.\d\d\* \[", text)
    assert "-0.00" not in text
    assert r"\textcolor{gray}{" in (folder / "main.tex").read_text()


def test_averages_are_over_tasks_that_a_method_has_all_of(tmp_path):
    scores = made_up(["BallRun", "CarRun", "HopperVelocity"], ["marvel", "warm_start"], seeds=3, rounds=10)
    scores = scores[(scores["method"] != "warm_start") | (scores["task"] != "CarRun")].assign(start="offline")
    scores.to_csv(tmp_path / "scores.csv", index=False)
    made = pd.read_csv(tables(tmp_path, "main") / "main.csv")
    table = made.pivot(index="method", columns="name", values="return_mean")
    marvel = table.loc["marvel"]
    assert marvel["mean of bullet tasks"] == pytest.approx(marvel[["BallRun", "CarRun"]].mean())
    assert marvel["mean of all tasks"] == pytest.approx(marvel[["BallRun", "CarRun", "HopperVelocity"]].mean())
    assert table.loc["warm_start", ["mean of bullet tasks", "mean of all tasks"]].isna().all()
    gains = return_gain.measure(scores, per_seed(scores)).xs("marvel", level="method")  # differences: Welch's interval
    welch = stats.ttest_ind(gains["BallRun"], -gains["CarRun"], equal_var=False).confidence_interval(0.95)
    row = made[(made["method"] == "marvel") & (made["name"] == "mean of bullet tasks")].iloc[0]
    assert row[["return_gain_low", "return_gain_high"]].tolist() == pytest.approx([end / 2 for end in welch])


def test_two_cost_limits_never_share_a_grid(tmp_path):
    scores = made_up(["BallRun"], ["marvel", "warm_start"], seeds=2, rounds=10)
    scores.loc[scores["method"] == "warm_start", "cost_limit"] = 40.0
    scores.to_csv(tmp_path / "scores.csv", index=False)
    parts = (tables(tmp_path, "main") / "main.md").read_text().split("## Cost limit ")[1:]
    assert [part.split(" ")[0] for part in parts] == ["20", "40"]
    assert "| Warm Start |" not in parts[0] and "| Marvel |" not in parts[1]


def test_a_table_and_a_metric_are_a_file_and_a_line_each(tmp_path):
    copied = Copy(tmp_path)
    (tmp_path / "workflow/tables/longest.py").write_text(TABLE)
    (tmp_path / "workflow/metrics/evaluated.py").write_text(METRIC)
    for file, name, line in (
        ("tables", "TABLES", '    "longest": Entry("workflow.tables.longest", ("longest.csv",)),'),
        ("metrics", "METRICS", '    "evaluated": "workflow.metrics.evaluated",'),
    ):
        path = tmp_path / "workflow" / file / "__init__.py"
        path.write_text(path.read_text().replace(f"\n{name} = {{\n", f"\n{name} = {{\n{line}\n"))
    (tmp_path / "scores").mkdir()
    made_up(["BallRun"], ["marvel", "warm_start"], rounds=10).to_csv(tmp_path / "scores/scores.csv", index=False)
    command = [sys.executable, "-m", "workflow.tables", "main", "longest", "--scores", "scores/scores.csv"]
    subprocess.run(command, cwd=tmp_path, env=environment(), check=True, capture_output=True)
    folder = tmp_path / "scores" / "tables"
    assert "### Evaluated" in (folder / "main.md").read_text()
    assert pd.read_csv(folder / "main.csv")["evaluated_mean"].notna().all()
    assert (folder / "longest.csv").is_file() and "Longest" in (folder / "longest.tex").read_text()
    config = tmp_path / "workflow/config/quick.yaml"
    assert "table_longest" in copied.run(None, "-n", "--configfile", str(config)).stdout


def test_pages_call_methods_by_label_and_csv_by_entry(tmp_path):
    made_up(["BallRun"], ["marvel", "mine", "other"], seeds=2, rounds=10).to_csv(tmp_path / "scores.csv", index=False)
    names = ["main", "final", "compare"]
    draw([*names, "--scores", str(tmp_path / "scores.csv"), "--labels", "mine=Mine & yours"])
    page = (tmp_path / "tables/main.md").read_text()
    assert all(f"| {name} |" in page for name in ("Marvel", "Mine & yours", "other"))
    assert r"Mine \& yours & " in (tmp_path / "tables/main.tex").read_text()
    assert "| Mine & yours | 2 |" in (tmp_path / "tables/final.md").read_text()
    assert set(pd.read_csv(tmp_path / "tables/main.csv")["method"]) == {"marvel", "mine", "other"}
