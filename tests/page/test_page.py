"""The study's page: its numbers are those of scores.csv, its links resolve, it tells of runs that are not there."""

import math
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from pages import METHODS, STEPS, Page, made_up_study, recorded_study
from scipy import stats

from marvel.errors import InputError
from workflow.names import label
from workflow.page.__main__ import main as write_page
from workflow.page.inputs import read, read_table
from workflow.page.runs import spans
from workflow.runs.scores import read_scores
from workflow.statistics.aggregates import changes
from workflow.statistics.per_seed import per_seed, with_evaluated
from workflow.tables.page import number


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    study = recorded_study(tmp_path_factory.mktemp("recorded"))
    return study, Page(study / "report" / "index.html")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    study = made_up_study(tmp_path_factory.mktemp("made"))
    return study, Page(study / "report" / "index.html")


@pytest.mark.parametrize("name", ["recorded", "made"])
def test_the_page_is_one_file_whose_links_resolve(name, request):
    study, page = request.getfixturevalue(name)
    assert page.sources == ["data:,"]  # the empty icon
    assert page.links
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids, link
        else:
            assert (page.path.parent / link).is_file(), link
    if name == "recorded":
        assert "../runs/marvel/BallCircle/seed0/run.json" in page.links and "../tables/claims.md" in page.links
        assert f"./run marvel verify {study}/runs/marvel/BallCircle/seed0/run.json" in page.text
    assert "@import" not in page.text.split("</style>")[0] and len(page.text) < 8e6


def test_the_main_table_has_the_scores_and_puts_feasible_methods_first(recorded):
    study, page = recorded
    scores = read_scores(study / "scores.csv")
    seeds = per_seed(scores)
    for task in ("BallRun", "BallCircle"):
        rows = {re.split(r" ‡| \(only", row[0][2:])[0]: row for row in page.rows[f"table {task}"][1:]}
        for method, own in scores[scores["task"] == task].groupby("method"):
            last = own.groupby("seed").last()
            row = rows[label(method)]
            if method == "offline_only":
                assert row[2].split()[0] == number(own["eval_return"].mean())
                continue
            of_seed = seeds[(seeds["task"] == task) & (seeds["method"] == method)]
            assert row[1].startswith(f"{int((of_seed['train_cost'] <= 20).sum())} of {len(of_seed)}")
            assert row[2].split()[0] == number(of_seed["train_return"].mean())
            assert row[3].split()[0] == number(of_seed["train_cost"].mean())
            assert row[6].split()[0] == f"{last['cumulative_cost'].mean():,.0f}"
            assert row[-2] == f"{last['env_steps'].mean():,.0f}" and row[-1] == f"{last['updates'].mean():,.0f}"
        counts = [row[1].split()[:3:2] for row in page.rows[f"table {task}"][1:]]
        groups = [0 if feasible == n else 2 if feasible == "0" else 1 for feasible, n in counts]
        assert groups == sorted(groups)
        returns = [float(row[2].split()[0]) for row in page.rows[f"table {task}"][1:]]
        for group in set(groups):
            of_group = [value for value, own in zip(returns, groups, strict=True) if own == group]
            assert of_group == sorted(of_group, reverse=True)


def test_the_comparison_is_a_paired_t_test_of_the_seeds(made):
    study, page = made
    data, seeds = page.data("packed-data"), per_seed(read_scores(study / "scores.csv"))
    assert data["minimum_seeds"] == 5 and set(data["tasks"]) == {"BallRun", "BallCircle"}
    for task in data["tasks"]:
        table = seeds[seeds["task"] == task].pivot(index="seed", columns="method", values="train_cost")
        found = {**data["pairs"][task]}
        n, mean, low, high, p = found["marvel warm_start"]["train_cost"]
        test = stats.ttest_rel(table["marvel"], table["warm_start"])
        interval = test.confidence_interval(0.95)
        assert n == 5 and math.isclose(p, test.pvalue, rel_tol=1e-3)
        assert np.allclose([mean, low, high], [(table["marvel"] - table["warm_start"]).mean(), *interval], rtol=1e-3)
        assert len(found) == len(METHODS) * (len(METHODS) - 1) / 2
    claims = data["claims"]["BallCircle"]["marvel warm_start"]
    verdicts = pd.read_csv(study / "tables" / "verdicts.csv").set_index(["claim", "form", "task"])["verdict"]
    assert {claim[0] for claim in claims} == {"C4", "C6"}
    assert all(verdict == verdicts[claim, form, "BallCircle"] for claim, _, form, verdict in claims)


def test_the_main_table_is_main_csv_with_the_safe_methods_first(made):
    study, page = made
    table = pd.read_csv(study / "tables" / "main.csv")
    columns = list(dict.fromkeys(table["name"]))
    header, *rows = page.rows["table"]
    assert header == ["method", *columns] and {"BallRun", "BallCircle"} < set(columns)
    found = {(row[0], name): cell for row in rows for name, cell in zip(columns, row[1:], strict=True)}
    for row in table.itertuples():
        cell = found[label(row.method), row.name]
        assert cell.startswith(f"{mark(study, row)}{row.return_mean:.2f}"), cell
        assert f"cost {row.cost_mean:.2f} " in cell and f"n = {row.n}" in cell
    marks = ["✗" in "".join(row) for row in rows]
    assert marks == sorted(marks) and True in marks and False in marks


def test_a_shared_offline_model_is_told_where_a_stage_stands_between_it_and_the_run_too(recorded, made):
    _, page = recorded
    shared = dict.fromkeys(("marvel", "marvel_official", "warm_start", "offline_only"), 0)  # marvel's are pre-aligned
    assert page.data("packed-data")["shared"] == {"BallRun": shared, "BallCircle": shared}
    assert made[1].data("packed-data")["shared"] == {}


def test_reasons_name_methods_as_printed_and_what_is_said_of_several_stands_once(recorded):
    text = recorded[1].text
    assert "Warm Start seed 1 starts from offline seed 0" in text and "warm_start seed 1" not in text
    assert "no runs of JSRL / PEX / SO2" in text and "JSRL has no published form" not in text


def mark(study, row) -> str:
    """Of a cell: whether the mean cost, and whether that of every run, is within the limit, from the scores."""
    scores = read_scores(study / "scores.csv")
    runs = with_evaluated(per_seed(scores[scores["method"] == row.method]))
    runs = runs[runs["task"] == row.name] if row.over == "task" else runs
    every = ((runs["train_cost"] <= runs["cost_limit"]) & (runs["status"] != "diverged")).all()
    return "✗" if not row.safe else "✓" if every else "◐"


def test_labels_of_a_config_replace_the_papers_names(made, tmp_path):
    study, _ = made
    write_page(["--study", str(study), "--labels", "marvel=Ours", "--out", str(tmp_path / "index.html")])
    page = Page(tmp_path / "index.html")
    assert page.data("packed-data")["labels"]["marvel"] == "Ours"
    assert {row[0] for row in page.rows["table"]} >= {"Ours", "Warm Start", "step_1"}


def test_spans_of_seeds():
    assert spans([4, 0, 1, 2, 7, 8]) == "0 to 2, 4, 7, 8" and spans([3]) == "3"


def test_curves_are_the_scores(made):
    study, page = made
    curves, scores = page.data("packed-curves")["curves"], read_scores(study / "scores.csv")
    rows = scores[(scores["task"] == "BallRun") & (scores["method"] == "marvel")]
    found = curves["BallRun"]["marvel"]["eval_cost"]
    line = found["lines"][found["of"]["updates"]]
    assert found["axes"]["updates"] == [0, 1200] and found["seeds"] == [0, 1, 2, 3, 4]
    for seed, values in zip(found["seeds"], line["seeds"], strict=True):
        assert np.allclose(values, rows[rows["seed"] == seed]["eval_cost"].dropna(), rtol=5e-3)  # of three digits
    assert np.allclose(line["mean"], np.mean(line["seeds"], axis=0), rtol=5e-3)
    assert np.all(np.array(line["low"]) <= line["mean"]) and np.all(np.array(line["high"]) >= line["mean"])
    assert found["of"]["episodes"] == found["of"]["updates"] != found["of"]["env_steps"]  # episodes of unequal length
    evaluated = curves["BallRun"]["offline_only"]["train_return"]
    assert set(evaluated["axes"].values()) == {None} and len(evaluated["lines"][0]["mean"]) == 1
    assert all(
        len(line["mean"]) <= 200
        for of_task in curves.values()
        for method in of_task.values()
        for metric in method.values()
        for line in metric["lines"]
    )


def test_verdicts_are_the_ledgers(made):
    study, page = made
    verdicts = pd.read_csv(study / "tables" / "verdicts.csv").fillna("")
    for row in verdicts[verdicts["task"] != "all"].itertuples():
        assert any(cells[:2] == [row.task, row.verdict] for cells in page.rows[row.claim]), row
    parts = pd.read_csv(study / "tables" / "claims.csv")
    part = parts[(parts["claim"] == "C6") & (parts["task"] == "BallCircle") & (parts["form"] == "ours")].iloc[0]
    shown = next(cells for cells in page.rows["C6"] if cells[:2] == ["BallCircle", "Marvel minus Warm Start"])
    assert shown[3] == "5" and float(shown[4].split()[0]) == pytest.approx(part["effect"], abs=6e-4)


def test_steps_show_what_each_option_changes(made):
    study, page = made
    seeds = per_seed(read_scores(study / "scores.csv"))
    wanted = changes(seeds[(seeds["task"] == "BallRun") & seeds["method"].isin(STEPS)], STEPS, "train_return")
    rows = {row[0]: row for row in page.rows["steps BallRun"][1:]}
    assert list(rows) == [label(name) for name in STEPS] and rows["Marvel, published form"][3] == "–"
    for row in wanted.itertuples():
        assert rows[label(row.method)][3].removeprefix("▶ ").split()[0] == number(row.change)
        assert rows[label(row.method)][3].startswith("▶") == (not row.low <= 0 <= row.high)


def test_missing_and_diverged_runs_are_named(made):
    _, page = made
    faulty = page.rows["runs"][1:]
    assert ["BallRun", "diverged", "4", "From scratch"] in [row[:4] for row in faulty]
    assert ["BallCircle", "missing", "5", "Warm Start"] in [row[:4] for row in faulty] and len(faulty) == 2
    assert "Of 61 planned runs 1 is diverged, 1 is missing:" in page.text
    assert next(row for row in page.rows["table BallRun"] if "From scratch" in row[0])[1].endswith("1 diverged")


def test_a_task_whose_runs_are_all_missing_has_its_limit_and_is_named(made, tmp_path):
    study, _ = made
    write_page(["--study", str(study), "--method", "marvel", "CarRun", "0,1", "--out", str(tmp_path / "index.html")])
    page = Page(tmp_path / "index.html")
    assert [row[:4] for row in page.rows["runs"] if "CarRun" in row] == [["CarRun", "missing", "0, 1", "Marvel"]]
    assert "none on CarRun" in page.text and page.data("packed-data")["planned"]["CarRun"] == {"marvel": 2}
    assert read(study, planned=[("marvel", "CarRun", 0)]).limit("CarRun") == 20


def test_the_same_study_gives_the_same_bytes(recorded, tmp_path):
    study, _ = recorded
    for name in ("a", "b"):
        write_page(["--study", str(study), "--out", str(tmp_path / name)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_method_called_nan_is_text(tmp_path):
    (tmp_path / "final.csv").write_text("method,train_return\nnan,\n")
    table = read_table(tmp_path / "final.csv", "final", ["method"])
    assert table["method"].tolist() == ["nan"] and math.isnan(table["train_return"].item())


def test_a_table_that_is_not_there_or_of_another_version_is_one_sentence(made, tmp_path):
    study, _ = made
    tables = shutil.copytree(study / "tables", tmp_path / "tables")
    table = pd.read_csv(tables / "final.csv").drop(columns="feasible_seeds")
    table.to_csv(tables / "final.csv", index=False)
    with pytest.raises(InputError, match=r"final\.csv lacks the column\(s\) feasible_seeds; make it again with"):
        read(study, tables)
    (tables / "final.csv").unlink()
    with pytest.raises(InputError, match=r"final\.csv does not exist; make it with `python -m workflow"):
        read(study, tables)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed, which reads the page's script")
def test_the_script_is_javascript(made, tmp_path):
    _, page = made
    script = tmp_path / "page.js"
    script.write_text(page.scripts["code"])
    subprocess.run(["node", "--check", str(script)], check=True)
