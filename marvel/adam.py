"""Adam as every algorithm here uses it: betas 0.9 and 0.999, epsilon 1e-8, no decay, no clipping."""

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

    @torch.no_grad()
    def load_state_dict(self, state: dict) -> None:
        """Go back to a snapshot's moments and count; the learning rate stays the configured one."""
        self.steps.copy_(state["steps"])
        for own, kept in zip(self.first + self.second, state["first"] + state["second"], strict=True):
            own.copy_(kept)
