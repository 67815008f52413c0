"""Learning curves of made-up studies: what is drawn, what the caption says, the same bytes twice."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from marvel.tasks import get_task, normalize_cost, normalize_return
from workflow.scripts import curves, figures, grids, scores, style


def made_up(tasks: list[str], methods: list[str], seeds: int = 3, rounds: int = 60, peak: float = 90.0) -> pd.DataFrame:
    """Scores that look like training: returns rise, costs overshoot and come down; episodes may end early."""
    frames = []
    for task_number, name in enumerate(tasks):
        task = get_task(name)
        span = task.max_return - task.min_return
        for method_number, method in enumerate(methods):
            for seed in range(seeds):
                random = np.random.default_rng([task_number, method_number, seed])
                count = 0 if method == "offline_only" else rounds
                done = np.arange(count + 1) / max(count, 1)
                lengths = random.integers(3 * task.max_episode_steps, 5 * task.max_episode_steps + 1, count)
                frame = pd.DataFrame({column: np.nan for column in scores.PROGRESS}, index=range(count + 1))
                frame["round"] = frame["env_steps"] = np.arange(count + 1)
                frame["episodes"], frame["updates"] = 5 * frame["round"], 20 * frame["round"]
                frame["env_steps"] = np.concatenate([[0], np.cumsum(lengths)])
                speed = 3 + 2 * method_number
                level = task.min_return + span * (0.8 - 0.08 * method_number) * (1 - np.exp(-speed * done))
                frame["train_return"] = level + random.normal(0, 0.04 * span, count + 1)
                cost = peak * np.exp(-(2 + method_number) * done) + 12 + 4 * method_number
                frame["train_cost"] = np.maximum(0, cost + random.normal(0, 6, count + 1))
                frame.loc[0, ["train_return", "train_cost"]] = np.nan
                frame["cumulative_cost"] = 5 * frame["train_cost"].fillna(0).cumsum()
                frame["train_violations"] = np.cumsum(frame["train_cost"] > 20)
                evaluated = frame["round"] % 10 == 0
                frame.loc[evaluated, "eval_return"] = (
                    task.min_return + 0.45 * span + random.normal(0, 0.03 * span, sum(evaluated))
                )
                frame.loc[evaluated, "eval_cost"] = 14 + random.normal(0, 2, sum(evaluated))
                frame = frame.assign(method=method, task=name, seed=seed, cost_limit=20.0, start="", code="current")
                for source in ("train", "eval"):
                    frame[f"{source}_return_normalized"] = normalize_return(task, frame[f"{source}_return"])
                    frame[f"{source}_cost_normalized"] = normalize_cost(task, frame[f"{source}_cost"], 20.0)
                frames.append(frame)
    return pd.concat(frames, ignore_index=True)[scores.SCORES]


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "scores.csv"
    made_up(["BallRun"], ["marvel", "warm_start", "offline_only"]).to_csv(path, index=False)
    return path


def test_command_writes_picture_and_caption_with_the_same_bytes_in_another_process(small, tmp_path, capsys):
    first, second = tmp_path / "a/curves", tmp_path / "b/curves"
    figures.main(f"curves --scores {small} --out {first} --units raw".split())
    assert capsys.readouterr().out.split() == [f"{first}.{kind}" for kind in ("pdf", "png", "txt")]
    command = f"-m workflow.scripts.figures curves --scores {small} --out {second} --units raw"
    subprocess.run([sys.executable, *command.split()], check=True, capture_output=True)
    for kind in ("pdf", "png", "txt"):
        data = first.with_name(f"curves.{kind}").read_bytes()
        assert data == second.with_name(f"curves.{kind}").read_bytes()
        assert len(data) > 300
    assert sorted(p.name for p in first.parent.iterdir()) == ["curves.pdf", "curves.png", "curves.txt"]


def test_caption_states_n_interval_limit_and_treatment(small):
    frame = scores.read_scores(small)
    text = curves.draw_curves(frame)[1]
    for words in ("n = 3 seeds", "95 % percentile bootstrap", "the cost limit (20 per episode)", "offline_only"):
        assert words in text
    assert "at most 50 points" in text
    figure, text = curves.draw_curves(frame, window=10, points=100)
    assert "moving average of 10 rounds" in text and "moving average of 10 rounds" in figure.get_supxlabel()
    assert "not smoothed" in curves.draw_curves(frame, points=100)[1]


@pytest.mark.parametrize("x", list(curves.X_LABELS))
@pytest.mark.parametrize("source", list(curves.SOURCES))
def test_every_axis_and_source_draws_limit_curves_and_one_legend(small, x, source):
    figure, _ = curves.draw_curves(scores.read_scores(small), "normalized", source, x)
    top, bottom = (axes for axes in figure.axes if axes.get_visible())
    assert (top.get_title(), len(figure.legends)) == ("BallRun", 1)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["marvel", "warm_start", "offline_only", "cost limit"]
    flat = [line.get_ydata()[0] for line in bottom.lines if len(set(line.get_ydata())) == 1]
    assert 1.0 in flat and len(flat) == 2  # the limit and the offline policy
    assert len(top.lines) == 2 * (3 + 1) + 1  # two methods with three seeds and a mean, one horizontal line


def test_letters_are_readable_at_column_width_and_many_tasks_wrap():
    frame = made_up(list(published_tasks(5)), ["marvel", "warm_start"], seeds=1, rounds=8)
    figure, text = curves.draw_curves(frame)
    assert "With n = 1 there is no interval" in text
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 10 and figure.get_figwidth() == style.TEXT_WIDTH
    letters = [label for axes in shown for label in (axes.title, axes.yaxis.label, *axes.get_xticklabels())]
    assert min(label.get_fontsize() for label in [*letters, *figure.legends[0].get_texts()]) >= 7


def published_tasks(count: int) -> list[str]:
    """The first of the 11 tasks of the published code."""
    bodies = [f"{body}{kind}" for body in ("Ball", "Car", "Drone", "Ant") for kind in ("Run", "Circle")]
    return [*bodies, "HalfCheetahVelocity", "HopperVelocity", "SwimmerVelocity"][:count]


def test_high_costs_turn_the_axis_logarithmic_and_say_so():
    figure, text = curves.draw_curves(made_up(["HopperVelocity"], ["marvel"], peak=900, rounds=20))
    assert figure.axes[1].get_yscale() == "symlog" and "logarithmic above" in text
    figure, text = curves.draw_curves(made_up(["HopperVelocity"], ["marvel"], peak=90, rounds=20))
    assert figure.axes[1].get_yscale() == "linear" and "logarithmic" not in text


def test_seeds_are_interpolated_onto_the_grid_they_share():
    rows = pd.DataFrame(
        {"round": [0, 1, 2, 0, 1, 2], "seed": [0, 0, 0, 1, 1, 1], "env_steps": [0, 100, 200, 0, 150, 250]}
    ).assign(train_return=[np.nan, 0.0, 100.0, np.nan, 5.0, 5.0])
    made = grids.curve(rows, "env_steps", "train_return")
    np.testing.assert_allclose(made.x, [150, 200])
    np.testing.assert_allclose(made.values, [[50, 100], [5, 5]])


def test_thinning_and_moving_average_by_hand():
    x, values = grids.thin(np.arange(6.0), np.array([0.0, 2.0, 4.0, 6.0, 8.0, 10.0]), 3)
    assert (x.tolist(), values.tolist()) == ([0.5, 2.5, 4.5], [1.0, 5.0, 9.0])
    assert grids.moving_average(np.array([1.0, 3.0, 5.0, 7.0]), 2).tolist() == [1, 2, 4, 6]


def test_a_method_keeps_its_look_whatever_stands_beside_it():
    assert len({look.color for look in style.METHODS.values()}) == len(style.METHODS)
    alone, together = style.styles(["mine"])["mine"], style.styles(["mine", "marvel", "pex"])["mine"]
    assert alone == together
    strangers = style.styles([f"method_{number}" for number in range(20)])
    assert len({look[:2] for look in strangers.values()}) == 20


def test_what_one_panel_cannot_show_is_refused(small, tmp_path):
    frame = scores.read_scores(small)
    with pytest.raises(ValueError, match="a panel shows one limit"):
        curves.draw_curves(frame.assign(cost_limit=np.where(frame["method"] == "marvel", 20.0, 40.0)))
    with pytest.raises(ValueError, match="nothing to draw"):
        curves.draw_curves(frame.iloc[:0])
    with pytest.raises(ValueError, match="no method marvle; it has marvel"):
        figures.main(f"curves --scores {small} --out {tmp_path / 'x'} --methods marvle".split())
