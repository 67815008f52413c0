"""The page of all datasets: what each panel says, from files and cards alone; and the collector's budgets per task."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT

from marvel import datasets
from marvel.datasets import __main__ as commands
from marvel.datasets import card as datacard
from marvel.datasets.sources import collector
from marvel.options import defaults_of
from marvel.run.spec import in_current_words
from marvel.tasks import TASKS, get_task
from workflow.figures import scatter, style
from workflow.per_task import COLLECT, collect_options
from workflow.study import Study

OURS = datacard.not_dsrl("marvel.datasets.collect")
SCRATCH = {"train": "baselines.warm_start", "start": "offline", "offline": "cpq"}
PLAIN = {
    "study": "x",
    "tasks": ["*"],
    "seeds": [0],
    "cost_limit": 20,
    "dataset": {"source": "collect"},
    "offline": {"cpq": {"train": "marvel.cpq"}},
    "methods": {"warm_start": SCRATCH},
}


def options(study: Study, task: str) -> dict:
    """What a task's spec says to the collector."""
    module, spec, *_ = study.data.command(task)
    assert module == "marvel.run"
    return json.loads(spec)["options"]


@pytest.fixture
def data(toy_dataset, tmp_path):
    """The toy's dataset with its card, as a study has it."""
    path = tmp_path / "data" / "Toy" / "dataset.hdf5"
    path.parent.mkdir(parents=True)
    shutil.copy(toy_dataset, path)
    commands.keep(*datacard.card(path, "Toy"), path.parent)
    return path


def titles(axes) -> str:
    """All text of a panel."""
    return " ".join([axes.get_title(), *(text.get_text() for text in axes.texts)])


def test_a_panel_says_task_count_coverage_and_source(data):
    card = json.loads(data.with_name("card.json").read_text())
    figure, text = scatter.draw_scatter([scatter.read_data(data)])
    (axes,) = figure.axes
    assert titles(axes) == f"Toy 60 episodes, {card['eighths_occupied']}/8"
    drawn = np.asarray(axes.collections[0].get_offsets())
    cut = datasets.episodes(datasets.read(data, "Toy"))
    np.testing.assert_allclose(drawn, np.stack([cut.costs, cut.returns], axis=1))
    (frame,) = axes.lines
    task = get_task("Toy")
    assert (max(frame.get_xdata()), min(frame.get_ydata()), max(frame.get_ydata())) == (
        task.max_cost,
        task.min_return,
        task.max_return,
    )
    assert (figure.get_supxlabel().splitlines()[0], figure.get_supylabel()) == (
        "cost of an episode",
        "return of an episode",
    )
    assert (
        figure.get_supxlabel().endswith("all data: a file of the user's") and "All of it: a file of the user's." in text
    )
    assert f"Toy: 60 episodes (DSRL's file: 0), {card['eighths_occupied']} of 8" in text


def test_empty_eighths_are_shaded_and_sources_told_apart(data):
    one = scatter.read_data(data)
    eighths = [row | {"episodes": 7 * (place != 3)} for place, row in enumerate(one.card["eighths"])]
    options = {"steps": 1500, "rollout_steps": 500}
    ours = one.card | {
        "made": {"note": OURS, "options": options},
        "eighths": eighths,
        "eighths_occupied": 7,
    }
    theirs = one.card | {"made": {"note": "named as DSRL's file, and its content keeps what that name promises"}}
    theirs |= {"eighths": [row | {"episodes": 1} for row in eighths], "eighths_occupied": 8}
    figure, text = scatter.draw_scatter([one._replace(card=ours), one._replace(card=theirs)], ("noise",))
    left, right = figure.axes
    assert titles(left).endswith("60 episodes, 7/8\nDSRL-style, not DSRL")
    assert titles(right).endswith("60 episodes, 8/8\nnamed as DSRL's file")
    (shade,) = left.patches
    low, high = eighths[3]["cost"]
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (low, high) and not right.patches
    assert "all data" not in figure.get_supxlabel() and "Toy (named as DSRL's file): " in text
    assert "60 episodes of 1,500 + 500 steps" in text and "52 episodes beyond DSRL's largest cost" in text
    assert "before the study's filters (noise)" in figure.get_supxlabel() and "after filters (noise)" in text
    assert len(figure.legends[0].get_texts()) == 3


def test_the_table_has_a_row_per_dataset(data):
    card = json.loads(data.with_name("card.json").read_text())
    eighths = [row | {"best_return": None if place == 3 else float(place)} for place, row in enumerate(card["eighths"])]
    made = {
        "note": OURS,
        "options": {"steps": 1500, "rollout_steps": 500},
        "seed": 0,
        "cpu_seconds": 12.5,
    }
    table = scatter.coverage([card, card | {"made": made, "eighths": eighths, "eighths_occupied": 7}])
    theirs, ours = table.to_dict("records")
    assert theirs["best_return"] == max(row["best_return"] or 0 for row in card["eighths"])
    assert pd.isna(theirs["steps"]) and pd.isna(theirs["cpu_seconds"])
    assert (ours["steps"], ours["rollout_steps"], ours["cpu_seconds"]) == (1500, 500, 12.5)
    assert [ours[f"best_return_{place}"] for place in (1, 3, 5, 8)] == [0.0, 2.0, 4.0, 7.0]
    assert pd.isna(ours["best_return_4"]) and (ours["best_return"], ours["eighths_occupied"]) == (7.0, 7)
    assert ours["dsrl_best_return"] == get_task("Toy").max_return


def test_thirty_eight_tasks_fit_on_a_page(data):
    one = scatter.read_data(data)
    figure, _ = scatter.draw_scatter([one._replace(card=one.card | {"task": name}) for name in TASKS if name != "Toy"])
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 38 and figure.get_figwidth() == style.PAGE_WIDTH and figure.get_figheight() < 10
    letters = [label for axes in shown for label in (axes.title, *axes.texts, *axes.get_xticklabels())]
    assert min(label.get_fontsize() for label in letters) >= 7


def test_the_page_has_the_same_bytes_twice_and_needs_no_simulator(data, tmp_path, capsys):
    scatter.main(f"--datasets {data} --out {tmp_path / 'a'} --table {tmp_path / 'a.csv'} --filters".split())
    assert capsys.readouterr().out.split() == [f"{tmp_path / 'a'}.{kind}" for kind in ("pdf", "png", "txt", "csv")]
    code = (
        "import sys; from workflow.figures import scatter; scatter.main(sys.argv[1:]); "
        "assert not {'torch', 'gymnasium', 'dsrl', 'pybullet', 'mujoco'} & set(sys.modules)"
    )
    words = [sys.executable, "-c", code, "--datasets", str(data), "--out", str(tmp_path / "b")]
    words += ["--table", str(tmp_path / "b.csv")]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for kind in ("pdf", "png", "txt", "csv"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_a_file_without_its_card_is_one_sentence(data):
    card = json.loads(data.with_name("card.json").read_text())
    data.with_name("card.json").write_text(json.dumps(card | {"episodes": 61}))
    with pytest.raises(ValueError, match=r"dataset\.hdf5 has 60 episodes and its card says 61; make the card again"):
        scatter.read_data(data)
    data.with_name("card.json").unlink()
    with pytest.raises(ValueError, match=r"card\.json does not exist; `python -m marvel\.datasets card"):
        scatter.read_data(data)


def test_its_name_is_taken():
    with pytest.raises(ValueError, match="figures: datasets: every study with data has a page of that name"):
        Study(PLAIN | {"figures": {"datasets": {"kind": "aggregate"}}})


def test_every_task_has_a_collector_budget():
    table = collect_options()
    assert set(table) == set(TASKS) - {"Toy"}
    study = Study(PLAIN)
    assert options(study, "BallRun") == {"steps": 20_000}
    assert options(study, "CarCircle") == {"steps": 200_000, "rollout_steps": 30_000}


def test_measured_budgets_are_those_of_the_committed_data():
    table = collect_options()
    rows = COLLECT.read_text().splitlines()[1:]
    measured = [line.split("\t")[0] for line in rows if line.endswith("\tmeasured")]
    made = pd.read_csv(ROOT / "results" / "reference_datasets" / "tables" / "datasets.csv").set_index("task")
    assert set(made.index) == set(measured) == set(table)
    for name in measured:
        row = defaults_of(collector(name)) | table[name]
        assert (row["steps"], row["rollout_steps"]) == (made["steps"][name], made["rollout_steps"][name]), name
        card = json.loads((ROOT / "results" / "reference_datasets" / "data" / name / "card.json").read_text())
        made_by = in_current_words(card["made"])["train"]
        assert (made_by, card["episodes"]) == (collector(name), made["episodes"][name])


def test_a_config_goes_over_the_table_and_defaults_leave_the_spec():
    data = {"source": "collect", "collect": {"steps": 1_000, "lr": 0.01}}
    data["collect_per_task"] = {
        "CarGoal1": {"steps": 2_000},
        "BallCircle": {"steps": defaults_of("marvel.datasets.collect")["steps"]},
    }
    study = Study(PLAIN | {"dataset": data})
    assert options(study, "CarCircle") == {"steps": 1_000, "rollout_steps": 30_000, "lr": 0.01}
    assert options(study, "CarGoal1") == {"steps": 2_000, "rollout_steps": 50_000, "lr": 0.01}
    assert options(study, "BallCircle") == {"lr": 0.01}  # equal specs are equal strings
    small, large = Study(PLAIN | {"dataset": data}), Study(PLAIN)
    assert small.memory("dataset", "CarGoal1") < large.memory("dataset", "CarGoal1")
    assert large.memory("dataset", "BallRun") < large.memory("dataset", "AntCircle")


@pytest.mark.parametrize(
    ("study", "wanted"),
    [
        ("quick", {"BallRun": {"steps": 20_000}, "BallCircle": {}}),
        ("comparison", {"BallRun": {"steps": 20_000}, "BallCircle": {"steps": 80_000}}),
        ("smoke", {"BallRun": {"steps": 1_500, "rollout_steps": 1_500}}),
    ],
)
def test_finished_data_stays_what_it_is(study, wanted):
    """The committed records name these options: a changed card would collect the data anew."""
    made = Study(yaml.safe_load((ROOT / "workflow" / "config" / f"{study}.yaml").read_text()))
    assert {task: options(made, task) for task in made.tasks} == wanted
