"""The figure of offline training: drawn from progress files of runs that may differ in tasks and lengths."""

import json

import pandas as pd
import pytest
from matplotlib.text import Text
from studies import toy_config

from workflow.figures import __main__ as figures
from workflow.figures import offline
from workflow.figures.entries import figure_command, figure_inputs
from workflow.study import Study


def progress(folder, algorithm: str, task: str, seed: int, returns: list[float], limit: float | None = None):
    """A progress file of an offline run, its record beside it."""
    path = folder / algorithm / task / f"seed{seed}" / "progress.csv"
    path.parent.mkdir(parents=True)
    path.with_name("run.json").write_text(json.dumps({"options": {"cost_limit": limit}}))
    count = len(returns)
    rows = {"updates": [100 * k for k in range(count)], "eval_return": returns, "eval_cost": [30.0] * count}
    pd.DataFrame(rows | {"eval_episodes": [10] * count}).to_csv(path, index=False)
    return path


def test_drawn_from_progress_files(tmp_path, capsys):
    files = [progress(tmp_path, "cpq", "BallRun", seed, [0.0, 5.0 + seed, 9.0]) for seed in (0, 1)]
    files.append(progress(tmp_path, "bear", "CarRun", 0, [0.0, 3.0], limit=5.0))  # another task alone, and shorter
    out = tmp_path / "figure"
    figures.main(["offline", "--cost-limit", "20", "--out", str(out), "--progress", *map(str, files)])
    text = out.with_suffix(".txt").read_text()
    assert text.startswith("Offline training, before any online step; 10 episodes an evaluation. Return (above)")
    assert "against gradient steps, in raw units; n = 1 to 2 seeds" in text and "limit (20 per episode)" in text
    assert text.endswith("BEAR-Lag was trained for a cost limit of 5.\n") and "CPQ was trained" not in text
    rows = offline.read_offline(files, 20.0)
    assert rows[rows["method"] == "cpq"].groupby("seed")["eval_return"].max().tolist() == [9.0, 9.0]
    assert set(rows["task"]) == {"BallRun", "CarRun"} and rows["round"].max() == 2
    files[0].write_text("updates\n1\n")
    with pytest.raises(ValueError, match=r"lacks the column\(s\) eval_return, eval_cost; give progress"):
        offline.read_offline(files, 20.0)


@pytest.mark.parametrize(("length", "scale"), [(5, "linear"), (10, "symlog")])
def test_one_algorithm_that_trains_much_longer_bends_the_axis_of_its_task(length, scale, tmp_path):
    files = [progress(tmp_path, "cpq", task, 0, [0.0, 5.0, 9.0]) for task in ("BallRun", "CarRun")]
    files.append(progress(tmp_path, "cpq_long", "CarRun", 0, [1.0] * length))
    figure, _ = offline.draw(files, 20.0)
    scales = [axes.get_xscale() for axes in figure.axes]
    assert scales.count(scale) == (2 if scale == "symlog" else 4)
    assert ("(log above 200 on CarRun)" in " ".join(text.get_text() for text in figure.findobj(Text))) == (length == 10)


def test_study_names_the_runs_that_a_method_starts_from(toy_dataset):
    config = toy_config(toy_dataset, figures={"training": {"kind": "offline"}})
    study = Study(config)
    folder = "results/toy/offline/cpq/Toy"
    expected = [f"{folder}/seed0/progress.csv", f"{folder}/seed1/progress.csv"]
    assert figure_inputs(study, "training") == {"progress": expected}
    words = f"offline --progress {' '.join(expected)} --cost-limit 5 --tasks Toy"
    assert figure_command(study, "training") == words
    shared = Study(config | {"offline_seed": 1})
    assert figure_inputs(shared, "training") == {"progress": expected[1:]}
