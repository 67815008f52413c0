"""BC: behaviour cloning of a dataset's actions; BC-Safe clones the episodes within the cost limit alone (as in OSRL).

Both are what an offline policy costs when nothing is learned about values, and starts whose critics are random.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from marvel.adam import Adam
from marvel.buffer import Batch, ReplayBuffer
from marvel.datasets import episodes
from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters
from marvel.networks import SquashedGaussianActor
from marvel.offline import train_offline
from marvel.run.context import Context


class BC:
    """An actor whose deterministic action tanh(mean) follows the data's.

    Args:
        observation_dim: Length of an observation.
        action_dim: Length of an action.
        hidden: Widths of the hidden layers.
        generator: Source of the initial weights.
        lr: Adam's rate.
        std: Standard deviation before the tanh, the same in all states: the loss trains none.
    """

    def __init__(
        self,
        observation_dim: int,
        action_dim: int,
        hidden: list[int],
        generator: torch.Generator,
        lr: float = 1e-3,
        std: float = 0.2,
    ):
        self.actor = SquashedGaussianActor(observation_dim, action_dim, hidden, "relu", generator)
        nn.init.zeros_(self.actor.log_std_layer.weight)
        nn.init.constant_(self.actor.log_std_layer.bias, math.log(std))
        self.actor_optimizer = Adam(self.actor.parameters(), lr)

    def update(self, batch: Batch) -> dict[str, torch.Tensor]:
        """One step down the mean squared error between tanh(mean(s)) and a, over batch and dimensions.

        Returns:
            The loss, "imitation_error".
        """
        mean, _ = self.actor(batch.observations)
        loss = (mean.tanh() - batch.actions).square().mean()
        self.actor_optimizer.descend(loss)
        return {"imitation_error": loss.detach()}

    def state_dict(self) -> dict:
        """Everything that learning changes; as a checkpoint it is of kind "bc", which holds no critics."""
        return {
            "kind": "bc",
            "actor": self.actor.state_dict(),
            "actor_optimizer": self.actor_optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict) -> None:
        """Go back to a snapshot."""
        self.actor.load_state_dict(state["actor"])
        self.actor_optimizer.load_state_dict(state["actor_optimizer"])


def safe_episodes(arrays: dict[str, np.ndarray], cost_limit: float, where: str) -> dict[str, np.ndarray]:
    """The rows of the episodes that cost at most `cost_limit`.

    Raises:
        InputError: There are none; `where` names the dataset.
    """
    found = episodes(arrays)
    safe = found.costs <= cost_limit
    if not safe.any():
        raise InputError(
            f"{where}: no episode costs at most {cost_limit:g} (the least costs {found.costs.min():g}); "
            "raise the cost limit or leave safe_only out."
        )
    rows = np.repeat(safe, found.stops - found.starts)
    return {name: array[: len(rows)][rows] for name, array in arrays.items()}


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    steps: int = 100_000,
    batch_size: int = 512,
    lr: float = 1e-3,
    safe_only: bool = False,
    std: float = 0.2,
    eval_every: int = 2_500,
) -> Iterator[dict]:
    """Clone the run's dataset; returns the checkpoint of the last step.

    Args:
        context: Task, dataset, seed, cost limit.
        hp: Sizes, evaluation episodes.
        steps: Gradient steps; steps, batch and rate are OSRL's.
        batch_size: Transitions per step.
        lr: Adam's rate.
        safe_only: BC-Safe: only episodes within the cost limit.
        std: Spread of the stochastic policy that goes online; our choice, since cloning by squared error has none.
        eval_every: Steps between rows of progress.
    """
    sizes = (context.task.observation_dim, context.task.action_dim, hp.hidden)
    agent = BC(*sizes, context.generator("initial weights"), lr, std)
    arrays = context.read_dataset()
    if safe_only:
        arrays = safe_episodes(arrays, context.cost_limit, str(context.dataset))
    buffer = ReplayBuffer.from_dataset(arrays, hp.timeouts_terminal)

    def update(generator: torch.Generator) -> dict:
        return agent.update(buffer.sample(batch_size, generator))

    yield from train_offline(context, hp, agent, update, steps, eval_every)
    return agent.state_dict()
