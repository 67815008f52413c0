"""BEAR-Lag: bootstrapping error reduction (Kumar et al. 2019) with a cost critic and a PID multiplier, OSRL's form.

The actor stays near the data's actions in maximum mean discrepancy (MMD) to a VAE's samples; the multiplier follows
the cost critic's values, not episode costs.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from marvel.adam import Adam
from marvel.buffer import Batch, ReplayBuffer
from marvel.cpq import discounted_limit
from marvel.critics import Critics
from marvel.hyperparameters import Hyperparameters
from marvel.networks import Draw, SquashedGaussianActor, copy_of, gaussian, in_pieces, move_towards
from marvel.offline import train_offline
from marvel.run.context import Context
from marvel.vae import ActionVAE


class ValuePID:
    """Multiplier from the excess of the mean cost value over its threshold, moved once per gradient step."""

    def __init__(self, kp: float, ki: float, kd: float, threshold: float):
        self.kp, self.ki, self.kd, self.threshold = kp, ki, kd, threshold
        self.error, self.integral = 0.0, 0.0

    def update(self, cost_values: Tensor) -> float:
        """max(0, kp max(0, e) + ki I + kd max(0, e - last e)), with I the sum of e that never falls below 0."""
        error = cost_values.mean().item() - self.threshold
        rise = max(0.0, error - self.error)
        self.integral, self.error = max(0.0, self.integral + error), error
        return max(0.0, self.kp * max(0.0, error) + self.ki * self.integral + self.kd * rise)


def mmd(x: Tensor, y: Tensor, width: float = 50.0) -> Tensor:
    """Maximum mean discrepancy (batch,) between two sets of samples (batch, samples, dimensions).

    The kernel is OSRL's, exp(-|x - y|^2 / (2 width)) with the width unsquared.
    """

    def mean_kernel(a: Tensor, b: Tensor) -> Tensor:
        difference = a.unsqueeze(2) - b.unsqueeze(1)
        return (-difference.square().sum(-1) / (2 * width)).exp().mean((1, 2))

    return (mean_kernel(x, x) + mean_kernel(y, y) - 2 * mean_kernel(x, y) + 1e-6).sqrt()


class BEAR:
    """Actor, VAE, and critics in two groups, whose value is the minimum over a group's members.

    Args:
        observation_dim: Length of an observation.
        action_dim: Length of an action.
        hidden: Widths of the hidden layers of actor and critics.
        threshold: Cost value that the multiplier steers to.
        generator: Source of the initial weights.
        discount, tau, actor_lr, critic_lr, reward_scale: As named.
        vae_lr, alpha_lr: Step sizes of the VAE (Adam) and of the logarithm of the MMD's coefficient (plain ascent).
        beta: Weight of the KL term in the VAE's loss.
        mixture: Weight of the smaller group in the targets, the rest is the larger's (official: lmbda).
        kernel_width, mmd_threshold: Of the MMD constraint.
        samples: Next actions per state in the targets, of which the best counts.
        matched: Actions per state in the MMD.
        policy_from: Actor steps before the reward's value enters the actor's loss.
        pid: Gains of the multiplier.
        vae_hidden: Width of the VAE.
        latent_dim: Length of its latent; None is twice the action's.
        members: Networks per group of the reward and of the cost critic.
    """

    PARTS = ("actor", "reward_groups", "cost_groups", "vae", "actor_target", "reward_target", "cost_target")
    OPTIMIZERS = ("actor_optimizer", "reward_optimizer", "cost_optimizer", "vae_optimizer")

    def __init__(
        self,
        observation_dim: int,
        action_dim: int,
        hidden: list[int],
        threshold: float,
        generator: torch.Generator,
        discount: float = 0.99,
        tau: float = 0.005,
        actor_lr: float = 1e-3,
        critic_lr: float = 1e-3,
        reward_scale: float = 1.0,
        vae_lr: float = 1e-3,
        alpha_lr: float = 1e-3,
        beta: float = 0.5,
        mixture: float = 0.75,
        kernel_width: float = 50.0,
        mmd_threshold: float = 0.05,
        samples: int = 10,
        matched: int = 10,
        policy_from: int = 0,
        pid: tuple[float, float, float] = (0.1, 0.003, 0.001),
        vae_hidden: int = 400,
        latent_dim: int | None = None,
        members: tuple[int, int] = (2, 1),
    ):
        self.threshold, self.discount, self.tau, self.reward_scale = threshold, discount, tau, reward_scale
        self.alpha_lr, self.beta, self.mixture, self.samples, self.matched = alpha_lr, beta, mixture, samples, matched
        self.kernel_width, self.mmd_threshold = kernel_width, mmd_threshold
        self.policy_from, self.steps, self.log_alpha = policy_from, 0, 0.0
        self.multiplier = ValuePID(*pid, threshold)
        width = observation_dim + action_dim
        self.actor = SquashedGaussianActor(observation_dim, action_dim, hidden, "relu", generator)
        self.actor_target = SquashedGaussianActor(observation_dim, action_dim, hidden, "relu", generator)
        self.actor_target.load_state_dict(self.actor.state_dict())
        self.actor_target.requires_grad_(False)
        self.reward_groups = Critics(2 * members[0], width, hidden, generator)
        self.cost_groups = Critics(2 * members[1], width, hidden, generator)
        self.reward_target, self.cost_target = copy_of(self.reward_groups), copy_of(self.cost_groups)
        self.vae = ActionVAE(observation_dim, action_dim, vae_hidden, latent_dim or 2 * action_dim, generator)
        self.actor_optimizer = Adam(self.actor.parameters(), actor_lr)
        self.reward_optimizer = Adam(self.reward_groups.parameters(), critic_lr)
        self.cost_optimizer = Adam(self.cost_groups.parameters(), critic_lr)
        self.vae_optimizer = Adam(self.vae.parameters(), vae_lr)

    def update(self, batch: Batch, draw: Draw) -> dict[str, Tensor]:
        """One step of VAE, critics, actor and targets; the cost backup does not stop at terminals, as in OSRL.

        Args:
            batch: Offline transitions, rewards unscaled.
            draw: Source of noise, asked for "vae", "next_critic", "next_cost", "decode" and "pi".

        Returns:
            Means of the two targets, "reward_q" and "cost_q", and the "multiplier".
        """
        observations, actions, rewards, costs, next_observations, terminals = batch
        noise = draw("vae", len(actions), self.vae.mean.out_features)
        reconstruction, kl = self.vae.losses(observations, actions, noise)
        self.vae_optimizer.descend(reconstruction + self.beta * kl)

        reward_next, cost_next = self.next_values(next_observations, draw)
        reward_targets = self.reward_scale * rewards + self.discount * (1 - terminals) * reward_next
        cost_targets = costs + self.discount * cost_next
        self.reward_optimizer.step(self.reward_groups.regression_gradients(observations, actions, reward_targets))
        self.cost_optimizer.step(self.cost_groups.regression_gradients(observations, actions, cost_targets))

        loss, discrepancy, multiplier = self.actor_loss(observations, draw)
        self.actor_optimizer.descend(loss)
        self.steps += 1
        slope = math.exp(self.log_alpha) * (discrepancy.mean().item() - self.mmd_threshold)
        self.log_alpha = min(max(self.log_alpha + self.alpha_lr * slope, -5.0), 5.0)
        move_towards(self.reward_target, self.reward_groups, self.tau)
        move_towards(self.cost_target, self.cost_groups, self.tau)
        move_towards(self.actor_target, self.actor, self.tau)
        return {"reward_q": reward_targets.mean(), "cost_q": cost_targets.mean(), "multiplier": multiplier}

    @torch.no_grad()
    def next_values(self, next_observations: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
        """Reward and cost value (batch,) of the next state, each the *largest* over its own sampled actions.

        Mean and spread of the target actor are computed once per state and shared by all samples. For the cost, too,
        the official code takes the maximum over samples and weights the smaller group more.
        """
        batch, samples = len(next_observations), self.samples
        mean, log_std = self.actor_target(next_observations)
        std = log_std.exp().unsqueeze(1)
        states = next_observations.repeat_interleave(samples, 0)
        values = []
        for critics, name in ((self.reward_target, "next_critic"), (self.cost_target, "next_cost")):
            noise = draw(name, batch, samples, mean.shape[1])
            actions = (mean.unsqueeze(1) + std * noise).tanh().flatten(0, 1)
            inputs = torch.cat((states, actions), 1)
            found = torch.stack([in_pieces(layers, inputs)[:, 0] for layers in critics.layers()])
            groups = found.view(2, -1, batch * samples).min(1).values
            value = self.mixture * groups.min(0).values + (1 - self.mixture) * groups.max(0).values
            values.append(value.view(batch, samples).max(1).values)
        return values[0], values[1]

    def actor_loss(self, observations: Tensor, draw: Draw) -> tuple[Tensor, Tensor, float]:
        """mean[-Q + exp(log_alpha) (MMD - threshold)] + multiplier * mean[Qc - threshold]; moves the multiplier.

        Returns:
            The loss, the MMD of every state (batch,), and the multiplier.
        """
        mean, log_std = self.actor(observations)
        batch, action_dim = mean.shape
        sampled = mean.unsqueeze(1) + log_std.exp().unsqueeze(1) * draw("pi", batch, self.matched, action_dim)
        latents = draw("decode", batch, self.matched, self.vae.mean.out_features).clamp(-0.5, 0.5)
        states = observations.repeat_interleave(self.matched, 0)
        decoded = self.vae.decode_in_pieces(states, latents.flatten(0, 1)).view(sampled.shape)
        discrepancy = mmd(decoded, sampled, self.kernel_width)
        actions = sampled[:, 0].tanh()
        cost_values = self.cost_groups.smallest(observations, actions)
        multiplier = self.multiplier.update(cost_values.detach())
        loss = math.exp(self.log_alpha) * (discrepancy - self.mmd_threshold).mean()
        if self.steps >= self.policy_from:
            loss = loss - self.reward_groups.smallest(observations, actions).mean()
        return loss + ((cost_values - self.threshold) * multiplier).mean(), discrepancy, multiplier

    def state_dict(self) -> dict:
        """Everything that learning changes; as a checkpoint it is of kind "bear".

        Its critics have two groups, so no online critic takes them over (Q8): there they start from random weights.
        """
        numbers = {"log_alpha": self.log_alpha, "steps": self.steps}
        controller = {"error": self.multiplier.error, "integral": self.multiplier.integral}
        parts = {name: getattr(self, name).state_dict() for name in self.PARTS + self.OPTIMIZERS}
        return {"kind": "bear"} | parts | numbers | controller

    def load_state_dict(self, state: dict) -> None:
        """Go back to a snapshot."""
        for name in self.PARTS + self.OPTIMIZERS:
            getattr(self, name).load_state_dict(state[name])
        self.log_alpha, self.steps = state["log_alpha"], state["steps"]
        self.multiplier.error, self.multiplier.integral = state["error"], state["integral"]


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    steps: int = 50_000,
    batch_size: int = 512,
    actor_lr: float = 1e-3,
    critic_lr: float = 1e-3,
    kernel_width: float = 50.0,
    reward_scale: float = 1.0,
    cost_limit: float | None = None,
    eval_every: int = 2_500,
) -> Iterator[dict]:
    """Train BEAR-Lag on the run's dataset; returns the checkpoint of the *last* step (as in the official code, Q11).

    Args:
        context: Task, dataset, seed.
        hp: Sizes, discount, tau, evaluation episodes.
        steps: Gradient steps; official 50,000 (Q12).
        batch_size: Transitions per step.
        actor_lr, critic_lr: Adam's rates.
        kernel_width: Of the MMD (official: 50).
        reward_scale: Published: 1 here, 0.1 online (Q13); no reward value is handed over, so the scales may differ.
        cost_limit: Limit to train for; None is the study's.
        eval_every: Steps between rows of progress.
    """
    limit = context.cost_limit if cost_limit is None else cost_limit
    threshold = discounted_limit(limit, hp.discount, context.task.max_episode_steps)
    generator = context.generator("initial weights")
    sizes = (context.task.observation_dim, context.task.action_dim, hp.hidden, threshold, generator)
    rates = (hp.discount, hp.tau, actor_lr, critic_lr, reward_scale)
    agent = BEAR(*sizes, *rates, kernel_width=kernel_width)
    buffer = ReplayBuffer.from_dataset(context.read_dataset(), hp.timeouts_terminal)

    def update(generator: torch.Generator) -> dict:
        return agent.update(buffer.sample(batch_size, generator), gaussian(generator))

    yield from train_offline(context, hp, agent, update, steps, eval_every)
    return agent.state_dict()
