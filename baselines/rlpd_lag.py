"""RLPD-Lag: RL with prior data (Ball et al., ICML 2023, arXiv 2302.02948) under a multiplier.

Nothing is trained offline: from random weights, every minibatch is half offline data, half online. The original's
LayerNorm critics are `layer_norm: true` in the method's entry; its ensemble of ten critics is not built, there are two.
"""

from collections.abc import Iterator

from baselines.mixed_batches import mixed_batches
from marvel.finetune import finetune, new_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import controller as make_controller
from marvel.run.context import Context


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    offline_share: float = 0.5,
    update_ratio: float | None = None,
    controller: str | dict = "adaptive_pid",
) -> Iterator[dict]:
    """SAC-Lagrangian from random weights on mixed minibatches.

    Args:
        context: Needs the dataset (`dataset: true` in the config) and no start.
        hp: Shared hyperparameters.
        offline_share: Share of a minibatch that comes from the dataset.
        update_ratio: Minibatches per environment step; the original makes 20. None makes hp.updates_per_round a round,
            as all methods do.
        controller: The multiplier's controller; aPID as in the paper, where all baselines have it.
    """
    sample = mixed_batches(context, hp, offline_share)
    agent = new_agent(context, hp)
    multiplier = make_controller(controller, context.cost_limit, hp)
    yield from finetune(context, hp, agent, multiplier, sample=sample, update_ratio=update_ratio)
