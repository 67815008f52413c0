"""PEX's choice between two proposed actions, in NumPy, as it is, and as torch calls; proposals do not count."""

import time
from collections.abc import Callable

import numpy as np
import torch

from baselines.pex import Values, chance_of_first
from benchmarks.serve import transitions
from marvel.buffer import ReplayBuffer
from marvel.hyperparameters import Hyperparameters
from marvel.networks import gaussian
from marvel.sac import SACLagrangian

CHOICES = 2000  # a turn


def turns(count: int, observation_dim: int, action_dim: int, train: int) -> tuple[list[float], list[float]]:
    """CPU microseconds of a choice in each of `count` turns, in NumPy and in torch, which take turns.

    Args:
        count: Turns.
        observation_dim, action_dim: Sizes.
        train: Minibatches of SAC-Lagrangian before, because dead units change the time of a product.
    """
    hp, generator = Hyperparameters(), torch.Generator().manual_seed(0)
    arrays = transitions(observation_dim, action_dim)
    buffer, agent = ReplayBuffer.from_dataset(arrays), SACLagrangian(observation_dim, action_dim, hp, generator)
    for _ in range(train):
        agent.update(buffer.sample(hp.batch_size, generator), 0.3, gaussian(generator))
    observations, actions = (arrays[name][:CHOICES] for name in ("observations", "actions"))
    value_of, inputs = Values(agent.reward_target), np.empty((2, observation_dim + action_dim), np.float32)

    def in_numpy(observation: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        inputs[:, :observation_dim] = observation
        inputs[0, observation_dim:], inputs[1, observation_dim:] = first, second
        return chance_of_first(*value_of(inputs).tolist())

    @torch.no_grad()
    def in_torch(observation: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
        states, proposed = torch.from_numpy(observation).expand(2, -1), torch.from_numpy(np.stack((first, second)))
        return agent.reward_target.smallest(states, proposed).softmax(0)[0].item()

    def timed(choose: Callable) -> float:
        began = time.process_time()
        for observation, first, second in zip(observations, actions, actions[::-1], strict=True):
            choose(observation, first, second)
        return 1e6 * (time.process_time() - began) / CHOICES

    pairs = [(timed(in_numpy), timed(in_torch)) for _ in range(count)]
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]
