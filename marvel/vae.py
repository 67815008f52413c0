"""A conditional variational autoencoder of the actions in a dataset, as BCQ, BEAR-Lag and CPQ use it (OSRL's sizes)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from marvel.networks import Linear, in_pieces

LOG_STD_RANGE = (-4.0, 15.0)


class ActionVAE(nn.Module):
    """q(z | s, a) and p(a | s, z) with two ReLU layers each; actions leave the decoder through tanh.

    Args:
        observation_dim: Length of an observation.
        action_dim: Length of an action.
        hidden: Width of all hidden layers.
        latent_dim: Length of z.
        generator: Source of the initial weights.
    """

    def __init__(self, observation_dim: int, action_dim: int, hidden: int, latent_dim: int, generator: torch.Generator):
        super().__init__()
        g = generator
        self.e1, self.e2 = Linear(observation_dim + action_dim, hidden, g), Linear(hidden, hidden, g)
        self.mean, self.log_std = Linear(hidden, latent_dim, g), Linear(hidden, latent_dim, g)
        self.d1, self.d2 = Linear(observation_dim + latent_dim, hidden, g), Linear(hidden, hidden, g)
        self.d3 = Linear(hidden, action_dim, g)

    def encode(self, observations: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of z, each (..., latent_dim)."""
        hidden = self.e2(self.e1(torch.cat((observations, actions), -1)).relu()).relu()
        return self.mean(hidden), self.log_std(hidden).clamp(*LOG_STD_RANGE)

    def decode(self, observations: Tensor, latents: Tensor) -> Tensor:
        """Actions before the tanh (..., action_dim)."""
        return self.d3(self.d2(self.d1(torch.cat((observations, latents), -1)).relu()).relu())

    def decode_in_pieces(self, observations: Tensor, latents: Tensor) -> Tensor:
        """The same without gradients, for thousands of rows: (batch, observation_dim) and (batch, latent_dim)."""
        layers = [(layer.weight.mT, layer.bias) for layer in (self.d1, self.d2, self.d3)]
        return in_pieces(layers, torch.cat((observations, latents), -1))

    def losses(self, observations: Tensor, actions: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Mean squared error of the reconstruction, and mean over rows and latents of KL(q || N(0, 1)).

        Args:
            observations: (batch, observation_dim).
            actions: (batch, action_dim).
            noise: Standard-normal draw (batch, latent_dim).
        """
        mean, log_std = self.encode(observations, actions)
        decoded = self.decode(observations, mean + log_std.exp() * noise).tanh()
        return functional.mse_loss(decoded, actions), divergence(mean, log_std).mean()


def divergence(mean: Tensor, log_std: Tensor) -> Tensor:
    """KL(N(mean, std) || N(0, 1)) of every latent, in the shape of `mean`."""
    return -0.5 * (1 + 2 * log_std - mean.square() - (2 * log_std).exp())
