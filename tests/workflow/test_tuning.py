"""The mark of tasks that nobody tuned: in headings, titles, feet and captions, and nowhere on tuned tasks."""

import pandas as pd
import pytest
from conftest import ROOT
from made_runs import tables
from made_up import made_up

from workflow import tuning
from workflow.figures import __main__ as figures
from workflow.figures import curves, limits, steps
from workflow.per_task import tuned_tasks
from workflow.runs import scores
from workflow.study import Study

METHODS = ["marvel", "warm_start", "offline_only"]
WORDS = "default, not tuned"


@pytest.fixture(scope="module")
def mixed() -> pd.DataFrame:
    """Scores of one task with published hyperparameters and of one without."""
    return made_up(["BallRun", "CarGoal1"], METHODS, rounds=20)


def test_a_task_is_tuned_if_its_row_names_another_source(tmp_path):
    table = tmp_path / "h.tsv"
    table.write_text(f"task\tsource\nBallRun\t{WORDS}\nCarGoal1\ta search of ours\n")
    assert tuned_tasks(table) == {"CarGoal1"}
    assert tuning.untuned(["CarGoal1", "BallRun", "Toy", "CarGoal1"]) == ["CarGoal1", "Toy"]  # Toy has no row


def test_both_tables_say_it_in_the_heading_of_that_task_alone(mixed, tmp_path):
    mixed.to_csv(tmp_path / "scores.csv", index=False)
    tables(tmp_path, "final", "offline", out=tmp_path)
    for name in ("final.md", "offline.md"):
        text = (tmp_path / name).read_text()
        assert "\n## BallRun (cost limit 20 per episode)\n" in text
        assert f"\n## CarGoal1 (cost limit 20 per episode; hyperparameters: {WORDS})\n" in text
        assert text.strip().endswith(f"Hyperparameters of 1 of 2 tasks: {WORDS} (CarGoal1).")


def test_learning_curves_mark_the_panel_and_explain_the_mark(mixed):
    figure, text = curves.draw(mixed)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["BallRun", "CarGoal1 †"]
    assert figure.get_supxlabel().endswith(f"\n† hyperparameters: {WORDS}")
    assert text.endswith(f" † Hyperparameters of 1 of 2 tasks: {WORDS} (CarGoal1).")
    text = curves.draw(mixed[mixed["task"] == "CarGoal1"])[1]
    assert text.endswith(f" † Hyperparameters: {WORDS} (CarGoal1).")


def test_sweeps_mark_panels_and_legends(mixed):
    figure, text = steps.draw(mixed)
    assert [label.get_text() for label in figure.legends[0].get_texts()] == ["BallRun", "CarGoal1 †"]
    assert WORDS in figure.get_supxlabel() and WORDS in text
    figure, text = limits.draw(pd.concat([mixed, mixed.assign(cost_limit=40.0)]))
    assert [axes.get_title() for axes in figure.axes[:2]] == ["BallRun", "CarGoal1 †"]
    assert figure.get_supxlabel() == f"cost limit per episode\n† hyperparameters: {WORDS}" and WORDS in text


@pytest.mark.parametrize("kind", ["aggregate", "profiles", "improvement"])
def test_sums_over_tasks_count_them(mixed, tmp_path, kind):
    mixed.to_csv(tmp_path / "scores.csv", index=False)
    options = figures.parser().parse_args(f"{kind} --scores {tmp_path / 'scores.csv'} --out x".split())
    figure, text = figures.draw(options)
    assert figure.get_supxlabel().split("\n")[-1] == f"hyperparameters of 1 of 2 tasks: {WORDS}"
    assert f"Hyperparameters of 1 of 2 tasks: {WORDS} (CarGoal1)." in text


def test_the_ledger_counts_them(mixed, tmp_path):
    mixed.to_csv(tmp_path / "scores.csv", index=False)
    tables(tmp_path, "claims", out=tmp_path)
    assert f". Hyperparameters of 1 of 2 tasks: {WORDS} (CarGoal1).\n" in (tmp_path / "claims.md").read_text()


def test_nothing_is_marked_where_all_tasks_are_tuned(tmp_path):
    """The tasks of the committed study have published values."""
    committed = ROOT / "results" / "reference_quick"
    tables(committed, "final", "offline", "claims", out=tmp_path)
    for name in ("final.md", "offline.md", "claims.md"):
        assert WORDS not in (tmp_path / name).read_text()
    figure, text = curves.draw(scores.read_scores(committed / "scores.csv"))
    assert "†" not in text + figure.get_supxlabel() + "".join(axes.get_title() for axes in figure.axes)


def test_the_workflow_and_the_scripts_agree_on_every_task():
    study = Study({"study": "x", "tasks": ["*", "Toy"], "seeds": [0], "cost_limit": 20, "dataset": {"source": "dsrl"},
                   "methods": {"scratch": {"train": "baselines.from_scratch", "start": "scratch"}}})  # fmt: skip
    assert tuning.untuned(study.tasks) == [task for task in study.tasks if not study.tuned(task)]
    assert len(tuning.untuned(study.tasks)) == 28
