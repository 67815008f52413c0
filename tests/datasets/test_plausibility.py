"""Warnings of a card: what is allowed, yet probably a mistake."""

import json
import re

import numpy as np
import pytest
from files import make, save

from marvel.datasets import __main__ as commands
from marvel.datasets.plausibility import share_that_follows, warnings_of
from marvel.tasks import TASKS, get_task


def changed(key, value):
    """Arrays of BallRun, all of one key replaced."""

    def apply(arrays):
        return arrays | {key: value(arrays[key]) if callable(value) else np.full_like(arrays[key], value)}

    return apply


def ends_as_terminals(arrays):
    return arrays | {"terminals": arrays["timeouts"], "timeouts": arrays["terminals"]}


def half_the_limit(arrays):
    """Episodes cut at 50 steps, which is stored as terminals."""
    return ends_as_terminals(make(count=12, steps=50, largest_cost=40))


def some_rows_wrong(arrays):
    following = arrays["next_observations"].copy()
    following[::10] += 1
    return arrays | {"next_observations": following}


WARNED = {
    "unscaled actions": (changed("actions", lambda a: 30 * a), "actions reach 30 and 9.% of the values lie beyond"),
    "doubled actions": (changed("actions", lambda a: 2.2 * a), "actions reach 2.2 and 5.% of the values lie beyond"),
    "no actions": (changed("actions", 0), "the largest action is 0 of 1"),
    "all terminal": (changed("terminals", True), "600 of 600 rows are terminals"),
    "limits as terminals": (ends_as_terminals, "6 of 6 episodes of 100 steps, the longest, end with terminals"),
    "early limits": (half_the_limit, "12 of 12 episodes of 50 steps, the longest, end with terminals"),
    "both flags": (lambda a: a | {"terminals": a["timeouts"]}, "6 of 6 episodes of 100 steps"),
    "next is same": (lambda a: a | {"next_observations": a["observations"]}, "only 0.0%.*row's own observation"),
    "some next": (some_rows_wrong, "only 89.9% of the next observations"),
    "shifted": (
        lambda a: a | {"next_observations": np.roll(a["observations"], -1, axis=0)},
        "100.0% of the next observations at an episode's last row are the first observation of the next",
    ),
    "no costs": (changed("costs", 0), "all costs are 0.*cost up to 80"),
    "larger costs": (changed("costs", lambda c: 100 * c), "costs of a step are 100 to 100 .*BallRun charges 1"),
    "smaller costs": (changed("costs", lambda c: c / 100), "costs of a step are 0.01 to 0.01"),
    "larger rewards": (
        changed("rewards", lambda r: 100 * r),
        "best return is 49885.7, while that of BallRun is 1327.45",
    ),
    "smaller rewards": (
        changed("rewards", lambda r: r / 100),
        "best return is 4.98857, while that of BallRun is 1327.45",
    ),
}


def test_good_data_has_none():
    assert warnings_of(make(), get_task("BallRun")) == []
    early = make()
    early["terminals"][[30, 150, 290]] = True
    assert warnings_of(early, get_task("BallRun")) == []


@pytest.mark.parametrize("name", WARNED)
def test_one_warning_each(name):
    spoil, words = WARNED[name]
    (sentence,) = warnings_of(spoil(make()), get_task("BallRun"))
    assert re.search(words, sentence)
    assert len(sentence) <= 300 and sentence.endswith(".")


def test_costs_of_driving_are_fractions_and_compared_by_episode():
    task = TASKS["easymean"]
    arrays = make(observation_dim=259, steps=1000, count=2, largest_cost=80)
    arrays["rewards"] *= 400 / 5000
    arrays["costs"] *= 0.97
    assert warnings_of(arrays, task) == []
    arrays["costs"] *= 10
    (sentence,) = warnings_of(arrays, task)
    assert "an episode costs 776, while those of easymean cost up to 82.386 (" in sentence


def test_share_of_rows_that_follow():
    arrays = make(count=2, steps=11)
    arrays["next_observations"][4] += 0.01
    assert share_that_follows(arrays) == pytest.approx(19 / 20)
    arrays["next_observations"][10] = arrays["observations"][11]
    assert share_that_follows(arrays, across=True) == 1
    assert share_that_follows({key: data[:1] for key, data in arrays.items()}) is None


def test_warnings_are_printed_and_kept_in_the_card(tmp_path, capsys):
    path = save(tmp_path / "BallRun.hdf5", changed("costs", 0)(some_rows_wrong(make())))
    assert commands.main(["card", str(path)]) == 0
    printed = capsys.readouterr().out
    facts = json.loads((tmp_path / "card.json").read_text())
    assert len(facts["warnings"]) == 2 and 0.89 < facts["next_observations_follow"] < 0.91
    for sentence in facts["warnings"]:
        assert f"  warning    {sentence}\n" in printed
    assert "  next       89.9%" in printed
