"""Networks: a tanh-squashed Gaussian actor and its NumPy twin that plays episodes; what all networks share."""

import copy
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
# gradient for an activation's input from that for its output and the output
BACKWARD = {
    nn.ReLU: lambda error, output: torch.ops.aten.threshold_backward(error, output, 0),
    nn.Tanh: torch.ops.aten.tanh_backward,
}
Draw = Callable[..., Tensor]  # draw(name, *shape) -> standard-normal tensor
ZERO, LOWEST, HIGHEST = np.float32([0, *LOG_STD_RANGE])  # of an array's own type: a Python number costs a conversion


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
        """Actions for given standard-normal `noise`; `loss_gradients` is its derivative and follows any change.

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
        actions = u.tanh()
        constant = 0.5 * math.log(2 * math.pi)
        if log_prob == "true":
            # log N(u) - log(1 - tanh(u)^2), the latter without cancellation as 2 (log 2 - u - softplus(-2u))
            correction = 2 * (u + functional.softplus(-2 * u)) - 2 * math.log(2)
            return actions, (correction - log_std - (0.5 * noise.square() + constant)).sum(-1)
        gaussian = (0.5 + constant + log_std).sum(-1)
        return actions, gaussian - (1 - actions.square() + 1e-6).log().sum(-1)

    @torch.no_grad()
    def loss_gradients(
        self,
        observations: Tensor,
        noise: Tensor,
        log_prob: str,
        action_gradients: Callable[[Tensor], Tensor],
        temperature: float,
        weights: Tensor,
    ) -> list[Tensor]:
        """Gradients of the sum over rows of weights * (temperature * log_prob + f(actions)), by hand.

        Actions and log_prob are those of `sample`, whose derivative this is.

        Args:
            observations, noise, log_prob: As of `sample`.
            action_gradients: Gradient of f (batch, action_dim) at given actions.
            temperature: As named.
            weights: (batch, 1), or (1, 1) for one of all rows.

        Returns:
            A gradient for each of `parameters()`.
        """
        modules = list(self.net)
        hidden_layers, activations = modules[::2], modules[1::2]
        outputs = [observations]
        for layer, activation in zip(hidden_layers, activations, strict=True):
            outputs.append(activation(layer(outputs[-1])))
        mean, raw_log_std = self.mu_layer(outputs[-1]), self.log_std_layer(outputs[-1])
        log_std = raw_log_std.clamp(*LOG_STD_RANGE)
        spread = log_std.exp() * noise
        actions = (mean + spread).tanh()
        slope = 1 - actions.square()  # of tanh
        # derivatives of log_prob for u and for log_std where it stands by itself
        by_u, by_log_std = 2 * actions, -1
        if log_prob == "official":
            by_u, by_log_std = by_u * (slope / (slope + 1e-6)), 1
        u_error = weights * (action_gradients(actions) * slope + temperature * by_u)
        log_std_error = (u_error * spread + weights * (temperature * by_log_std)) * (log_std == raw_log_std)
        top = outputs[-1]
        gradients = [u_error.T @ top, u_error.sum(0), log_std_error.T @ top, log_std_error.sum(0)]
        error = torch.addmm(u_error @ self.mu_layer.weight, log_std_error, self.log_std_layer.weight)
        for index in reversed(range(len(hidden_layers))):
            error = BACKWARD[type(activations[index])](error, outputs[index + 1])
            gradients = [error.T @ outputs[index], error.sum(0), *gradients]
            if index:
                error = error @ hidden_layers[index].weight
        return gradients


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


def copy_of(module: nn.Module) -> nn.Module:
    """A target network: the same weights, without gradients."""
    return copy.deepcopy(module).requires_grad_(False)


@torch.no_grad()
def move_towards(target, source, tau: float) -> None:
    """Polyak averaging of `parameters()`: target <- tau * source + (1 - tau) * target, all in one call."""
    torch._foreach_lerp_(list(target.parameters()), list(source.parameters()), tau)


class Policy:
    """The actor in NumPy: one observation in, one action out, ten times faster than a torch call.

    It shares the actor's memory, so it follows in-place optimiser steps; make a new one after loading weights.
    """

    def __init__(self, actor: SquashedGaussianActor):
        pairs = zip(actor.net[::2], actor.net[1::2], strict=True)
        self._hidden = [(*self._arrays(layer), isinstance(after, nn.Tanh)) for layer, after in pairs]
        self._mean, self._log_std = self._arrays(actor.mu_layer), self._arrays(actor.log_std_layer)

    @staticmethod
    def _arrays(layer: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
        return layer.weight.detach().numpy(), layer.bias.detach().numpy()

    def __call__(self, observation: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
        """Action (action_dim,) float32 for an observation (observation_dim,).

        In place wherever it can be: for so small arrays NumPy's time is that of its calls.

        Args:
            observation: float32.
            noise: Standard-normal draw (action_dim,) for a stochastic action; None for the deterministic tanh(mean).
        """
        hidden = observation
        for weight, bias, is_tanh in self._hidden:
            hidden = weight.dot(hidden)
            hidden += bias
            if is_tanh:
                np.tanh(hidden, out=hidden)
            else:
                np.maximum(hidden, ZERO, out=hidden)
        weight, bias = self._mean
        u = weight.dot(hidden)
        u += bias
        if noise is not None:
            weight, bias = self._log_std
            std = weight.dot(hidden)
            std += bias
            np.minimum(np.maximum(std, LOWEST, out=std), HIGHEST, out=std)
            np.exp(std, out=std)
            std *= noise
            u += std
        return np.tanh(u, out=u)
