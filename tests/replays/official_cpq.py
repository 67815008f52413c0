"""CPQ's step as OSRL publishes it, dead branch included: to measure what `marvel.cpq` leaves out, and for its replay.

The branch trains a VAE, samples actions that the data may not contain, and lets the cost critic's loss carry a penalty
on them; but the penalty has no gradient, and its coefficient and the target actor are read by nothing else.
"""

import math

import torch
from torch import Tensor

from marvel.adam import Adam
from marvel.buffer import Batch
from marvel.cpq import CPQ
from marvel.networks import Draw, SquashedGaussianActor, move_towards
from marvel.vae import ActionVAE, divergence


class OfficialCPQ(CPQ):
    """CPQ with VAE, out-of-distribution penalty, its coefficient and the target actor.

    Args:
        *arguments: Those of `CPQ`, also by name (the first five are observation_dim, action_dim, hidden, threshold,
            generator).
        vae_lr, alpha_lr: Step sizes of the VAE (Adam) and of the coefficient's logarithm (plain ascent).
        beta: Weight of the KL term in the VAE's loss.
        scale: The penalty's threshold as a multiple of `threshold` (official: qc_scalar).
        samples: Actions sampled per state.
        vae_hidden: Width of the VAE.
        latent_dim: Length of its latent; None is twice the action's.
        **named: More arguments of `CPQ`.
    """

    PARTS = (*CPQ.PARTS, "vae", "actor_target")
    OPTIMIZERS = (*CPQ.OPTIMIZERS, "vae_optimizer")

    def __init__(
        self,
        *arguments,
        vae_lr: float = 1e-3,
        alpha_lr: float = 1e-4,
        beta: float = 0.5,
        scale: float = 1.5,
        samples: int = 10,
        vae_hidden: int = 400,
        latent_dim: int | None = None,
        **named,
    ):
        super().__init__(*arguments, **named)
        observation_dim, action_dim, hidden, threshold, generator = arguments[:5]
        self.alpha_lr, self.beta, self.samples, self.log_alpha = alpha_lr, beta, samples, 0.0
        self.penalty_threshold = scale * threshold
        self.vae = ActionVAE(observation_dim, action_dim, vae_hidden, latent_dim or 2 * action_dim, generator)
        self.vae_optimizer = Adam(self.vae.parameters(), vae_lr)
        self.actor_target = SquashedGaussianActor(observation_dim, action_dim, hidden, "relu", generator)
        self.actor_target.load_state_dict(self.actor.state_dict())
        self.actor_target.requires_grad_(False)

    def update(self, batch: Batch, draw: Draw) -> dict[str, Tensor]:
        """One official step; the branch sees the same networks before `CPQ.update` as in its official place.

        Args:
            batch: Offline transitions, rewards unscaled.
            draw: Source of noise, asked for "vae" and "ood" besides what `CPQ.update` asks for.

        Returns:
            The metrics of `CPQ.update` and "penalty", the constant in the cost critic's published loss.
        """
        noise = draw("vae", len(batch.actions), self.vae.mean.out_features)
        reconstruction, kl = self.vae.losses(batch.observations, batch.actions, noise)
        self.vae_optimizer.descend(reconstruction + self.beta * kl)
        excess = self.ood_cost(batch.observations, draw) - self.penalty_threshold
        penalty = math.exp(self.log_alpha) * excess
        self.log_alpha = min(max(self.log_alpha - self.alpha_lr * penalty.item(), -5.0), 5.0)
        metrics = super().update(batch, draw) | {"penalty": penalty}
        move_towards(self.actor_target, self.actor, self.tau)
        return metrics

    @torch.no_grad()
    def ood_cost(self, observations: Tensor, draw: Draw) -> Tensor:
        """Mean cost value of sampled actions, those counting as 0 that are not among the quarter least like the data.

        The samples are Gaussian, not squashed by the tanh that the critics know (as in the official code).
        """
        mean, log_std = self.actor(observations)
        samples = mean + log_std.exp() * draw("ood", self.samples, *mean.shape)
        states = observations.expand(self.samples, *observations.shape)
        values = self.cost_target.smallest(states.flatten(0, 1), samples.flatten(0, 1)).view(samples.shape[:2])
        unlikely = self.unlikeliness(states, samples)
        return ((unlikely >= unlikely.flatten().quantile(0.75)) * values).mean()

    def unlikeliness(self, observations: Tensor, actions: Tensor) -> Tensor:
        """The VAE's mean KL over latents (...,) of actions (..., action_dim): large far from the data."""
        return divergence(*self.vae.encode(observations, actions)).mean(-1)

    def state_dict(self) -> dict:
        """`CPQ.state_dict` with the branch's parts."""
        return super().state_dict() | {"log_alpha": self.log_alpha}

    def load_state_dict(self, state: dict) -> None:
        """Go back to a snapshot."""
        super().load_state_dict(state)
        self.log_alpha = state["log_alpha"]
