"""Figures over tasks, over cost limits, and of steps: what stands in them and in their captions."""

import numpy as np
import pandas as pd
import pytest
from made_up import made_up

from workflow.figures import aggregate, improvement, limits, profiles, ranks, steps


def test_figures_over_tasks_show_return_beside_feasible_return_and_cost():
    scores = made_up(["BallRun", "CarRun"], ["marvel", "warm_start", "offline_only"], seeds=3, rounds=10)
    for figure, text in (aggregate.draw(scores), profiles.draw(scores)):
        labels = " ".join(axes.get_xlabel() for axes in figure.axes)
        assert all(word in labels for word in ("return", "feasible return", "cost"))
        assert (
            "2 tasks (BallRun, CarRun) with n = 3 seeds" in text and "stratified" in text and "in 74 % of cases" in text
        )
        assert "cost limit 20" in text
    figure, text = improvement.draw(scores, reference="warm_start")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Marvel", "Offline policy"]
    assert "lower cost" in figure.axes[1].get_xlabel()
    assert not figure.axes[1].patches and "out of reach" not in text
    with pytest.raises(ValueError, match="improvement over 'jsrl' needs that method"):
        improvement.draw(scores, reference="jsrl")


def test_what_no_method_can_reach_is_grey_where_the_reference_has_no_cost():
    assert improvement.reachable(np.array([[0.0, 3.0], [0.0, 0.0]])) == 1 - 0.75 / 2
    scores = made_up(["BallRun", "CarRun"], ["marvel", "warm_start"], seeds=3, rounds=10)
    free = scores["method"].isin(["marvel", "warm_start"]) & (scores["task"] == "BallRun") & (scores["round"] > 0)
    scores.loc[free, ["train_cost", "train_cost_normalized"]] = 0.0
    figure, text = improvement.draw(scores, reference="warm_start")
    returns, costs = figure.axes
    (grey,) = costs.patches
    assert grey.get_x() == 0.75 and not returns.patches
    assert "Grey: out of reach, since a run of Warm Start without cost can only be tied." in text


def test_lines_of_one_method_at_several_limits_are_one_curve():
    assert limits.family("marvel_limit40", 40) == "marvel"
    assert limits.family("marvel_limit40", 20) == "marvel_limit40"  # the name says one thing, the runs another
    parts = []
    for limit in (10, 20, 40):
        name = {10: "marvel_limit10", 20: "marvel", 40: "marvel_limit40"}[limit]
        parts.append(made_up(["BallRun"], ["marvel"], seeds=2, rounds=8).assign(cost_limit=float(limit), method=name))
    scores = pd.concat(parts)
    figure, text = limits.draw(scores)
    assert [label.get_text() for label in figure.legends[0].get_texts()] == ["Marvel", "cost = limit"]
    assert "10, 20, 40" in text
    with pytest.raises(ValueError, match="needs at least two"):
        limits.draw(scores[scores["cost_limit"] == 20])
    again = scores[scores["cost_limit"] == 10].assign(method="marvel")  # as another study names the same runs
    with pytest.raises(ValueError, match="cost limit 10 was given twice"):
        limits.draw(pd.concat([scores, again]))


def test_steps_name_each_option_in_the_order_given():
    scores = made_up(["BallRun", "CarRun"], ["official", "half", "marvel"], seeds=3, rounds=6)
    figure, text = steps.draw(scores)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["half", "Marvel"]
    assert "from official to Marvel" in text
    with pytest.raises(ValueError, match="needs at least two methods"):
        steps.draw(scores[scores["method"] == "half"])


def test_a_cost_beyond_the_axis_is_a_number_and_no_axis_is_logarithmic():
    scores = made_up(["BallRun", "CarRun"], ["marvel", "warm_start"], rounds=10)
    far = scores["method"] == "warm_start"
    scores.loc[far, ["train_cost", "train_cost_normalized"]] *= 100
    figure, text = aggregate.draw(scores)
    cost = figure.axes[2]
    assert {axes.get_xscale() for axes in figure.axes} == {"linear"} and cost.get_xlim()[1] < 5
    assert any("▸" in note.get_text() for note in cost.texts) and "number beside an arrow" in text


def test_mean_ranks_by_hand():
    made = {"a": np.array([[3.0, 1.0]]), "b": np.array([[2.0, 1.0]]), "c": np.array([[1.0, 5.0]])}
    ranked = ranks.mean_ranks(made, 1)
    assert {name: rank.tolist() for name, rank in ranked.items()} == {"a": [[1, 2.5]], "b": [[2, 2.5]], "c": [[3, 1]]}
    assert ranks.mean_ranks(made, -1)["c"].tolist() == [[1, 3]]
    scores = made_up(["BallRun", "CarRun"], ["marvel", "warm_start", "offline_only"], rounds=10)
    figure, text = ranks.draw(scores)
    assert "among 3" in figure.get_supxlabel() and "Mean rank of a run among those of the 3 methods" in text
    fewer = scores[(scores["method"] != "marvel") | (scores["seed"] == 0)]
    with pytest.raises(ValueError, match=r"with the same seeds; the scores have marvel \(1\), warm_start \(3\)"):
        ranks.draw(fewer)
