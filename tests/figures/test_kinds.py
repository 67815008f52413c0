"""Figures of made-up studies: what is drawn, what the caption says, the same bytes twice."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from made_up import made_up

from workflow.figures import __main__ as figures
from workflow.figures import compute, costs, curves, final, grids, sparsity, style
from workflow.runs import scores
from workflow.statistics.per_seed import per_seed
from workflow.statistics.ranks import active_share


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "scores.csv"
    made_up(["BallRun"], ["marvel", "warm_start", "offline_only"]).to_csv(path, index=False)
    return path


def test_command_writes_picture_and_caption_with_the_same_bytes_in_another_process(small, tmp_path, capsys):
    first, second = tmp_path / "a/curves", tmp_path / "b/curves"
    figures.main(f"curves --scores {small} --out {first} --units raw".split())
    assert capsys.readouterr().out.split() == [f"{first}.{kind}" for kind in ("pdf", "png", "txt")]
    command = f"-m workflow.figures curves --scores {small} --out {second} --units raw"
    subprocess.run([sys.executable, *command.split()], check=True, capture_output=True)
    for kind in ("pdf", "png", "txt"):
        data = first.with_name(f"curves.{kind}").read_bytes()
        assert data == second.with_name(f"curves.{kind}").read_bytes()
        assert len(data) > 300
    assert sorted(p.name for p in first.parent.iterdir()) == ["curves.pdf", "curves.png", "curves.txt"]


def test_caption_states_n_interval_limit_and_treatment(small):
    frame = scores.read_scores(small)
    text = curves.draw(frame)[1]
    for words in ("n = 3 seeds", "95 % percentile bootstrap", "the cost limit (20 per episode)", "Offline policy"):
        assert words in text
    assert "at most 50 points" in text
    figure, text = curves.draw(frame, window=10, points=100)
    assert "moving average of 10 rounds" in text and "moving average of 10 rounds" in figure.get_supxlabel()
    assert "not smoothed" in curves.draw(frame, points=100)[1]


@pytest.mark.parametrize("x", [name for name in curves.X_LABELS if name != "cumulative_cost"])
@pytest.mark.parametrize("source", list(curves.SOURCES))
def test_every_axis_and_source_draws_limit_curves_and_one_legend(small, x, source):
    figure, _ = curves.draw(scores.read_scores(small), units="normalized", source=source, x=x)
    top, bottom = (axes for axes in figure.axes if axes.get_visible())
    assert (top.get_title(), len(figure.legends)) == ("BallRun", 1)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["Marvel", "Warm Start", "Offline policy", "cost limit"]
    flat = [line.get_ydata()[0] for line in bottom.lines if len(set(line.get_ydata())) == 1]
    assert 1.0 in flat and len(flat) == 2  # the limit and the offline policy
    assert len(top.lines) == 2 * (3 + 1) + 1  # two methods with three seeds and a mean, one horizontal line


def test_curves_against_cumulative_cost_end_where_each_run_ends(small):
    frame = scores.read_scores(small)
    frame = frame[frame["method"] == "marvel"].copy()
    frame.loc[frame["seed"] == 1, "cumulative_cost"] *= 10  # one seed spends far more than the others
    figure, text = curves.draw(frame, rows=["return"], x="cumulative_cost", points=1000)
    (axes,) = figure.axes
    last = frame.groupby("seed")[["cumulative_cost", "train_return"]].last()
    dots = sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if len(line.get_xdata()) == 1)
    np.testing.assert_allclose(dots, sorted(last.itertuples(index=False)))
    assert axes.lines[-1].get_xdata()[-1] == pytest.approx(last["cumulative_cost"].mean(), rel=0.05)
    assert axes.get_xlim()[1] > last["cumulative_cost"].max() and not axes.collections  # and no band across seeds
    assert "at equal environment steps; a dot is where a seed ends" in text


def test_a_row_of_cost_panels_is_logarithmic_as_a_whole():
    frame = pd.concat(
        [made_up(["HopperVelocity"], ["marvel"], peak=900, rounds=20), made_up(["BallRun"], ["marvel"], rounds=20)]
    )
    figure, _ = curves.draw(frame)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_yscale() for axes in shown] == ["linear", "linear", "symlog", "symlog"]
    assert not any(axes.texts or axes.get_title(loc="right") for axes in shown)  # notes stand outside


def test_axes_span_the_means_and_not_one_outlier():
    frame = made_up(["BallRun"], ["marvel", "warm_start"], rounds=20)
    frame.loc[(frame["method"] == "marvel") & (frame["seed"] == 0), "train_return"] += 1e5
    marvel = frame[(frame["method"] == "marvel") & (frame["round"] > 0)].groupby("round")["train_return"].mean()
    low, high = curves.draw(frame)[0].axes[0].get_ylim()
    assert low < marvel.min() and marvel.max() < high < 1.6 * marvel.max() < frame["train_return"].max()


def test_final_shows_each_run_its_mean_and_the_limit(small):
    frame = scores.read_scores(small)
    figure, text = final.draw(frame)
    (axes,) = figure.axes
    ends = per_seed(frame).groupby("method")[["train_cost", "train_return"]]
    points = {len(line.get_xdata()) for line in axes.lines}
    assert points == {1, 2, 3}  # means, the limit's line, the runs of a method
    means = {(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if len(line.get_xdata()) == 1}
    for method in ("marvel", "warm_start"):
        assert tuple(ends.get_group(method).mean()) in means
    assert "left of it is safe" in text and "read from the evaluation: Offline policy" in text


def test_costs_are_distributed_as_counted(small, tmp_path):
    x, share = costs.distribution(np.array([0.0, 5.0, 5.0, 40.0]))
    assert (x.tolist(), share.tolist()) == ([0, 0, 5, 40], [0, 0.25, 0.75, 1])
    frame = scores.read_scores(small)
    frame = frame[(frame["method"] == "marvel") & (frame["seed"] == 0)]
    with pytest.raises(ValueError, match=r"has an episodes\.csv"):
        costs.draw(frame, tmp_path)
    count = int(frame["episodes"].max())
    folder = tmp_path / "marvel" / "BallRun" / "seed0"
    folder.mkdir(parents=True)
    rows = {"round": 1 + np.arange(count) // 5, "kind": "train", "steps": 100, "return": 1.0}
    rows["cost"] = np.where(np.arange(count) < 0.9 * count, 0.0, 30.0)
    pd.DataFrame(rows).to_csv(folder / "episodes.csv", index=False)
    figure, text = costs.draw(frame, tmp_path)
    heights = [axes.lines[0].get_ydata()[1] for axes in figure.axes]
    assert heights == pytest.approx([0.9, 0.5]) and "share of safe episodes" in text


def test_letters_are_readable_at_column_width_and_many_tasks_wrap():
    frame = made_up(list(published_tasks(5)), ["marvel", "warm_start"], seeds=1, rounds=8)
    figure, text = curves.draw(frame)
    assert "With n = 1 there is no interval" in text
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 10 and figure.get_figwidth() == style.WIDTH
    letters = [label for axes in shown for label in (axes.title, axes.yaxis.label, *axes.get_xticklabels())]
    assert min(label.get_fontsize() for label in [*letters, *figure.legends[0].get_texts()]) >= 7


def published_tasks(count: int) -> list[str]:
    """The first of the 11 tasks of the official code."""
    bodies = [f"{body}{kind}" for body in ("Ball", "Car", "Drone", "Ant") for kind in ("Run", "Circle")]
    return [*bodies, "HalfCheetahVelocity", "HopperVelocity", "SwimmerVelocity"][:count]


def test_high_costs_turn_the_axis_logarithmic_and_say_so():
    figure, text = curves.draw(made_up(["HopperVelocity"], ["marvel"], peak=900, rounds=20))
    assert figure.axes[1].get_yscale() == "symlog" and "logarithmic above" in text
    figure, text = curves.draw(made_up(["HopperVelocity"], ["marvel"], peak=90, rounds=20))
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


def test_methods_of_the_paper_keep_their_looks_and_no_colour_or_marker_is_used_twice():
    paper = list(style.METHODS)
    others = [f"method_{number}" for number in range(20)]
    looks = style.styles(paper + others)
    assert all(looks[name][:3] == style.METHODS[name][:3] for name in paper)
    first = [looks[name] for name in (paper + others)[:15]]
    assert len({look.color for look in first}) == len({look.marker for look in first}) == 15
    assert len({look[:3] for look in looks.values()}) == 30
    assert style.styles(["from_scratch", "pex_bear"])["pex_bear"].color == style.METHODS["pex"].color
    assert style.styles(["pex", "pex_bear"])["pex_bear"].color != style.METHODS["pex"].color


def test_what_one_panel_cannot_show_is_refused(small, tmp_path):
    frame = scores.read_scores(small)
    with pytest.raises(ValueError, match="a panel shows one limit"):
        curves.draw(frame.assign(cost_limit=np.where(frame["method"] == "marvel", 20.0, 40.0)))
    with pytest.raises(ValueError, match="nothing to draw"):
        curves.draw(frame.iloc[:0])
    with pytest.raises(ValueError, match="no method marvle; it has marvel"):
        figures.main(f"curves --scores {small} --out {tmp_path / 'x'} --methods marvle".split())


def test_multipliers_stand_below_on_a_logarithmic_axis(small):
    frame = scores.read_scores(small)
    frame["multiplier"] = np.where(frame["method"] == "marvel", 0.5, 0.002) * (frame["round"] > 0)
    figure, text = curves.draw(frame, rows=("return", "cost", "multiplier"))
    assert len(figure.axes) == 3 and figure.axes[2].get_yscale() == "symlog"
    assert figure.axes[2].get_ylim()[0] < 0  # a multiplier of 0 runs above the axis
    assert [tick.get_text() for tick in figure.axes[2].get_yticklabels()] == ["0", "0.001", "0.01", "0.1"]
    assert "multiplier" in text and "Return (above) and cost (below)" in text
    figure, text = curves.draw(frame, rows=("return",))
    assert "The cost limit is 20 per episode" in text
    assert "cost limit" not in [label.get_text() for label in figure.legends[0].get_texts()]


def test_a_sweep_has_the_colours_of_a_scale_in_the_order_given(small, tmp_path):
    looks = style.styles(["b", "a", "marvel"], sweep=True)
    assert looks["b"].color == "#0d0887" and len({look.color for look in looks.values()}) == 3  # dark to light
    words = f"--scores {small} --methods warm_start marvel --sweep --out {tmp_path / 'x'}"
    figure, _ = figures.draw(figures.parser().parse_args(["curves", *words.split()]))
    assert [text.get_text() for text in figure.legends[0].get_texts()][:2] == ["Warm Start", "Marvel"]


def test_costs_are_summed_over_the_stages_that_a_run_starts_from(tmp_path):
    def record(folder, seconds, start=None):
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(
            json.dumps({"start": start, "record": {"cpu_seconds": seconds, "cpu": "a fast one"}})
        )
        return str(folder / "checkpoint.pt")

    offline = record(tmp_path / "offline/cpq/BallRun/seed0", 600.0)
    ready = record(tmp_path / "prealigned/vpa/cpq/BallRun/seed0", 60.0, offline)
    record(tmp_path / "runs/marvel/BallRun/seed0", 120.0, ready)
    record(tmp_path / "runs/warm_start/BallRun/seed0", 90.0, offline)
    spent = compute.stage_seconds(tmp_path / "runs/marvel/BallRun/seed0", tmp_path)
    assert spent == {"online": 120, "prealigned": 60, "offline": 600}
    frame = made_up(["BallRun"], ["marvel", "warm_start", "external"], seeds=1, rounds=4)
    table = compute.costs(frame, tmp_path / "runs").set_index("method")
    assert table["online"].to_dict() == {"marvel": 120, "warm_start": 90}
    assert table["prealigned"].to_dict() == {"marvel": 60, "warm_start": 0}
    figure, text = compute.draw(frame, tmp_path / "runs")
    assert "a fast one" in text and "Without a record of their time: external" in text
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Marvel", "Warm Start"]
    with pytest.raises(ValueError, match="records cpu_seconds"):
        compute.draw(frame, tmp_path)


def test_principal_components_by_hand():
    line = np.arange(10.0)
    plane, shares = sparsity.components(np.stack([line, 2 * line, np.full(10, 3.0), -line], axis=1))
    np.testing.assert_allclose(shares, [1, 0], atol=1e-12)
    np.testing.assert_allclose(np.diff(plane[:, 0]), np.sqrt(3) / line.std())
    with pytest.raises(ValueError, match="two dimensions that change"):
        sparsity.components(np.ones((5, 3)))


def test_sparsity_names_its_input_and_counts_it(tmp_path, toy_dataset, capsys):
    assert active_share(np.array([0.0, 0, 0, 1])) == 0.25
    assert active_share(np.zeros(4)) == 0
    out = tmp_path / "sparsity"
    figures.main(f"sparsity --tasks Toy --datasets {toy_dataset} --out {out}".split())
    text = out.with_name("sparsity.txt").read_text()
    assert "Toy (dataset.hdf5" in text and "t-SNE" in text and "% of all steps have another cost" in text
    with pytest.raises(ValueError, match="of equal number"):
        figures.main(f"sparsity --datasets {toy_dataset} --out {out}".split())
    with pytest.raises(SystemExit):
        figures.main(f"steps --scores x --rows cost --out {out}".split())
    assert "unrecognized arguments: --rows" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["aggregate", "profiles", "improvement", "steps"])
def test_every_kind_is_drawn_from_scores_alone(small, tmp_path, kind):
    figures.main(f"{kind} --scores {small} --methods marvel warm_start --out {tmp_path / kind}".split())
    assert "n = 3 seeds" in (tmp_path / f"{kind}.txt").read_text()
    assert (tmp_path / f"{kind}.pdf").stat().st_size > 1000
    with pytest.raises(ValueError, match="draws one study"):
        figures.main(f"{kind} --scores {small} {small} --out {tmp_path / kind}".split())
