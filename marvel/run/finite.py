"""Where learning has left the finite numbers."""

import math

import torch
from torch import nn


def first_not_finite(parts: tuple) -> str | None:
    """Name of the first weight or number among the attributes of `parts` that is not finite; None if all are.

    Args:
        parts: Objects that learning changes: agents (with modules as attributes), multipliers (with numbers).
    """
    for part in parts:
        modules = {name: value for name, value in vars(part).items() if isinstance(value, nn.Module)}
        weights = [weight.detach() for module in modules.values() for weight in module.parameters()]
        # the norm of a tensor is finite only if all its entries are; one call for all tensors
        if weights and not torch.stack(torch._foreach_norm(weights)).isfinite().all():
            for name, module in modules.items():
                for inner, weight in module.named_parameters():
                    if not weight.isfinite().all():
                        return f"{name}.{inner}"
        for name in ("value", "integral", "log_alpha"):
            if isinstance(number := getattr(part, name, 0.0), float) and not math.isfinite(number):
                return f"{type(part).__name__}'s {name}"
    return None


def first_not_finite_tensor(state: object, name: str = "") -> str | None:
    """Name of the first tensor in nested dictionaries, lists and tuples that is not finite; None if all are."""
    if isinstance(state, torch.Tensor):
        return None if not state.is_floating_point() or state.isfinite().all() else name
    items = state.items() if isinstance(state, dict) else enumerate(state) if isinstance(state, list | tuple) else ()
    for key, value in items:
        if (found := first_not_finite_tensor(value, f"{name}.{key}" if name else str(key))) is not None:
            return found
    return None
