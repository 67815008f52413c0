"""A small SAC-Lagrangian agent with batches for it, and the targets that its critics are fitted to."""

import dataclasses

import torch

from marvel.buffer import Batch
from marvel.hyperparameters import Hyperparameters
from marvel.sac import SACLagrangian

OBS, ACT = 3, 2
SMALL = Hyperparameters(hidden_units=8, discount=0.9, temperature=0.5, tau=0.1, reward_scale=0.1)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_agent(seed: int = 0, **changes) -> SACLagrangian:
    return SACLagrangian(OBS, ACT, dataclasses.replace(SMALL, **changes), generator(seed))


def make_batch(rows: int = 4, terminals=None, seed: int = 1) -> Batch:
    g = generator(seed)
    observations, following = torch.randn(2, rows, OBS, generator=g)
    actions = torch.rand(rows, ACT, generator=g) * 2 - 1
    terminals = torch.zeros(rows) if terminals is None else torch.tensor(terminals)
    return Batch(observations, actions, torch.full((rows,), 10.0), torch.ones(rows), following, terminals)


def targets_of(agent: SACLagrangian, run) -> tuple[torch.Tensor, torch.Tensor]:
    """The regression targets of reward and cost critic while `run` updates them."""
    kept, original = [], agent.critics.regression_gradients

    def watched(observations, actions, targets):
        kept.extend(rows.clone() for rows in targets)
        return original(observations, actions, targets)

    agent.critics.regression_gradients = watched
    run()
    return kept[0], kept[1]
