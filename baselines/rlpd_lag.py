"""RLPD-Lag: RL with prior data (Ball et al., ICML 2023, arXiv 2302.02948) under a multiplier.

Nothing is trained offline: from random weights, every minibatch is half offline data, half online. The original's
LayerNorm critics are the line's `layer_norm: true`; its ensemble of ten critics is not built, there are two.
"""

from collections.abc import Iterator

import torch

from marvel.buffer import Batch, ReplayBuffer
from marvel.errors import InputError
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
    if not 0 <= offline_share <= 1:
        raise InputError(f"{context.method}: offline_share is {offline_share}; it must be between 0 and 1.")
    agent = new_agent(context, hp)
    dataset = ReplayBuffer.from_dataset(context.read_dataset(), hp.timeouts_terminal)
    offline = round(offline_share * hp.batch_size)

    def sample(online: ReplayBuffer, generator: torch.Generator) -> Batch:
        halves = dataset.sample(offline, generator), online.sample(hp.batch_size - offline, generator)
        return Batch(*(torch.cat(columns) for columns in zip(*halves, strict=True)))

    multiplier = make_controller(controller, context.cost_limit, hp)
    yield from finetune(context, hp, agent, multiplier, sample=sample, update_ratio=update_ratio)
