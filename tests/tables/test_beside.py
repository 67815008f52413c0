"""Beside published curves: the right rows are averaged and matched."""

import numpy as np
import pandas as pd
import pytest

from workflow.tables.beside import at, count, table


def runs() -> pd.DataFrame:
    """Two seeds, four rounds of 10 steps; returns 1, 2, 3, 4 (seed 1: 10 more), evaluated at 20 steps."""
    frames = []
    for seed in (0, 1):
        frame = pd.DataFrame({"env_steps": [0, 10, 20, 30, 40], "train_return": [np.nan, 1.0, 2.0, 3.0, 4.0]})
        frame["train_return"] += 10 * seed
        frame["train_cost"], frame["eval_cost"] = 5.0, 6.0
        frame["eval_return"] = [0.0, np.nan, 7.0, np.nan, np.nan]
        frames.append(frame.assign(method="m", task="BallRun", seed=seed, cost_limit=10.0))
    return pd.concat(frames)


def test_steps_are_read_as_published():
    assert [count(text) for text in ("100k", "1.5M", "300", "2-2.5M")] == [100000, 1500000, 300, 0]


def test_window_ends_at_the_steps_and_the_evaluation_is_the_last_one():
    run = runs().query("seed == 0")
    assert at(run, 30, 20) == {"train_return": 2.5, "train_cost": 5.0, "eval_return": 7.0, "eval_cost": 6.0}
    with pytest.raises(ValueError, match="ends at 40"):
        at(run, 41, 20)


@pytest.mark.parametrize(("limit", "shown"), [(10, "33"), (25, "–")])
def test_published_number_stands_beside_only_under_the_same_limit(limit, shown):
    published = pd.DataFrame([{"env": "BallRun", "env_steps": "40", "cost_limit": limit, "reward_approx": 33.0}])
    row = table(runs(), published, [40], 10).splitlines()[-1]
    assert row.split(" | ")[2:6] == [shown, "`m`", "2", "9.0 [4.0, 14.0]"]
