"""Table 1: moments reached again, Monte-Carlo returns by hand, rank correlations, faults in one sentence."""

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import make_spec
from made_up import made_up
from studies import toy_config

from marvel import datasets, ranks
from marvel.run.execute import execute
from marvel.simulators import State, make_env
from marvel.tasks import get_task
from workflow.statistics import ranks as statistics
from workflow.study import Study
from workflow.tables import ranks as table
from workflow.tables.__main__ import main as draw_tables

TOY = get_task("Toy")


def still(observation, noise):
    """Stay where you are."""
    return np.zeros(2, np.float32)


def test_points_of_the_data_are_near_it_and_hold_what_the_simulator_shows(toy_dataset):
    env, data = make_env("Toy"), datasets.read(toy_dataset, TOY)
    points = list(ranks.dataset_points(env, data, 20, 12, torch.Generator().manual_seed(0)))
    assert len(points) == 20 and len({p.state.actions.tobytes() for p in points}) > 10
    steps = [len(point.state.actions) for point in points]
    assert max(steps) <= 12 and len(set(steps)) > 5
    for point in points:
        assert (env.restore_state(point.state) == point.observation).all()
        row = np.flatnonzero(
            (data["actions"] == point.action).all(1)
        )  # actions are random, so they tell the rows apart
        off = np.abs(data["observations"][row] - point.observation) / (data["observations"].std(0) + 1e-6)
        assert off.max(1).min() == pytest.approx(point.deviation) and point.deviation <= ranks.FARTHEST
    env.close()


def test_moments_that_cannot_be_reached_are_given_up(toy_dataset):
    data = datasets.read(toy_dataset, TOY)
    elsewhere = data | {"observations": data["observations"] + 5 * data["observations"].std(0)}
    assert not list(ranks.dataset_points(make_env("Toy"), elsewhere, 3, 12, torch.Generator().manual_seed(0)))


def test_random_points_are_random_moments():
    env = make_env("Toy")
    points = list(ranks.random_points(env, 30, 25, torch.Generator().manual_seed(0)))
    steps = [len(p.state.actions) for p in points]
    assert min(steps) < 8 and 18 < max(steps) <= 25
    actions = np.array([p.action for p in points])
    assert abs(actions.mean()) < 0.25 and 0.4 < actions.std() < 0.75 and np.abs(actions).max() <= 1


def test_rollout_is_the_discounted_sum_of_the_action_and_then_the_policy():
    env = make_env("Toy")
    actions = np.full((TOY.max_episode_steps - 5, 2), 0.9, np.float32)  # the rollout ends with the episode
    point = ranks.Point("random", State("Toy", 3, actions), None, np.array([1.0, 0.0], np.float32), 0.0)
    total, cost = ranks.rollout(env, point, still, np.zeros((4, 2)), 0.9)
    env.restore_state(point.state)
    rows = [env.step(action) for action in [point.action, *np.zeros((4, 2), np.float32)]]
    assert rows[-1][3] and total == pytest.approx(sum(0.9**k * row[1] for k, row in enumerate(rows)))
    assert cost == pytest.approx(sum(0.9**k * row[4]["cost"] for k, row in enumerate(rows))) and cost > 0


def test_file_from_a_prealignment(toy_prealigned, tmp_path):
    out = tmp_path / "Toy" / "seed0.csv"
    words = [str(toy_prealigned.with_name("run.json")), "--points", "30", "--rollouts", "2", "--horizon", "300"]
    assert ranks.main([*words, "--out", str(out)]) == 0
    first, made = out.read_bytes(), pd.read_csv(out)
    assert list(made) == [*ranks.COLUMNS, *ranks.VALUES] and len(made) == 2 * 30 * 2
    assert made.groupby("points")["number"].nunique().tolist() == [30, 30] and made.notna().all().all()
    assert (made["reward_before"] != made["reward_after"]).any() and (made["cost_before"] != made["cost_after"]).any()
    assert made.groupby("number")["mc_return"].nunique().max() == 2  # the policy is stochastic
    assert made["step"].max() <= TOY.max_episode_steps - 15  # half the time limit instead of 300
    assert ranks.main([*words, "--out", str(out)]) == 0 and out.read_bytes() == first
    words = ["ranks", "--scores", str(tmp_path / "scores.csv"), "--ranks", str(out), "--out-dir", str(tmp_path)]
    made_up(["BallRun"], ["marvel"], seeds=1, rounds=2).to_csv(tmp_path / "scores.csv", index=False)
    draw_tables(words)
    assert "| Qc | random | 1 | 30 |" in (tmp_path / "ranks.md").read_text()


def test_critics_of_an_algorithm_that_hands_none_over(toy_dataset, tmp_path, capsys):
    spec = make_spec("marvel.bear", dataset=str(toy_dataset), options={"steps": 2, "batch_size": 8})
    execute(spec, tmp_path / "bear")
    start = str(tmp_path / "bear" / "checkpoint.pt")
    spec = make_spec("marvel.prealign", start=start, dataset=str(toy_dataset), options={"calls": 2})
    execute(spec, tmp_path / "vpa")
    assert ranks.main([str(tmp_path / "vpa" / "run.json"), "--out", str(tmp_path / "x.csv")]) == 1
    assert (
        "holds no critics that fine-tuning takes over; give `ranks` an offline entry whose" in capsys.readouterr().err
    )
    assert not (tmp_path / "x.csv").exists()


def rollouts(values: list[float], before: list[float], after: list[float], spread: float = 0.0) -> pd.DataFrame:
    """A file of one kind of points, two rollouts a point that lie `spread` on either side of its value."""
    rows = [
        {"points": "dataset", "number": n, "step": 7, "deviation": 0.1, "mc_return": v + s, "mc_cost": 1.0}
        | {"reward_before": b, "reward_after": a, "cost_before": b, "cost_after": a}
        for n, (v, b, a) in enumerate(zip(values, before, after, strict=True))
        for s in (-spread, spread)
    ]
    return pd.DataFrame(rows)


def test_correlations_by_hand(monkeypatch):
    monkeypatch.setattr(statistics, "FEWEST", 4)
    made = statistics.correlations(rollouts([1, 2, 3, 4], [8, 4, 2, 1], [0, 1, 10, 5], spread=0.5))
    got = made.set_index(["critic", "stage"])
    assert got["spearman"]["reward", "before"] == pytest.approx(-1)
    assert got["spearman"]["reward", "after"] == pytest.approx(0.8)
    assert (
        np.isnan(got["spearman"]["cost", "before"]) and got["active"]["cost", "before"] == 0
    )  # all costs equal: no ranks
    # two rollouts at +-0.5: sample variance 0.5, standard error 0.5; spread of 1, 2, 3, 4 is sqrt(5 / 3)
    assert made["noise"].dropna().unique() == pytest.approx([0.5 / np.sqrt(5 / 3)])
    assert made["n"].unique() == [4] and made["rollouts"].unique() == [2] and made["step"].unique() == [7]
    monkeypatch.setattr(statistics, "FEWEST", 5)
    assert statistics.correlations(rollouts([1, 2, 3, 4], [8, 4, 2, 1], [0, 1, 10, 5]))["spearman"].isna().all()


def test_table_has_the_papers_numbers_where_they_are_known(tmp_path, monkeypatch):
    monkeypatch.setattr(statistics, "FEWEST", 3)
    files = []
    for seed in (0, 1):
        both = [
            rollouts([1, 2, 3], [1, 3, 2], [1, 2, 3]).assign(points=kind, mc_cost=[1, 1, 2, 2, 3, 3])
            for kind in ("dataset", "random")
        ]
        files.append(tmp_path / "BallCircle" / f"seed{seed}.csv")
        files[-1].parent.mkdir(exist_ok=True)
        pd.concat(both).to_csv(files[-1], index=False)
    made = table.ranks(files)
    assert list(made)[:6] == ["task", "seed", "critic", "points", "stage", "spearman"] and len(made) == 2 * 8
    (row,) = (line for line in table.markdown(made).splitlines() if line.startswith("| Qc | random |"))
    assert row.startswith(
        "| Qc | random | 2 | 3 | 7 | 67 % | 0.50 [0.50, 0.50] | 1.00 [1.00, 1.00] | 0.50 [0.50, 0.50] |"
    )
    assert row.endswith("| -0.25 to 0.36 | 0.00 |  |")
    with pytest.raises(ValueError, match=r"nothing\.csv must be named"):
        table.ranks([tmp_path / "nothing.csv"])
    pd.DataFrame({"points": [1]}).to_csv(files[0], index=False)
    with pytest.raises(ValueError, match=r"lacks the column\(s\) cost_after, .*; make it with python -m marvel.ranks"):
        table.ranks(files)


def test_config_names_lines_that_exist(toy_dataset):
    section = {"offline": "cpq", "prealign": "vpa", "rollouts": 3}
    study = Study(toy_config(toy_dataset, ranks=section))
    assert study.ranks == section | {"tasks": ["Toy"], "seeds": [0, 1], "points": 100, "horizon": 300}
    assert Study(toy_config(toy_dataset)).ranks == {}
    config = toy_config(toy_dataset, ranks=section)
    config["offline"] |= {"bear": {"train": "marvel.bear"}}
    config["methods"] |= {"from_bear": config["methods"]["warm_start"] | {"offline": "bear"}}
    for change, text in (
        ({"prealign": "vap"}, "ranks: prealign is 'vap'; did you mean vpa"),
        ({"offline": "bear"}, "ranks: marvel.bear hands no critics over; name an offline entry whose algorithm does"),
        ({"tasks": ["Tay"]}, "ranks: tasks: 'Tay' is none of this study's; did you mean Toy"),
    ):
        with pytest.raises(ValueError, match=text):
            Study(config | {"ranks": section | change})
