"""SAC-Lagrangian with the official code's KL term, which is switched off there and which only recordings need."""

import torch
from torch import Tensor

from marvel.networks import Draw, SquashedGaussianActor
from marvel.sac import SACLagrangian


class AnchoredSACLagrangian(SACLagrangian):
    """SAC-Lagrangian whose actor a KL term holds near a frozen one.

    Args:
        *arguments: Those of `SACLagrangian`.
        anchor: The frozen actor.
        kl_coefficient: Weight of the divergence in the actor's loss.
    """

    def __init__(self, *arguments, anchor: SquashedGaussianActor, kl_coefficient: float):
        super().__init__(*arguments)
        self.anchor, self.kl_coefficient = anchor, kl_coefficient

    def actor_loss(self, observations: Tensor, multiplier: float, draw: Draw) -> Tensor:
        """The loss of `SACLagrangian` and the weighted divergence."""
        loss = super().actor_loss(observations, multiplier, draw)
        return loss + self.kl_coefficient * self.distance_to_anchor(observations)

    def distance_to_anchor(self, observations: Tensor) -> Tensor:
        """Half the mean over states and dimensions of KL(pi || anchor) before the tanh; the half is official."""
        mean, log_std = self.actor(observations)
        with torch.no_grad():
            anchor_mean, anchor_log_std = self.anchor(observations)
        variance = (2 * log_std).exp() + (mean - anchor_mean).square()
        divergence = anchor_log_std - log_std + variance / (2 * (2 * anchor_log_std).exp()) - 0.5
        return 0.5 * divergence.mean()
