"""Adam as every algorithm here uses it: betas 0.9 and 0.999, epsilon 1e-8, no decay, no clipping."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


class Adam:
    """torch's fused Adam on a list of tensors; gradients come as arguments, so that nobody has to clear them.

    The same kernel and bits as `torch.optim.Adam(fused=True)`, whose module takes half a second to import in every job
    and whose step costs more than the kernel for networks as small as these.

    Args:
        parameters: Contiguous tensors to move, in place.
        lr: Step size.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float):
        self.parameters, self.lr = list(parameters), lr
        self.steps = torch.zeros(())
        self.first = [torch.zeros_like(parameter, requires_grad=False) for parameter in self.parameters]
        self.second = [torch.zeros_like(moment) for moment in self.first]

    def descend(self, loss: Tensor) -> None:
        """One step down the gradient of `loss`; a parameter that it does not depend on has gradient 0."""
        self.step(torch.autograd.grad(loss, self.parameters, materialize_grads=True))

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """One step down the given gradients, one per parameter."""
        gradients = [gradient.contiguous() for gradient in gradients]  # the kernel reads memory in order
        self.steps += 1
        moments = (self.first, self.second, [], [self.steps] * len(self.parameters))
        settings = {"lr": self.lr, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
        torch._fused_adam_(self.parameters, gradients, *moments, **settings, amsgrad=False, maximize=False)

    def state_dict(self) -> dict:
        """Learning rate, count of steps and both moments, in the order of the parameters."""
        return {"lr": self.lr, "steps": self.steps, "first": self.first, "second": self.second}

    def fault(self, state: object) -> str | None:
        """Why a state is none of this optimiser's, as the predicate of a sentence; None if it is one."""
        if not isinstance(state, dict) or set(state) != set(self.state_dict()):
            return "does not hold lr, steps, first and second alone"
        lr, steps = state["lr"], state["steps"]
        if not isinstance(lr, float) or not 0 < lr < math.inf:
            return f"has the learning rate {lr!r}"
        if not isinstance(steps, Tensor) or steps.shape != () or not 0 <= steps < math.inf:
            return "has no count of steps"
        shapes = [(parameter.shape, torch.float32) for parameter in self.parameters]
        for key in ("first", "second"):
            moments = state[key]
            if not isinstance(moments, list) or not all(isinstance(moment, Tensor) for moment in moments):
                return f"has no list of tensors as {key}"
            if [(moment.shape, moment.dtype) for moment in moments] != shapes:
                return f"has a {key} of other shapes or numbers than its networks"
        return "has a second moment below 0" if any((moment < 0).any() for moment in state["second"]) else None

    @torch.no_grad()
    def load_state_dict(self, state: dict) -> None:
        """Go back to a snapshot's moments and count; the learning rate stays the configured one."""
        self.steps.copy_(state["steps"])
        for own, kept in zip(self.first + self.second, state["first"] + state["second"], strict=True):
            own.copy_(kept)
