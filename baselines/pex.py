"""PEX, Policy Expansion (Zhang et al., ICLR 2023, arXiv 2302.00935): two actors propose, the critics choose."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import torch

from baselines import official_accounting as accounting
from baselines.mixed_batches import mixed_batches
from marvel.critics import Critics
from marvel.finetune import finetune, load_agent, new_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import controller as make_controller
from marvel.run.context import Context

EVALUATES = "the learner alone"  # tables say so, unless the entry has `evaluate_as_acting: true`
EVALUATION_SAMPLES = 0.1  # share of evaluation steps whose choice is drawn; the original's code, like the rest greedy


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    cost_aware: bool = False,
    inverse_temperature: float = 1.0,
    deterministic_offline: bool = False,
    fresh_learner: bool = False,
    offline_share: float = 0.0,
    evaluate_as_acting: bool = False,
    official_accounting: bool = False,
    controller: str | dict = "adaptive_pid",
) -> Iterator[dict]:
    """Fine-tune while every action is chosen between one of the frozen offline actor and one of the learner.

    The defaults are those of Marvel's code; the original's are in the entry `pex_original` of
    workflow/config/comparison.yaml, and docs/baselines.md compares them.

    Args:
        context: `start` is an offline checkpoint; the dataset is read only where `offline_share` is not 0.
        hp: Shared hyperparameters.
        cost_aware: Value an action by Q - multiplier * Qc instead of Q alone; official is Q alone, which ignores cost.
        inverse_temperature: Of the choice, per unit of the target critics' value; Marvel's code 1, the original 10.
        deterministic_offline: The offline actor proposes its deterministic action, as in the original.
        fresh_learner: The learner's actor starts from random weights, as in the original; else from the offline one's.
        offline_share: Share of a minibatch that comes from the dataset; the original 0.5.
        evaluate_as_acting: Evaluate the pair of actors, as the original does; otherwise the learner alone.
        official_accounting: The last episode of a round is the learner's alone and not stored, and its cost is the one
            that the multiplier receives; give `round_unit: episodes, episodes_per_round: 26, updates_per_round: 4`.
        controller: The multiplier's controller; aPID as in the paper, where all baselines have it.
    """
    if official_accounting:
        accounting.check(context.method, hp)
    sample = mixed_batches(context, hp, offline_share)
    agent, offline = load_agent(context, hp), load_agent(context, hp).policy()
    if fresh_learner:
        fresh = new_agent(context, hp)
        agent.actor, agent.actor_optimizer = fresh.actor, fresh.actor_optimizer
    multiplier = make_controller(controller, context.cost_limit, hp)
    width, steps, action_dim = context.task.observation_dim, context.task.max_episode_steps, context.task.action_dim

    def pair(generator: torch.Generator, evaluation: bool = False):
        """The acting function of one episode."""
        learner, value_of, cost_of = agent.policy(), Values(agent.reward_target), Values(agent.cost_target)
        noises = torch.randn(steps, action_dim, generator=generator).numpy()
        draws = torch.rand(steps, generator=generator).tolist()
        inputs, counter = np.empty((2, width + action_dim), np.float32), itertools.count()

        def act(observation, noise):
            step = next(counter)
            quiet = deterministic_offline or noise is None
            first, second = offline(observation, None if quiet else noises[step]), learner(observation, noise)
            inputs[:, :width], inputs[0, width:], inputs[1, width:] = observation, first, second
            values = value_of(inputs)
            if cost_aware:
                values = values - multiplier.value * cost_of(inputs)
            chance = chance_of_first(*values.tolist(), inverse_temperature)
            if evaluation:
                chance = EVALUATION_SAMPLES * chance + (1 - EVALUATION_SAMPLES) * (values[0] >= values[1])
            return first if draws[step] < chance else second

        return act

    def policy(index: int, episode: int):
        if official_accounting and episode == hp.episodes_per_round - 1:
            return agent.policy()
        return pair(context.generator("choice", index, episode))

    def evaluated(index: int, episode: int):
        return pair(context.generator("evaluation choice", index, episode), evaluation=True)

    yield from finetune(
        context,
        hp,
        agent,
        multiplier,
        policy=policy,
        sample=sample,
        accounting=accounting.pex if official_accounting else None,
        evaluated=evaluated if evaluate_as_acting else None,
    )


def chance_of_first(first: float, second: float, inverse_temperature: float = 1.0) -> float:
    """Softmax of two values, without overflow; the official form lacks the shift and overflows above about 88."""
    gap = inverse_temperature * (second - first)
    return 1 / (1 + math.exp(gap)) if gap < 700 else 0.0


class Values:
    """An ensemble's smallest value of a few actions, in NumPy: a sixth of the time of torch calls.

    It shares the critics' memory, so it follows in-place optimiser steps; make a new one after loading weights. NumPy
    and torch add up products in another order, so values differ in the last bits.
    """

    def __init__(self, critics: Critics):
        self._weights, self._biases, self._scales, self._shifts = (
            [parameter.detach().numpy() for parameter in parameters]
            for parameters in (critics.weights, critics.biases, critics.scales, critics.shifts)
        )

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Values (actions,) of `inputs` (actions, observation_dim + action_dim), float32."""
        hidden = inputs
        for layer, (weight, bias) in enumerate(zip(self._weights[:-1], self._biases[:-1], strict=True)):
            hidden = hidden @ weight
            hidden += bias
            if self._scales:
                hidden -= hidden.mean(-1, keepdims=True)
                hidden /= np.sqrt(np.square(hidden).mean(-1, keepdims=True) + 1e-5)
                hidden = hidden * self._scales[layer] + self._shifts[layer]
            np.maximum(hidden, 0, out=hidden)
        return (hidden @ self._weights[-1] + self._biases[-1])[..., 0].min(0)
