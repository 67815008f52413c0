"""Offline only: the offline policy itself, evaluated once and never fine-tuned; the level to start from."""

from collections.abc import Iterator

from marvel.finetune import first_row, load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.rollout import evaluate
from marvel.run.context import Context


def train(context: Context, hp: Hyperparameters) -> Iterator[dict]:
    """One row: the deterministic offline policy after 0 environment steps.

    Args:
        context: `start` is an offline checkpoint.
        hp: `eval_episodes`.
    """
    agent = load_agent(context, hp)
    for index in context.rounds(0, state=(agent,)):
        yield first_row() | evaluate(context, hp, agent.policy(), index)
