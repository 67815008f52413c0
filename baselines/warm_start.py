"""Warm Start: fine-tune the offline actor and critics as they are, without Value Pre-Alignment."""

from collections.abc import Iterator

from marvel.finetune import finetune, load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import controller as make_controller
from marvel.problem import Problem


def train(problem: Problem, hp: Hyperparameters, *, controller: str | dict = "adaptive_pid") -> Iterator[dict]:
    """SAC-Lagrangian from the offline checkpoint.

    Args:
        problem: `start` is an offline checkpoint.
        hp: Shared hyperparameters.
        controller: The multiplier's controller; aPID as in the paper, where all baselines have it.
    """
    agent = load_agent(problem, hp)
    yield from finetune(problem, hp, agent, make_controller(controller, problem.cost_limit, hp))
