"""Offline only: the offline policy itself, evaluated once and never fine-tuned; the level to start from."""

from collections.abc import Iterator

from marvel.finetune import first_row, load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.problem import Problem
from marvel.rollout import evaluate


def train(problem: Problem, hp: Hyperparameters) -> Iterator[dict]:
    """One row: the deterministic offline policy after 0 environment steps.

    Args:
        problem: `start` is an offline checkpoint.
        hp: `eval_episodes`.
    """
    agent = load_agent(problem, hp)
    for index in problem.rounds(0, state=(agent,)):
        yield first_row() | evaluate(problem, hp, agent.policy(), index)
