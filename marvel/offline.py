"""The loop of every stage that learns from a dataset alone: chunks of updates, a row per evaluation."""

from collections.abc import Callable, Iterator

import torch

from marvel.hyperparameters import Hyperparameters
from marvel.networks import Policy
from marvel.rollout import evaluate
from marvel.run.context import Context

CHUNK = 100  # updates per round: a snapshot can be taken after each


def train_offline(
    context: Context,
    hp: Hyperparameters,
    agent,
    update: Callable[[torch.Generator], dict],
    steps: int,
    eval_every: int,
) -> Iterator[dict]:
    """Yield a row with updates, evaluation and the update's metrics every `eval_every` updates and at the end.

    Args:
        context: Task and seed; resumes the loop.
        hp: Evaluation episodes.
        agent: Has `actor`, `state_dict` and `load_state_dict`.
        update: One gradient step that draws all its randomness from the generator; returns metrics.
        steps: Gradient steps in all.
        eval_every: Steps between rows.
    """
    chunks = -(-steps // CHUNK)
    for chunk in context.rounds(chunks, state=(agent,)):
        before, done = max(0, chunk - 1) * CHUNK, min(chunk * CHUNK, steps)
        generator = context.generator("minibatches", chunk)
        metrics = {}
        for _ in range(before, done):
            metrics = update(generator)
        metrics = {name: float(value) for name, value in metrics.items()}
        if chunk in (0, chunks) or done // eval_every > before // eval_every:
            row = {"updates": done} | evaluate(context, hp, Policy(agent.actor), chunk) | metrics
            context.report(done, steps, "updates", **row)
            yield row
        else:
            context.report(done, steps, "updates", **metrics)
