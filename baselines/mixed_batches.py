"""Minibatches that are part offline data, part online: RLPD's symmetric sampling, and what PEX trains on too."""

from collections.abc import Callable

import torch

from marvel.buffer import Batch, ReplayBuffer
from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters
from marvel.run.context import Context


def mixed_batches(
    context: Context, hp: Hyperparameters, offline_share: float
) -> Callable[[ReplayBuffer, torch.Generator], Batch] | None:
    """The `sample` argument of `marvel.finetune.finetune`: minibatches with a fixed share of offline data.

    Args:
        context: Needs the dataset (`dataset: true` in the method's entry) unless the share is 0.
        hp: `batch_size` and how time limits are treated.
        offline_share: Share of a minibatch that comes from the dataset, rounded to whole transitions.

    Returns:
        `sample(online, generator)`, whose first rows are the offline ones; None for a share of 0.

    Raises:
        InputError: The run has no dataset, or the share rounds to none or to all of a minibatch.
    """
    if offline_share == 0:
        return None
    dataset = ReplayBuffer.from_dataset(context.read_dataset(), hp.timeouts_terminal)
    offline = round(offline_share * hp.batch_size)
    if offline == 0 or (offline == hp.batch_size and offline_share < 1):
        raise InputError(
            f"{context.method}: offline_share {offline_share:g} of a batch of {hp.batch_size} rounds to {offline} "
            "transitions; change the share or the batch."
        )

    def sample(online: ReplayBuffer, generator: torch.Generator) -> Batch:
        parts = dataset.sample(offline, generator), online.sample(hp.batch_size - offline, generator)
        return Batch(*(torch.cat(columns) for columns in zip(*parts, strict=True)))

    return sample
