"""Constraints Penalized Q-learning (Xu et al. 2022) as OSRL publishes it and Marvel uses it, without its dead branch.

OSRL computes the penalty on out-of-distribution actions without gradient (the cost critic's gradient with and
without it differs by exactly 0), so its VAE and ten sampled actions never influence actor, critics or targets. They
are left out here; the same batches and noise then lead to the same weights, which tests prove against recorded runs.
"""

from collections.abc import Iterator

import torch

from marvel.adam import Adam
from marvel.buffer import Batch, ReplayBuffer
from marvel.critics import Critics
from marvel.datasets.filters import relabel_outliers
from marvel.hyperparameters import Hyperparameters
from marvel.networks import Draw, SquashedGaussianActor, copy_of, gaussian, move_towards
from marvel.offline import train_offline
from marvel.run.context import Context

HANDS_CRITICS_OVER = True  # online learning can start from its critics


def discounted_limit(cost_limit: float, discount: float, episode_steps: int) -> float:
    """Mean discounted cost-to-go of an episode that spreads `cost_limit` evenly: the threshold for Qc."""
    return cost_limit * (1 - discount**episode_steps) / ((1 - discount) * episode_steps)


class CPQ:
    """Actor and critics; actions whose cost value exceeds the threshold count as worth nothing.

    Args:
        observation_dim: Length of an observation.
        action_dim: Length of an action.
        hidden: Widths of the hidden layers, all networks.
        threshold: Largest cost value of an action that counts as safe.
        discount, tau, actor_lr, critic_lr, reward_scale: As named.
        generator: Source of the initial weights.
        members: Networks in the reward and in the cost critic's ensemble.
    """

    PARTS = ("actor", "reward_critic", "cost_critic", "reward_target", "cost_target")
    OPTIMIZERS = ("actor_optimizer", "reward_optimizer", "cost_optimizer")

    def __init__(
        self,
        observation_dim: int,
        action_dim: int,
        hidden: list[int],
        threshold: float,
        generator: torch.Generator,
        discount: float = 0.99,
        tau: float = 0.005,
        actor_lr: float = 1e-4,
        critic_lr: float = 1e-3,
        reward_scale: float = 0.1,
        members: tuple[int, int] = (2, 1),
    ):
        self.threshold, self.discount, self.tau, self.reward_scale = threshold, discount, tau, reward_scale
        width = observation_dim + action_dim
        self.actor = SquashedGaussianActor(observation_dim, action_dim, hidden, "relu", generator)
        self.reward_critic, self.cost_critic = (
            Critics(members[0], width, hidden, generator),
            Critics(members[1], width, hidden, generator),
        )
        self.reward_target, self.cost_target = copy_of(self.reward_critic), copy_of(self.cost_critic)
        self.actor_optimizer = Adam(self.actor.parameters(), actor_lr)
        self.reward_optimizer = Adam(self.reward_critic.parameters(), critic_lr)
        self.cost_optimizer = Adam(self.cost_critic.parameters(), critic_lr)

    def update(self, batch: Batch, draw: Draw) -> dict[str, torch.Tensor]:
        """One step of critics, actor and targets; the cost backup does not stop at terminals, as in the official code.

        Args:
            batch: Offline transitions, rewards unscaled.
            draw: Source of noise, asked for "next_critic", "next_cost" and "pi".

        Returns:
            Means of the two targets, "reward_q" and "cost_q".
        """
        observations, actions, rewards, costs, next_observations, terminals = batch
        shape = actions.shape
        with torch.no_grad():
            mean, log_std = self.actor(next_observations)
            std = log_std.exp()
            next_actions = (mean + std * draw("next_critic", *shape)).tanh()
            safe = self.cost_target.smallest(next_observations, next_actions) <= self.threshold
            value = safe * self.reward_target.smallest(next_observations, next_actions)
            reward_targets = self.reward_scale * rewards + self.discount * (1 - terminals) * value
            next_actions = (mean + std * draw("next_cost", *shape)).tanh()
            cost_targets = costs + self.discount * self.cost_target.smallest(next_observations, next_actions)
        self.reward_optimizer.step(self.reward_critic.regression_gradients(observations, actions, reward_targets))
        self.cost_optimizer.step(self.cost_critic.regression_gradients(observations, actions, cost_targets))
        self.actor_optimizer.descend(self.actor_loss(observations, draw))
        move_towards(self.reward_target, self.reward_critic, self.tau)
        move_towards(self.cost_target, self.cost_critic, self.tau)
        return {"reward_q": reward_targets.mean(), "cost_q": cost_targets.mean()}

    def actor_loss(self, observations: torch.Tensor, draw: Draw) -> torch.Tensor:
        """-mean[1(Qc(s, a) <= threshold) * min_i Q_i(s, a)]: a state whose action is unsafe has no gradient."""
        mean, log_std = self.actor(observations)
        actions = (mean + log_std.exp() * draw("pi", *mean.shape)).tanh()
        with torch.no_grad():
            safe = self.cost_critic.smallest(observations, actions) <= self.threshold
        return -(safe * self.reward_critic.smallest(observations, actions)).mean()

    def state_dict(self) -> dict:
        """Everything that learning changes; as a checkpoint it is of kind "cpq"."""
        form = {"reward_scale": self.reward_scale, "discount": self.discount}  # what its critics' values mean
        return {"kind": "cpq", "form": form} | {
            name: getattr(self, name).state_dict() for name in self.PARTS + self.OPTIMIZERS
        }

    def load_state_dict(self, state: dict) -> None:
        """Go back to a snapshot."""
        for name in self.PARTS + self.OPTIMIZERS:
            getattr(self, name).load_state_dict(state[name])


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    steps: int = 100_000,
    batch_size: int = 512,
    actor_lr: float = 1e-4,
    critic_lr: float = 1e-3,
    cost_limit: float | None = None,
    outliers: float | None = None,
    eval_every: int = 2_500,
) -> Iterator[dict]:
    """Train CPQ on the run's dataset; returns the checkpoint of the *last* step (as in the official code, Q11).

    Args:
        context: Task, dataset, seed.
        hp: Sizes, discount, tau, reward scale, evaluation episodes.
        steps: Gradient steps; the official script hard-codes 100,000 (Q12).
        batch_size: Transitions per step.
        actor_lr, critic_lr: Adam's rates.
        cost_limit: Limit to train for; None is the study's. The official configuration has 40 offline and 20 online
            (Q13).
        outliers: Share of episodes to relabel as tempting lies (`marvel.datasets.filters`); None is none, 0.0 still
            one, as in
            the official runs (Q14).
        eval_every: Steps between rows of progress.
    """
    limit = context.cost_limit if cost_limit is None else cost_limit
    threshold = discounted_limit(limit, hp.discount, context.task.max_episode_steps)
    generator = context.generator("initial weights")
    sizes = (context.task.observation_dim, context.task.action_dim, hp.hidden, threshold, generator)
    agent = CPQ(*sizes, hp.discount, hp.tau, actor_lr, critic_lr, hp.reward_scale)
    arrays = context.read_dataset()
    if outliers is not None:
        arrays = relabel_outliers(arrays, context.task, outliers, limit, context.generator("outliers"))
    buffer = ReplayBuffer.from_dataset(arrays, hp.timeouts_terminal)

    def update(generator: torch.Generator) -> dict:
        return agent.update(buffer.sample(batch_size, generator), gaussian(generator))

    yield from train_offline(context, hp, agent, update, steps, eval_every)
    return agent.state_dict()
