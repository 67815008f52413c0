"""Networks: a tanh-squashed Gaussian actor, stacked critics, and the actor's NumPy twin that plays episodes."""

import copy
import functools
import itertools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from marvel import numerics

numerics.pin()  # whatever learns imports this module

LOG_STD_RANGE = (-20.0, 2.0)
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
Draw = Callable[..., Tensor]  # draw(name, *shape) -> standard-normal tensor


def gaussian(generator: torch.Generator) -> Draw:
    """`draw(name, *shape)` from one generator; the name is for those who inject recorded noise."""
    return lambda name, *shape: torch.randn(*shape, generator=generator)


class Linear(nn.Linear):
    """A linear layer drawn by `generator`, and by no other, from torch's default U(-1/sqrt(in), 1/sqrt(in))."""

    def __init__(self, width_in: int, width_out: int, generator: torch.Generator):
        super().__init__(width_in, width_out)
        bound = 1 / math.sqrt(width_in)
        for parameter in (self.weight, self.bias):
            nn.init.uniform_(parameter, -bound, bound, generator=generator)

    def reset_parameters(self) -> None:
        """Nothing: torch's own would draw from its global generator."""


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
            layers += [Linear(width_in, width_out, generator), nn.ReLU()]
        layers[-1] = ACTIVATIONS[activation]()
        self.net = nn.Sequential(*layers)
        self.mu_layer = Linear(sizes[-1], action_dim, generator)
        self.log_std_layer = Linear(sizes[-1], action_dim, generator)

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
        *inner, (last_weight, last_bias) = zip(self.weights, self.biases, strict=True)
        for layer, (weight, bias) in enumerate(inner):
            hidden = torch.baddbmm(bias, hidden, weight)
            if len(self.scales):
                normal = functional.layer_norm(hidden, hidden.shape[-1:])
                hidden = torch.addcmul(self.shifts[layer], self.scales[layer], normal)
            hidden = hidden.relu_()
        # a batched matrix product of width 1 takes five times as long as this
        return (hidden * last_weight.mT).sum(-1) + last_bias.squeeze(-1)

    def layers(self) -> list[list[tuple[Tensor, Tensor]]]:
        """Each member's weights (in, out) and biases (out,), layer by layer; without `layer_norm` that is all."""
        pairs = [
            zip(weight, bias.squeeze(1), strict=True) for weight, bias in zip(self.weights, self.biases, strict=True)
        ]
        return list(zip(*pairs, strict=True))

    def smallest(self, observations: Tensor, actions: Tensor) -> Tensor:
        """The least member's value (batch,)."""
        return least(self(observations, actions))

    def regression_loss(self, observations: Tensor, actions: Tensor, targets: Tensor) -> Tensor:
        """Sum over members of the mean squared error to `targets` (batch,)."""
        return (self(observations, actions) - targets).square().mean(1).sum()


@torch.no_grad()
def in_pieces(layers: list[tuple[Tensor, Tensor]], inputs: Tensor, rows: int = 512) -> Tensor:
    """A ReLU network's outputs (batch, out) without gradients, for thousands of inputs (batch, in).

    So many `rows` at a time that the hidden layers stay in the processor's cache: half the time of all at once.

    Args:
        layers: Weights (in, out) and biases (out,).
        inputs: As named.
        rows: As named.
    """
    *inner, (last_weight, last_bias) = layers
    outputs = []
    for hidden in inputs.split(rows):
        for weight, bias in inner:
            hidden = torch.addmm(bias, hidden, weight).relu_()
        outputs.append(torch.addmm(last_bias, hidden, last_weight))
    return torch.cat(outputs)


def least(values: Tensor) -> Tensor:
    """The least over the first axis."""
    return functools.reduce(torch.minimum, values.unbind())


def copy_of(module: nn.Module) -> nn.Module:
    """A target network: the same weights, without gradients."""
    return copy.deepcopy(module).requires_grad_(False)


class Stack:
    """Several critics side by side, evaluated as one stack of matrix products where their shapes agree.

    Their parameters then become parts of the stack's memory, so that each critic can still be called, saved, loaded and
    moved by itself. Where the shapes differ, each is evaluated in turn.

    Args:
        *critics: `Critics` of the same input.
    """

    def __init__(self, *critics: Critics):
        self.critics, self.members = critics, [len(critic.weights[0]) for critic in critics]
        self.whole = None
        if len({tuple(part.shape[1:] for part in critic.parameters()) for critic in critics}) == 1:
            self.whole = copy.deepcopy(critics[0])
            for joined, *parts in zip(self.whole.parameters(), *(c.parameters() for c in critics), strict=True):
                joined.data = torch.cat([part.data for part in parts])
                for part, memory in zip(parts, joined.data.split(self.members), strict=True):
                    part.data = memory
        leaves = critics if self.whole is None else [self.whole]
        self._parameters = [parameter for module in leaves for parameter in module.parameters()]

    def parameters(self) -> list[Tensor]:
        """What its values depend on."""
        return self._parameters

    def __call__(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Values of all members of all critics (members, batch)."""
        if self.whole is not None:
            return self.whole(observations, actions)
        return torch.cat([critic(observations, actions) for critic in self.critics])

    def smallest(self, observations: Tensor, actions: Tensor) -> list[Tensor]:
        """Each critic's least member's value (batch,)."""
        return [least(values) for values in self(observations, actions).split(self.members)]

    def regression_loss(self, observations: Tensor, actions: Tensor, targets: list[Tensor]) -> Tensor:
        """Sum over all members of the mean squared error to the targets of their critic, (batch,) each."""
        rows = torch.stack([row for row, count in zip(targets, self.members, strict=True) for _ in range(count)])
        return (self(observations, actions) - rows).square().mean(1).sum()

    def gradients(self, loss: Tensor) -> list[list[Tensor]]:
        """Gradients of `loss` for the parameters of each critic."""
        found = iter(torch.autograd.grad(loss, self._parameters))
        if self.whole is None:
            return [[next(found) for _ in critic.parameters()] for critic in self.critics]
        return list(zip(*(gradient.split(self.members) for gradient in found), strict=True))


@torch.no_grad()
def move_towards(target: nn.Module | Stack, source: nn.Module | Stack, tau: float) -> None:
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
