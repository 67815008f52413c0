"""From Scratch: SAC-Lagrangian online from random weights, without any offline data."""

from collections.abc import Iterator

from marvel.finetune import finetune, new_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import controller as make_controller
from marvel.run.context import Context


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    controller: str | dict = "adaptive_pid",
    update_ratio: float | None = None,
) -> Iterator[dict]:
    """SAC-Lagrangian from random weights.

    Args:
        context: Needs neither start nor dataset.
        hp: Shared hyperparameters.
        controller: The multiplier's controller; aPID as in the paper, where all baselines have it.
        update_ratio: Minibatches per environment step; None makes hp.updates_per_round a round, as all methods do.
    """
    agent = new_agent(context, hp)
    multiplier = make_controller(controller, context.cost_limit, hp)
    yield from finetune(context, hp, agent, multiplier, update_ratio=update_ratio)
