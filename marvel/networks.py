"""Networks: a tanh-squashed Gaussian actor, stacked critics, and the actor's NumPy twin that plays episodes."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

LOG_STD_RANGE = (-20.0, 2.0)
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
Draw = Callable[..., Tensor]  # draw(name, *shape) -> standard-normal tensor


def gaussian(generator: torch.Generator) -> Draw:
    """`draw(name, *shape)` from one generator; the name is for those who inject recorded noise."""
    return lambda name, *shape: torch.randn(*shape, generator=generator)


def adam(parameters, lr: float) -> torch.optim.Adam:
    """Adam as every algorithm here uses it: betas 0.9 and 0.999, epsilon 1e-8, no decay, no clipping."""
    return torch.optim.Adam(list(parameters), lr=lr, fused=True)


def descend(optimizer: torch.optim.Adam, loss: Tensor) -> None:
    """One step of `optimizer` down the gradient of `loss` with respect to its own parameters alone."""
    optimizer.zero_grad()
    loss.backward(inputs=optimizer.param_groups[0]["params"])
    optimizer.step()


def linear(width_in: int, width_out: int) -> nn.Linear:
    """A linear layer that draws nothing from torch's global generator; `initialise` fills it."""
    return nn.utils.skip_init(nn.Linear, width_in, width_out)


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Draw all linear layers of `module` from torch's default distribution, U(-1/sqrt(in), 1/sqrt(in))."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            bound = 1 / math.sqrt(layer.in_features)
            for parameter in (layer.weight, layer.bias):
                nn.init.uniform_(parameter, -bound, bound, generator=generator)


class SquashedGaussianActor(nn.Module):
    """a = tanh(u), u ~ N(mean(s), std(s)).

    Args:
        observation_dim: Length of an observation.
        action_dim: Length of an action.
        hidden: Widths of the hidden layers.
        activation: After the last hidden layer, "relu" or "tanh"; the others are ReLU. The official code trains
            offline with ReLU and goes on online with tanh (Q7).
        generator: Source of the initial weights.
    """

    def __init__(
        self, observation_dim: int, action_dim: int, hidden: list[int], activation: str, generator: torch.Generator
    ):
        super().__init__()
        sizes, layers = [observation_dim, *hidden], []
        for width_in, width_out in zip(sizes, hidden, strict=False):
            layers += [linear(width_in, width_out), nn.ReLU()]
        layers[-1] = ACTIVATIONS[activation]()
        self.net = nn.Sequential(*layers)
        self.mu_layer = linear(sizes[-1], action_dim)
        self.log_std_layer = linear(sizes[-1], action_dim)
        initialise(self, generator)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of u, each (batch, action_dim)."""
        hidden = self.net(observations)
        return self.mu_layer(hidden), self.log_std_layer(hidden).clamp(*LOG_STD_RANGE)

    def sample(self, observations: Tensor, noise: Tensor, log_prob: str = "true") -> tuple[Tensor, Tensor]:
        """Actions for given standard-normal `noise`.

        Args:
            observations: (batch, observation_dim).
            noise: (batch, action_dim).
            log_prob: "true", or "official" for the official code's quantity h (Q16): the entropy of the Gaussian where
                its log-density belongs, minus the tanh correction.

        Returns:
            Actions (batch, action_dim) in [-1, 1] and their log-probability (batch,).
        """
        mean, log_std = self(observations)
        u = mean + log_std.exp() * noise
        constant = 0.5 * math.log(2 * math.pi)
        if log_prob == "true":
            gaussian = -(0.5 * noise.square() + constant + log_std).sum(-1)
            # log(1 - tanh(u)^2) without cancellation: 2 (log 2 - u - softplus(-2u)), Spinning Up's form
            correction = (2 * (math.log(2) - u - functional.softplus(-2 * u))).sum(-1)
            return u.tanh(), gaussian - correction
        gaussian = (0.5 + constant + log_std).sum(-1)
        actions = u.tanh()
        return actions, gaussian - (1 - actions.square() + 1e-6).log().sum(-1)


class Critics(nn.Module):
    """An ensemble of Q(s, a) networks with ReLU, evaluated as one stack of matrix products.

    Args:
        members: Number of networks.
        input_dim: observation_dim + action_dim.
        hidden: Widths of the hidden layers.
        generator: Source of the initial weights.
        layer_norm: Whether each hidden layer is normalised over its units, with learned scale and shift, before ReLU.
    """

    def __init__(
        self, members: int, input_dim: int, hidden: list[int], generator: torch.Generator, layer_norm: bool = False
    ):
        super().__init__()
        sizes = [input_dim, *hidden, 1]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for width_in, width_out in itertools.pairwise(sizes):
            bound = 1 / math.sqrt(width_in)
            for parameters, shape in ((self.weights, (width_in, width_out)), (self.biases, (1, width_out))):
                drawn = torch.empty(members, *shape).uniform_(-bound, bound, generator=generator)
                parameters.append(nn.Parameter(drawn))
        normed = hidden if layer_norm else []
        self.scales = nn.ParameterList(nn.Parameter(torch.ones(members, 1, width)) for width in normed)
        self.shifts = nn.ParameterList(nn.Parameter(torch.zeros(members, 1, width)) for width in normed)

    def forward(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Values (members, batch)."""
        inputs = torch.cat((observations, actions), -1)
        hidden = inputs.expand(len(self.weights[0]), *inputs.shape)
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias, hidden, weight)
            if layer < last and len(self.scales):
                normal = functional.layer_norm(hidden, hidden.shape[-1:])
                hidden = torch.addcmul(self.shifts[layer], self.scales[layer], normal)
            if layer < last:
                hidden = hidden.relu_()
        return hidden.squeeze(-1)

    def smallest(self, observations: Tensor, actions: Tensor) -> Tensor:
        """The least member's value (batch,)."""
        return self(observations, actions).min(0).values

    def regression_loss(self, observations: Tensor, actions: Tensor, targets: Tensor) -> Tensor:
        """Sum over members of the mean squared error to `targets` (batch,)."""
        return (self(observations, actions) - targets).square().mean(1).sum()


def copy_of(critics: Critics) -> Critics:
    """A target network: the same weights, without gradients."""
    generator = torch.Generator()
    members, input_dim = len(critics.weights[0]), critics.weights[0].shape[1]
    hidden = [weight.shape[2] for weight in critics.weights[:-1]]
    copy = Critics(members, input_dim, hidden, generator, len(critics.scales) > 0).requires_grad_(False)
    copy.load_state_dict(critics.state_dict())
    return copy


@torch.no_grad()
def move_towards(target: nn.Module, source: nn.Module, tau: float) -> None:
    """Polyak averaging: target <- tau * source + (1 - tau) * target, all parameters in one call."""
    torch._foreach_lerp_(list(target.parameters()), list(source.parameters()), tau)


class Policy:
    """The actor in NumPy: one observation in, one action out, ten times faster than a torch call.

    It shares the actor's memory, so it follows in-place optimiser steps; make a new one after loading weights.
    """

    def __init__(self, actor: SquashedGaussianActor):
        linear = [layer for layer in actor.net if isinstance(layer, nn.Linear)]
        self._hidden = [self._arrays(layer) for layer in linear]
        self._last_is_tanh = isinstance(actor.net[-1], nn.Tanh)
        self._mean, self._log_std = self._arrays(actor.mu_layer), self._arrays(actor.log_std_layer)

    @staticmethod
    def _arrays(layer: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
        return layer.weight.detach().numpy().T, layer.bias.detach().numpy()

    def __call__(self, observation: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
        """Action (action_dim,) float32 for an observation (observation_dim,).

        Args:
            observation: float32.
            noise: Standard-normal draw (action_dim,) for a stochastic action; None for the deterministic tanh(mean).
        """
        hidden = observation
        for weight, bias in self._hidden[:-1]:
            hidden = np.maximum(hidden @ weight + bias, 0)
        weight, bias = self._hidden[-1]
        hidden = hidden @ weight + bias
        hidden = np.tanh(hidden) if self._last_is_tanh else np.maximum(hidden, 0)
        u = hidden @ self._mean[0] + self._mean[1]
        if noise is not None:
            log_std = (hidden @ self._log_std[0] + self._log_std[1]).clip(*LOG_STD_RANGE)
            u = u + np.exp(log_std) * noise
        return np.tanh(u)
