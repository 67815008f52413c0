"""Checkpoints: files that are none, and states of another kind, form or shape."""

import io
import math
import pickle
import zipfile

import torch
from toys import make_context, small

from malformed import World, save
from marvel.finetune import load_agent
from marvel.run.snapshot import tensor_bytes


def each(change):
    """The same change of every tensor of a part."""
    return lambda part: {name: change(tensor) for name, tensor in part.items()}


def archive() -> bytes:
    """A ZIP file that is none of torch's."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as file:
        file.writestr("a.txt", "x")
    return memory.getvalue()


def optimizer(**changes):
    """Other values of Adam's state; a function is called with the old value, None removes the key."""

    def apply(state):
        new = {key: change(state[key]) if callable(change) else change for key, change in changes.items()}
        return {key: value for key, value in (state | new).items() if value is not None}

    return apply


ACTOR, CRITIC, MOMENTS = "offline actor", "offline reward_critic", "prealigned actor_optimizer"
DENSE = "is no dense tensor of float32, but"
# Bytes are a file; else (checkpoint and part, change of that part), where None removes it and "whole" is all of it.
CASES = [
    (b"\0" * 5000, "is no checkpoint of this project"),
    (b"<html>not found</html>", "is no checkpoint of this project"),
    (b"\x89HDF\r\n\x1a\n" + bytes(100), "is no checkpoint of this project"),
    (pickle.dumps({"kind": "cpq", "actor": {}}), "is no checkpoint of this project"),
    (pickle.dumps(5), "is no checkpoint of this project"),
    (archive(), "it is cut short or damaged"),
    (tensor_bytes([1, 2]), "it has no key 'kind'"),
    (tensor_bytes(torch.zeros(3)), "it has no key 'kind'"),
    (tensor_bytes({"kind": "diverged"}), "it does not say where it diverged"),
    (tensor_bytes({"kind": "diverged", "round": None, "reason": 5}), "it does not say where it diverged"),
    (("offline kind", lambda _: 5), "its kind is 5, no text"),
    (("offline kind", lambda _: ""), "its kind is '', no text"),
    (("offline form", lambda _: 5), "its form is no mapping"),
    ((ACTOR, None), "it holds no actor"),
    ((ACTOR, lambda _: 5), "its actor is no mapping of names and tensors"),
    ((ACTOR, lambda _: {}), "its actor is no mapping of names and tensors"),
    ((ACTOR, lambda part: list(part.values())), "its actor is no mapping of names and tensors"),
    ((ACTOR, lambda _: {"a": 1}), f"actor.a {DENSE} int"),
    ((ACTOR, each(lambda tensor: None)), f"actor.net.0.weight {DENSE} NoneType"),
    ((ACTOR, each(torch.Tensor.double)), f"actor.net.0.weight {DENSE} torch.float64"),
    ((ACTOR, each(torch.Tensor.int)), f"actor.net.0.weight {DENSE} torch.int32"),
    ((ACTOR, each(lambda tensor: tensor.to(torch.complex64))), f"actor.net.0.weight {DENSE} torch.complex64"),
    ((ACTOR, each(lambda tensor: tensor.to_sparse())), f"actor.net.0.weight {DENSE} torch.float32"),
    ((ACTOR, each(lambda tensor: tensor[:-1])), "the checkpoint's actor has tensors"),
    ((ACTOR, each(lambda tensor: tensor * math.inf)), "holds numbers that are not finite in actor.net.0.weight"),
    ((ACTOR, lambda part: part | {"net.9.weight": torch.zeros(2)}), "the checkpoint's actor has tensors"),
    ((CRITIC, lambda _: None), "its reward_critic is no mapping of names and tensors"),
    ((CRITIC, lambda _: torch.zeros(3)), "its reward_critic is no mapping of names and tensors"),
    ((CRITIC, each(torch.Tensor.half)), f"reward_critic.weights.0 {DENSE} torch.float16"),
    ((CRITIC, each(lambda tensor: tensor[:1])), "the checkpoint's reward critic has tensors"),
    (("offline cost_critic", lambda _: {"a": torch.zeros(2)}), "the checkpoint's cost critic has tensors"),
    (("offline form", lambda form: form | {"depth": 3}), "made under a setting 'depth' that does not exist"),
    (("offline form", lambda form: form | {"discount": 0.5}), "the checkpoint was made with discount 0.5, not 0.99"),
    (("prealigned form", None), "lacks or should not have form"),
    (("prealigned form", lambda _: {}), "the checkpoint does not say its cost_critic_layers, discount, layer_norm"),
    (("prealigned form", lambda form: {k: v for k, v in form.items() if k != "discount"}), "does not say its discount"),
    (("prealigned form", lambda form: form | {5: 5}), "made under a setting 5 that does not exist"),
    (("prealigned reward_target", None), "the checkpoint lacks or should not have reward_target; make it again."),
    (("prealigned whole", lambda state: state | {"more": 1}), "the checkpoint lacks or should not have more"),
    (("prealigned cost_optimizer", None), "the checkpoint lacks or should not have cost_optimizer"),
    ((MOMENTS, lambda _: None), "the checkpoint's actor_optimizer does not hold lr, steps, first and second alone"),
    ((MOMENTS, lambda _: []), "does not hold lr, steps, first and second alone"),
    ((MOMENTS, optimizer(steps=None)), "does not hold lr, steps, first and second alone"),
    ((MOMENTS, optimizer(lr=math.nan)), "the checkpoint's actor_optimizer has the learning rate nan"),
    ((MOMENTS, optimizer(lr="fast")), "has the learning rate 'fast'"),
    ((MOMENTS, optimizer(lr=-1.0)), "has the learning rate -1.0"),
    ((MOMENTS, optimizer(steps=torch.tensor(-1.0))), "has no count of steps"),
    ((MOMENTS, optimizer(steps=torch.zeros(3))), "has no count of steps"),
    ((MOMENTS, optimizer(first=lambda old: old[:-1])), "has a first of other shapes or numbers than its networks"),
    (
        (MOMENTS, optimizer(first=lambda old: [moment.int() for moment in old])),
        "has a first of other shapes or numbers",
    ),
    ((MOMENTS, optimizer(first=lambda old: 5)), "has no list of tensors as first"),
    ((MOMENTS, optimizer(second=lambda old: [moment - 1 for moment in old])), "has a second moment below 0"),
]


def give(given, world: World, capfd) -> None:
    """Start an online learner from a checkpoint."""
    if not isinstance(given, bytes):
        (name, key), change = given[0].split(), given[1]
        state = torch.load(getattr(world, name), weights_only=True)
        if key == "whole":
            state = change(state)
        elif change is None:
            del state[key]
        else:
            state[key] = change(state[key])
        given = tensor_bytes(state)
    path = save(world.folder, "checkpoint.pt", given)
    load_agent(make_context(start=path), small())
