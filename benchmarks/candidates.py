"""This suite's updates, the published code's, and the matrix products alone, each as a step that can be repeated.

`python -m benchmarks.candidates NAME OBSERVATION_DIM ACTION_DIM LAYERS` serves one (`benchmarks.serve`).
"""

import sys
from collections.abc import Callable
from itertools import pairwise

import torch

from benchmarks.official import OfficialSACLag
from benchmarks.serve import serve, transitions
from marvel.bear import BEAR
from marvel.buffer import ReplayBuffer
from marvel.cpq import CPQ
from marvel.hyperparameters import Hyperparameters
from marvel.networks import gaussian
from marvel.prealign import prealign_step
from marvel.sac import SACLagrangian

MULTIPLIER = 0.3
OFFLINE_BATCH, SAMPLES, VAE_HIDDEN, THRESHOLD = 512, 10, 400, 8.6
Step = Callable[[], object]


def ours(name: str, observation_dim: int, action_dim: int, layers: int) -> Step:
    """A call of four minibatches of "vpa" or "sac", a single "sac_minibatch", or a step of "cpq" or "bear"."""
    hp, generator = Hyperparameters(hidden_layers=layers), torch.Generator().manual_seed(0)
    buffer = ReplayBuffer.from_dataset(transitions(observation_dim, action_dim))
    sizes, draw = (observation_dim, action_dim), gaussian(generator)
    if name in ("cpq", "bear"):
        agent = {"cpq": CPQ, "bear": BEAR}[name](*sizes, hp.hidden, THRESHOLD, generator)
        return lambda: agent.update(buffer.sample(OFFLINE_BATCH, generator), draw)
    agent = SACLagrangian(*sizes, hp, generator)

    def minibatch():
        batch = buffer.sample(hp.batch_size, generator)
        if name == "vpa":
            return prealign_step(agent, batch, draw, hp.temperature, 0.1 * hp.temperature)
        return agent.update(batch, MULTIPLIER, draw)

    return minibatch if name == "sac_minibatch" else lambda: [minibatch() for _ in range(4)]


def official(name: str, observation_dim: int, action_dim: int, layers: int) -> Step:
    """The published code's calls "vpa" and "sac"."""
    torch.manual_seed(0)
    torch.set_flush_denormal(False)  # nobody flushes there
    agent = OfficialSACLag(transitions(observation_dim, action_dim), Hyperparameters(hidden_layers=layers))
    return agent.prealign if name == "vpa" else lambda: agent.train(MULTIPLIER)


def products(name: str, observation_dim: int, action_dim: int, layers: int) -> Step:
    """The matrix products of a step of ours: what is left if all else took no time.

    Layers of width 1 are left out.
    """
    hidden, todo = [256] * layers, []
    rows = OFFLINE_BATCH if name in ("cpq", "bear") else 64

    def add(members: int, widths: list[int], passes: str, times: int = 1) -> None:
        """Passes of a network: "f" forward, "w" gradients of weights, "i" of what enters layers but the first."""
        for index, (a, b) in enumerate(pairwise(widths)):
            shapes = {"f": (rows, a, b), "w": (a, rows, b), "i": (rows, b, a)}
            todo.extend((members, *shapes[kind]) for kind in passes * times if kind != "i" or index)

    critic, actor = [observation_dim + action_dim, *hidden], [observation_dim, *hidden, 2 * action_dim]
    if name == "bear":
        latent = 2 * action_dim
        decoder = [observation_dim + latent, VAE_HIDDEN, VAE_HIDDEN, action_dim]
        add(1, [observation_dim + action_dim, VAE_HIDDEN, VAE_HIDDEN, 2 * latent], "fwi")
        add(1, decoder, "fwi")
        add(1, decoder, "f", SAMPLES)
        add(1, critic, "f", 6 * SAMPLES)  # targets, member by member
        add(4, critic, "fwi")
        add(2, critic, "fwi")
        add(4, critic, "fi")
        add(2, critic, "fi")
        add(1, actor, "ffwi")
    elif name == "cpq":
        add(2, critic, "ffwifi")
        add(1, critic, "fffwif")
        add(1, actor, "ffwi")
    else:
        add(3, critic, "ffwi" if name == "vpa" else "ffwifi")
        add(1, actor, "f" if name == "vpa" else "ffwi")
        todo *= 1 if name == "sac_minibatch" else 4
    # one set of operands per shape: they are in the cache, as they mostly are in an update
    operands = {(m, a, b, c): (torch.randn(m, a, b), torch.randn(m, b, c), torch.empty(m, a, c)) for m, a, b, c in todo}

    def multiply():
        for shape in todo:
            left, right, out = operands[shape]
            torch.bmm(left, right, out=out)

    return multiply


if __name__ == "__main__":
    kind, name, *numbers = sys.argv[1:]
    serve(lambda: {"ours": ours, "official": official, "products": products}[kind](name, *map(int, numbers)))
