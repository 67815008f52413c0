"""Warm Start: fine-tune the offline actor and critics as they are, without Value Pre-Alignment."""

from collections.abc import Iterator

from marvel.finetune import finetune, load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import controller as make_controller
from marvel.run.context import Context


def train(context: Context, hp: Hyperparameters, *, controller: str | dict = "adaptive_pid") -> Iterator[dict]:
    """SAC-Lagrangian from the offline checkpoint.

    Args:
        context: `start` is an offline checkpoint.
        hp: Shared hyperparameters.
        controller: The multiplier's controller; aPID as in the paper, where all baselines have it.
    """
    agent = load_agent(context, hp)
    yield from finetune(context, hp, agent, make_controller(controller, context.cost_limit, hp))
