"""Methods on the toy task, called as functions: contexts, short budgets, rows, what a method hands to `finetune`."""

from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from conftest import rows_of

from marvel import finetune
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import Fixed
from marvel.run.context import Context
from marvel.tasks import get_task

STEPS = 30  # the toy's time limit; its episodes never end earlier


def make_context(start: Path | None = None, dataset: Path | None = None, cost_limit: float = 5.0) -> Context:
    """A context on the toy task that keeps no snapshots."""
    return Context(get_task("Toy"), cost_limit=cost_limit, seed=0, start=start, dataset=dataset)


def small(**changes) -> Hyperparameters:
    """Six rounds of two episodes and four minibatches."""
    budget = {"online_episodes": 12, "episodes_per_round": 2, "updates_per_round": 4, "eval_episodes": 1}
    return Hyperparameters(**{"hidden_units": 16, "batch_size": 8} | budget | changes)


def finish(context: Context, method: Generator) -> dict | None:
    """Run a method to its end; rows go to `context.rows`, and what it returns is returned."""
    return rows_of(context, method)


def handed_over(method, context, hp, monkeypatch, **options) -> SimpleNamespace:
    """The arguments with which a method calls `finetune`, without playing."""
    caught = {}

    def caught_finetune(context, hp, agent, multiplier, **keywords):
        caught.update(keywords, agent=agent, multiplier=multiplier)
        return iter(())

    monkeypatch.setattr(method, "finetune", caught_finetune)
    assert list(method.train(context, hp, **options)) == []
    return SimpleNamespace(**{"evaluated": None, "sample": None} | caught)


def push(actor, bias: float) -> None:
    """Make an actor want +1 or -1 in its first action."""
    with torch.no_grad():
        actor.mu_layer.bias[0] += bias


def value_first_action(critics, weight: float) -> None:
    """Every member's value becomes weight * (first action + 2)."""
    with torch.no_grad():
        for parameter in critics.parameters():
            parameter.zero_()
        critics.weights[0][:, 4, 0] = 1.0
        critics.biases[0][:, 0, 0] = 2.0
        for layer in range(1, len(critics.weights) - 1):
            critics.weights[layer][:, 0, 0] = 1.0
        critics.weights[-1][:, 0, 0] = weight


class Ending:
    """An environment whose episodes end by themselves after `steps`, at cost 1 and reward 1 a step."""

    def __init__(self, steps: int):
        self.steps = steps

    def reset(self, *, seed):
        self.left = self.steps
        return np.full(4, 0.1, np.float32), {}

    def step(self, action):
        self.left -= 1
        return np.full(4, self.left, np.float32), 1.0, self.left == 0, False, {"cost": 1.0}

    def close(self):
        pass


def run_loop(context, hp, update, multiplier=None):
    """`finetune` of a new agent with an update of its own; returns the rows."""
    agent = finetune.new_agent(context, hp)
    finish(context, finetune.finetune(context, hp, agent, multiplier or Fixed(5.0), update=update))
    return context.rows
