"""Recorded weights in and out of this suite's networks, and spies on what an update computes inside.

A recorded ensemble has one array per member and layer, `q_nets.{member}.{2 * layer}.weight` [out, in]; here the
members are stacked, one weight (members, in, out) and one bias (members, 1, out) per layer.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from marvel.adam import Adam
from marvel.critics import Critics
from marvel.networks import Draw
from tests.replays.recording import Recording


def members(*groups: tuple[str, int]) -> list[str]:
    """Names of an ensemble's members in the order of the stack: members(("q_nets", 2)) = [q_nets.0, q_nets.1]."""
    return [f"{group}.{member}" for group, count in groups for member in range(count)]


def slots(module: nn.Module, names: list[str] | None) -> dict[str, Callable]:
    """{recorded name: function that picks that array, as [out, in], from (parameter -> tensor)}."""
    found = {}
    if isinstance(module, Critics):
        for member, name in enumerate(names):
            for layer, (weight, bias) in enumerate(zip(module.weights, module.biases, strict=True)):
                found[f"{name}.{2 * layer}.weight"] = lambda of, w=weight, m=member: of(w)[m].T
                found[f"{name}.{2 * layer}.bias"] = lambda of, b=bias, m=member: of(b)[m, 0]
    else:
        for name, parameter in module.named_parameters():
            found[name] = lambda of, p=parameter: of(p)
    return found


class Networks:
    """Loads the weights at time 0, keeps those at the recorded times and the first gradients, compares both.

    Args:
        recording: The file.
        **networks: Recorded prefix -> (module, names of its members or None).
    """

    def __init__(self, recording: Recording, **networks: tuple[nn.Module, list[str] | None]):
        self.recording, self.times = recording, recording.input("time_index").tolist()
        self.slots, self.kept, self.gradients = {}, {}, {}
        for prefix, (module, names) in networks.items():
            self.slots[prefix] = slots(module, names)
            for name, pick in self.slots[prefix].items():
                with torch.no_grad():
                    pick(lambda parameter: parameter).copy_(torch.from_numpy(recording.arrays[f"{prefix}.{name}"][0]))
        self.record(0)

    def record(self, time: int) -> None:
        """Keep all weights if they were recorded at this count of updates."""
        if time not in self.times:
            return
        for prefix, picks in self.slots.items():
            for name, pick in picks.items():
                self.kept.setdefault(f"{prefix}.{name}", []).append(pick(torch.Tensor.detach).numpy().copy())

    def watch_gradients(self, prefix: str, optimizer: Adam) -> None:
        """Keep the gradient of the network `prefix` that `optimizer` is given at its first step."""
        step = optimizer.step

        def watched(gradients):
            found = {id(parameter): g for parameter, g in zip(optimizer.parameters, gradients, strict=True)}
            for name, pick in self.slots[prefix].items():
                gradient = pick(lambda parameter: found[id(parameter)]).numpy().copy()
                self.gradients.setdefault(f"grad0.{prefix}.{name}", gradient)
            step(gradients)

        optimizer.step = watched

    def compare(self) -> None:
        """Gradients first: Adam hides an error of scale and enlarges noise."""
        for name, gradient in self.gradients.items():
            self.recording.check(name, gradient)
        for name, values in self.kept.items():
            # a network that never moves is recorded once
            once = len(self.recording.arrays[name]) == 1 and all(np.array_equal(values[0], value) for value in values)
            self.recording.check(name, values[:1] if once else values)


class Spy:
    """Replaces `owner.name` by itself plus a record of arguments and result, made before the next step changes them."""

    def __init__(self, owner: object, name: str, also: Callable | None = None):
        self.calls, self.also = [], []
        self.owner, self.name, self.original = owner, name, getattr(owner, name)

        def watched(*arguments, **named):
            if also is not None:
                with torch.no_grad():
                    self.also.append(also(*arguments))
            result = self.original(*arguments, **named)
            self.calls.append((arguments, result))
            return result

        setattr(owner, name, watched)

    def undo(self) -> None:
        """Put the original back, where the owner outlives the replay."""
        setattr(self.owner, self.name, self.original)

    def results(self, every: int = 1, first: int = 0, part: int | None = None) -> list[np.ndarray]:
        """Results of the calls first, first + every, ...; of a tuple the given part."""
        found = [result if part is None else result[part] for _, result in self.calls[first::every]]
        return [value.detach().numpy() for value in found]

    def arguments(self, position: int, every: int = 1, first: int = 0) -> list[np.ndarray]:
        """One positional argument of the same calls."""
        return [arguments[position].detach().numpy() for arguments, _ in self.calls[first::every]]


def replayed_noise(recording: Recording, index: int) -> Draw:
    """`draw` that hands out the recorded noise of one update by name, in the shape asked for."""

    def draw(name: str, *shape: int) -> torch.Tensor:
        return recording.tensor(f"noise.{name}")[index].reshape(shape)

    return draw
