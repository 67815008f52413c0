"""Marvel (Chen et al., arXiv 2412.04426): pre-aligned values, then finetuning under an adaptive PID multiplier."""

from collections.abc import Iterator

from marvel.finetune import finetune, load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import controller as make_controller
from marvel.run.context import Context


def train(context: Context, hp: Hyperparameters, *, controller: str | dict = "adaptive_pid") -> Iterator[dict]:
    """Start from the critics that Value Pre-Alignment left and the offline actor; fine-tune SAC-Lagrangian.

    Args:
        context: `start` is a pre-aligned checkpoint (`marvel.prealign`).
        hp: Shared hyperparameters.
        controller: Name or arguments of the multiplier's controller (`marvel.multipliers`).
    """
    agent = load_agent(context, hp)
    multiplier = make_controller(controller, context.cost_limit, hp)
    yield from finetune(context, hp, agent, multiplier)
