"""PEX, Policy Expansion (Zhang et al., ICLR 2023, arXiv 2302.00935): two actors propose, the critics choose."""

import itertools
from collections.abc import Iterator

import numpy as np
import torch

from marvel.errors import InputError
from marvel.finetune import finetune, load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import controller as make_controller
from marvel.run.context import Context


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    cost_aware: bool = False,
    softness: float = 1.0,
    official_accounting: bool = False,
    controller: str | dict = "adaptive_pid",
) -> Iterator[dict]:
    """Fine-tune while every action is chosen between one of the frozen offline actor and one of the learner.

    Both start from the offline actor, as in Marvel's code (the original adds a new actor), and the learner alone is
    evaluated.

    Args:
        context: `start` is an offline checkpoint.
        hp: Shared hyperparameters.
        cost_aware: Value an action by Q - multiplier * Qc instead of Q alone; official is Q alone, which ignores cost.
        softness: Temperature of the choice, in the critics' units; official 1.
        official_accounting: The last episode of a round is the learner's alone and not stored, and its cost is what
            the multiplier is told; give `episodes_per_round: 26, updates_per_round: 4` with it.
        controller: The multiplier's controller; aPID as in the paper, where all baselines have it.
    """
    if official_accounting and hp.episodes_per_round < 2:
        raise InputError("pex: official_accounting needs episodes_per_round of at least 2 (official: 26).")
    agent, offline = load_agent(context, hp), load_agent(context, hp).policy()
    multiplier = make_controller(controller, context.cost_limit, hp)
    stored = hp.episodes_per_round - 1 if official_accounting else None

    @torch.no_grad()
    def values(observation: np.ndarray, actions: np.ndarray) -> np.ndarray:
        states, actions = torch.from_numpy(observation).expand(len(actions), -1), torch.from_numpy(actions)
        value = agent.reward_target.smallest(states, actions)
        if cost_aware:
            value = value - multiplier.value * agent.cost_target.smallest(states, actions)
        return value.numpy()

    def policy(index: int, episode: int):
        learner, steps = agent.policy(), itertools.count()
        if episode == stored:
            return learner
        generator = context.generator("choice", index * hp.episodes_per_round + episode)
        shape = (context.task.max_episode_steps, context.task.action_dim)
        noises = torch.randn(*shape, generator=generator).numpy()
        draws = torch.rand(shape[0], generator=generator).numpy()

        def act(observation, noise):
            step = next(steps)
            actions = np.stack((offline(observation, noises[step]), learner(observation, noise)))
            return actions[int(draws[step] >= choice(values(observation, actions), softness)[0])]

        return act

    told = (lambda costs: costs[-1]) if official_accounting else None
    yield from finetune(context, hp, agent, multiplier, policy=policy, told=told, stored=stored)


def choice(values: np.ndarray, softness: float = 1.0) -> np.ndarray:
    """Softmax over the last axis; the official form lacks the shift by the maximum and overflows above about 88."""
    weights = np.exp((values - values.max(-1, keepdims=True)) / softness)
    return weights / weights.sum(-1, keepdims=True)
