"""Value Pre-Alignment (VPA): re-fit both critics to the frozen offline policy before the first online step.

Offline objectives leave Q wrong for online learning (CPQ counts unsafe actions as worth nothing), so both critics
are fitted on the offline data to the Bellman targets of the online learner, with the offline policy choosing the
next action.
"""

from collections.abc import Iterator

import torch

from marvel.buffer import ReplayBuffer
from marvel.finetune import load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.networks import gaussian
from marvel.offline import train_offline
from marvel.run.context import Context
from marvel.sac import SACLagrangian


def prealign_step(
    agent: SACLagrangian, batch, draw, reward_bonus: float, cost_bonus: float, tau: float | None = None
) -> dict[str, torch.Tensor]:
    """One minibatch of VPA: critics and targets move, the actor does not.

    Args:
        agent: Holds the frozen policy and the critics.
        batch: Offline transitions.
        draw: Source of noise, asked for "next_action".
        reward_bonus, cost_bonus: Coefficients of the entropy bonus in the two targets.
        tau: Polyak step; None is the online one.
    """
    with torch.no_grad():
        noise = draw("next_action", *batch.actions.shape)
        next_actions, log_prob = agent.actor.sample(batch.next_observations, noise, agent.hp.log_prob)
        # the official h stands for an entropy here (the unused routine's own sign), a true log-probability is negated
        entropy = log_prob if agent.hp.log_prob == "official" else -log_prob
        if agent.hp.entropy_in_target == "batch_mean":
            entropy = entropy.mean()
    metrics = agent.fit_critics(batch, next_actions, reward_bonus * entropy, cost_bonus * entropy)
    agent.update_targets(tau)
    return metrics


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    calls: int = 5_000,
    minibatches: int = 4,
    reward_bonus: float | None = None,
    cost_bonus: float | None = None,
    tau: float | None = None,
    fresh_critics: bool = False,
    eval_every: int = 5_000,
) -> Iterator[dict]:
    """Pre-align an offline checkpoint; returns one from which online learning goes on, Adam's moments included.

    Args:
        context: `start` is an offline checkpoint, `dataset` the data it was trained on.
        hp: The online learner's rates and form.
        calls: Calls of `minibatches` gradient steps (official: 5,000 of 4 x 64).
        minibatches: Gradient steps a call.
        reward_bonus: Entropy coefficient in the reward target; None is the task's temperature. The paper has such
            bonuses ("asymmetric optimism") without public values; the official code calls the routine without any.
        cost_bonus: The same in the cost target; None is a tenth of `reward_bonus`. Both are our choice.
        tau: Polyak step during pre-alignment; None is the online one (0.005).
        fresh_critics: Fit critics from random weights instead of re-fitting the offline ones.
        eval_every: Gradient steps between rows; the policy is frozen, so the rows show the values moving.
    """
    reward_bonus = hp.temperature if reward_bonus is None else reward_bonus
    cost_bonus = 0.1 * reward_bonus if cost_bonus is None else cost_bonus
    agent = load_agent(context, hp, fresh_critics)
    buffer = ReplayBuffer.from_dataset(context.read_dataset(), hp.timeouts_terminal)

    def update(generator: torch.Generator) -> dict:
        batch = buffer.sample(hp.batch_size, generator)
        return prealign_step(agent, batch, gaussian(generator), reward_bonus, cost_bonus, tau)

    yield from train_offline(context, hp, agent, update, calls * minibatches, eval_every)
    return agent.state_dict()
