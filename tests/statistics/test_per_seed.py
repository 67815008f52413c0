"""What a run ended with, by hand."""

import numpy as np
import pandas as pd
import pytest
from made_runs import progress, score, write_study

from marvel.tasks import get_task
from workflow.statistics.aggregates import final
from workflow.statistics.per_seed import feasible_return, per_seed
from workflow.statistics.scores import normalized


@pytest.fixture
def study(tmp_path):
    """See `write_study`."""
    return write_study(tmp_path)


def test_one_row_never_mixes_cost_limits_and_never_depends_on_its_neighbours(study):
    frame = score(study)
    alone = final(per_seed(frame[frame["method"] == "marvel"]))
    both = final(per_seed(frame))
    pd.testing.assert_frame_equal(alone, both[both["method"] == "marvel"].reset_index(drop=True))
    frame.loc[frame["seed"] == 1, "cost_limit"] = 40
    with pytest.raises(ValueError, match="one table row needs one"):
        final(per_seed(frame))


def ended(costs: list[float], episodes: list[int] | None = None, status: str = "") -> pd.Series:
    """per_seed's row of a run of ten rounds whose last two, its last fifth, cost `costs`; return 700 throughout."""
    frame = progress([700.0] * 10, [5.0] * 8 + costs)
    frame["episodes"] = np.cumsum([0, *(episodes or [1] * 10)])
    head = {"method": "marvel", "task": "BallRun", "seed": 0, "cost_limit": 20.0, "start": "", "code": "current"}
    frame = frame.assign(**head, status=status)
    return per_seed(normalized(frame)).iloc[0]


def test_a_run_is_feasible_by_its_mean_cost_and_the_rounds_stand_beside():
    row = ended([20.1, 19.7])  # one round above the limit, the run within it
    assert (row["feasible"], row["feasible_return"], row["train_cost"]) == (1, 700, pytest.approx(19.9))
    assert (row["safe_rounds_last"], row["safe_rounds"]) == (0.5, 0.9)
    row = ended([5.0, 35.2])
    lowest = get_task("BallRun").min_return
    assert (row["feasible"], row["feasible_return"], row["feasible_return_normalized"]) == (0, lowest, 0)
    assert row["train_return"] == 700 and row["safe_rounds_last"] == 0.5


def test_means_are_per_episode_where_rounds_hold_unequal_numbers():
    row = ended([10.0, 40.0], [1] * 8 + [9, 1])
    assert row["train_cost"] == 13 and row["feasible"] == 1


def test_a_run_that_diverged_is_infeasible_with_the_lowest_return():
    row, lowest = ended([5.0, 5.0], status="diverged"), get_task("BallRun").min_return
    assert (row["feasible"], row["feasible_return"], row["train_return"], row["eval_return"]) == (0, *[lowest] * 3)
    assert (row["train_cost"], row["train_return_normalized"]) == (5, 0)


def test_missing_evaluations_have_no_feasible_return():
    made = feasible_return(np.array([1.0, 2.0, np.nan]), np.array([5.0, np.nan, 5.0]), 20.0)
    np.testing.assert_array_equal(made, [1, np.nan, np.nan])
