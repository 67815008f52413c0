"""Critics: ensembles of Q(s, a) networks as stacks of matrix products, one or several side by side."""

import copy
import functools
import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


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
        # a ParameterList takes ten times as long to read
        *self._inner, self._last = zip(self.weights, self.biases, strict=True)

    def forward(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Values (members, batch)."""
        return self._values(self._outputs(observations, actions)[-1])

    def _outputs(self, observations: Tensor, actions: Tensor) -> list[Tensor]:
        """The input and what each hidden layer makes of it, each (members, batch, width)."""
        inputs = torch.cat((observations, actions), -1)
        outputs = [inputs.expand(len(self._last[0]), *inputs.shape)]
        for layer, (weight, bias) in enumerate(self._inner):
            hidden = torch.baddbmm(bias, outputs[-1], weight)
            if len(self.scales):
                normal = functional.layer_norm(hidden, hidden.shape[-1:])
                hidden = torch.addcmul(self.shifts[layer], self.scales[layer], normal)
            outputs.append(hidden.relu_())
        return outputs

    def _values(self, hidden: Tensor) -> Tensor:
        """Values (members, batch) of what the last hidden layer puts out."""
        weight, bias = self._last
        # a batched matrix product of width 1 takes five times as long as this
        return (hidden * weight.mT).sum(-1) + bias.squeeze(-1)

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
        """Sum over members of the mean squared error to `targets`, (batch,) or each member's own (members, batch)."""
        return (self(observations, actions) - targets).square().mean(1).sum()

    @torch.no_grad()
    def regression_gradients(self, observations: Tensor, actions: Tensor, targets: Tensor) -> list[Tensor]:
        """Gradients of `regression_loss` for all parameters, by hand: a fifth faster than by autograd."""
        if len(self.scales):
            with torch.enable_grad():
                loss = self.regression_loss(observations, actions, targets)
            return list(torch.autograd.grad(loss, list(self.parameters())))
        outputs, last = self._outputs(observations, actions), self._last[0]
        # the loss's gradient for each layer's output in turn
        error = ((self._values(outputs[-1]) - targets) * (2 / len(observations))).unsqueeze(-1)
        weights, biases = [torch.bmm(error.mT, outputs[-1]).mT], [error.sum(1, keepdim=True)]
        error = error * last.mT
        for index, (weight, _) in reversed(list(enumerate(self._inner))):
            error = torch.ops.aten.threshold_backward(error, outputs[index + 1], 0)  # ReLU's
            weights.append(torch.bmm(outputs[index].mT, error))
            biases.append(error.sum(1, keepdim=True))
            if index:
                error = torch.bmm(error, weight.mT)
        return weights[::-1] + biases[::-1]

    @torch.no_grad()
    def action_gradients(
        self, observations: Tensor, actions: Tensor, factors: Sequence[float | Tensor], groups: Sequence[int]
    ) -> Tensor:
        """Gradient for the actions of the sum of factor * least value over groups of members, by hand.

        Args:
            observations: (batch, observation_dim).
            actions: (batch, action_dim).
            factors: One per group, a number or each row's own (batch,).
            groups: Numbers of members that follow one another.

        Returns:
            (batch, action_dim), each row's own gradient.
        """
        if len(self.scales):
            actions = actions.clone().requires_grad_()
            with torch.enable_grad():
                values = self(observations, actions).split(groups)
                total = sum((factor * least(group)).sum() for factor, group in zip(factors, values, strict=True))
            return torch.autograd.grad(total, actions)[0]
        outputs = self._outputs(observations, actions)
        values = self._values(outputs[-1]).split(groups)
        errors = [factor * share_of_least(group) for factor, group in zip(factors, values, strict=True)]
        error = torch.cat(errors).unsqueeze(-1) * self._last[0].mT
        for index, (weight, _) in reversed(list(enumerate(self._inner))):
            error = torch.ops.aten.threshold_backward(error, outputs[index + 1], 0)  # ReLU's
            # into the network go observations and actions, and the actions' gradient is all that is asked for
            error = torch.bmm(error, (weight if index else weight[:, observations.shape[-1] :]).mT)
        return error.sum(0)


def least(values: Tensor) -> Tensor:
    """The least over the first axis."""
    return functools.reduce(torch.minimum, values.unbind())


def share_of_least(values: Tensor) -> Tensor:
    """Gradient of `least` (members, batch): 1 for the least member, shared where several are."""
    if len(values) == 1:
        return torch.ones_like(values)
    lowest = (values == least(values)).to(values.dtype)
    return lowest / lowest.sum(0)


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

    def regression_gradients(self, observations: Tensor, actions: Tensor, targets: list[Tensor]) -> list[list[Tensor]]:
        """Each critic's gradients of the squared error to its own targets (batch,)."""
        if self.whole is None:
            pairs = zip(self.critics, targets, strict=True)
            return [critic.regression_gradients(observations, actions, rows) for critic, rows in pairs]
        rows = torch.stack([row for row, count in zip(targets, self.members, strict=True) for _ in range(count)])
        gradients = self.whole.regression_gradients(observations, actions, rows)
        return list(zip(*(gradient.split(self.members) for gradient in gradients), strict=True))

    def action_gradients(self, observations: Tensor, actions: Tensor, factors: Sequence[float | Tensor]) -> Tensor:
        """Gradient for the actions (batch, action_dim) of the sum of factor * `smallest` over the critics."""
        if self.whole is not None:
            return self.whole.action_gradients(observations, actions, factors, self.members)
        parts = zip(self.critics, factors, self.members, strict=True)
        return sum(critic.action_gradients(observations, actions, [factor], [count]) for critic, factor, count in parts)
