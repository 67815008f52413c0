"""The update of SAC-Lagrangian and of value pre-alignment, plainly written as in the published code.

One module per network and member, torch's default Adam for each group, a dataset and a loader per call, penalties of
weight 0 on the weights, Polyak steps parameter by parameter. Sizes, rates and the number of minibatches are this
suite's (the published cost critic has a hidden layer more), so that both do the same work.
"""

import copy
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.distributions import Normal
from torch.utils.data import DataLoader, TensorDataset

from marvel.hyperparameters import Hyperparameters


def network(*sizes: int) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    layers = []
    for width_in, width_out in pairwise(sizes):
        layers += [nn.Linear(width_in, width_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Actor(nn.Module):
    """A tanh-squashed Gaussian policy."""

    def __init__(self, observation_dim: int, action_dim: int, hidden: list[int]):
        super().__init__()
        self.net = nn.Sequential(network(observation_dim, *hidden), nn.ReLU())
        self.mu_layer, self.log_std_layer = nn.Linear(hidden[-1], action_dim), nn.Linear(hidden[-1], action_dim)

    def forward(self, observations):
        hidden = self.net(observations)
        std = self.log_std_layer(hidden).clamp(-20, 2).exp()
        distribution = Normal(self.mu_layer(hidden), std)
        u = distribution.rsample()
        actions = u.tanh()
        log_prob = distribution.log_prob(u).sum(-1) - (1 - actions.pow(2) + 1e-6).log().sum(-1)
        return actions, log_prob


class Ensemble(nn.Module):
    """Separate critics."""

    def __init__(self, width: int, hidden: list[int], members: int):
        super().__init__()
        self.q_nets = nn.ModuleList(network(width, *hidden, 1) for _ in range(members))

    def forward(self, observations, actions):
        inputs = torch.cat((observations, actions), -1)
        return [q(inputs).squeeze(-1) for q in self.q_nets]

    def predict(self, observations, actions):
        """The least member's values, and all members'."""
        values = self(observations, actions)
        return torch.vstack(values).min(0).values, values


class OfficialSACLag:
    """A call is `minibatches` of 64 of as many transitions, drawn from NumPy arrays in double precision."""

    def __init__(self, arrays: dict[str, np.ndarray], hp: Hyperparameters, minibatches: int = 4):
        keys = ("observations", "actions", "rewards", "costs", "next_observations", "terminals")
        self.arrays, self.hp, self.size = [arrays[key].astype(np.float64) for key in keys], hp, 64 * minibatches
        observation_dim, action_dim = arrays["observations"].shape[1], arrays["actions"].shape[1]
        self.actor = Actor(observation_dim, action_dim, hp.hidden)
        self.critic = Ensemble(observation_dim + action_dim, hp.hidden, 2)
        self.cost_critic = Ensemble(observation_dim + action_dim, hp.cost_hidden, 1)
        self.critic_target, self.cost_critic_target = copy.deepcopy(self.critic), copy.deepcopy(self.cost_critic)
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), lr=hp.actor_lr)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=hp.critic_lr)
        self.cost_critic_optimizer = torch.optim.Adam(self.cost_critic.parameters(), lr=hp.cost_critic_lr)

    def loader(self) -> DataLoader:
        """The minibatches of a call."""
        index = np.random.randint(0, len(self.arrays[0]), self.size)  # noqa: NPY002 (as published)
        return DataLoader(TensorDataset(*(torch.FloatTensor(a[index]) for a in self.arrays)), 64, shuffle=True)

    def fit(self, critic, optimizer, observations, actions, targets, penalty: float | None) -> float:
        """One step of a critic; returns its mean target."""
        _, values = critic.predict(observations, actions)
        loss = sum((value - targets).pow(2).mean() for value in values)
        if penalty is not None:
            loss = loss + penalty * sum(parameter.pow(2).sum() for parameter in critic.parameters())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return targets.mean().item()

    def fit_critics(self, batch, temperature: float, penalty: float | None) -> list[float]:
        """One step of both critics."""
        observations, actions, rewards, costs, following, terminals = batch
        with torch.no_grad():
            next_actions, log_prob = self.actor(following)
            value, _ = self.critic_target.predict(following, next_actions)
            cost, _ = self.cost_critic_target.predict(following, next_actions)
            discount = self.hp.discount * (1 - terminals)
            targets = self.hp.reward_scale * rewards + discount * (value - temperature * log_prob.mean())
            cost_targets = costs + discount * cost
        return [
            self.fit(self.critic, self.critic_optimizer, observations, actions, targets, penalty),
            self.fit(self.cost_critic, self.cost_critic_optimizer, observations, actions, cost_targets, penalty),
        ]

    def follow(self) -> None:
        """Polyak steps of both targets."""
        for source, target in ((self.critic, self.critic_target), (self.cost_critic, self.cost_critic_target)):
            for live, old in zip(source.parameters(), target.parameters(), strict=True):
                old.data.copy_(self.hp.tau * live.data + (1 - self.hp.tau) * old.data)

    def train(self, multiplier: float) -> np.ndarray:
        """One call of the online update."""
        means = []
        for batch in self.loader():
            means.append(self.fit_critics(batch, self.hp.temperature, penalty=0.0))
            actions, log_prob = self.actor(batch[0])
            value, _ = self.critic_target.predict(batch[0], actions)
            cost, _ = self.cost_critic_target.predict(batch[0], actions)
            loss = (-value + multiplier * cost + self.hp.temperature * log_prob.mean()).mean()
            loss = loss + 0.0 * sum(parameter.pow(2).sum() for parameter in self.actor.parameters())
            self.actor_optimizer.zero_grad()
            loss.backward()
            self.actor_optimizer.step()
            self.follow()
        return np.mean(means, 0)

    def prealign(self) -> np.ndarray:
        """One call of value pre-alignment."""
        means = []
        for batch in self.loader():
            means.append(self.fit_critics(batch, 0.0, penalty=None))
            self.follow()
        return np.mean(means, 0)
