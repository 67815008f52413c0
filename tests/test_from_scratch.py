"""From scratch: the number of updates follows the ratio, whatever the round's length."""

import pytest

from baselines import from_scratch
from marvel.hyperparameters import resolve
from marvel.run.context import Context
from marvel.tasks import get_task


@pytest.mark.parametrize("ratio", [None, 1.0, 0.35])
def test_updates_follow_the_ratio(ratio):
    small = {"hidden_units": 16, "online_episodes": 6, "episodes_per_round": 1, "updates_per_round": 3, "batch_size": 8}
    hp = resolve(small | {"eval_episodes": 1})
    context = Context(get_task("Toy"), cost_limit=5.0, seed=0)
    for row in from_scratch.train(context, hp, update_ratio=ratio):
        context.rows.append(row)
    made = [row["updates"] for row in context.rows]
    if ratio is None:
        assert made == [3 * row["round"] for row in context.rows]
    else:
        assert made == [int(ratio * row["env_steps"]) for row in context.rows]
        assert made[-1] > 3
