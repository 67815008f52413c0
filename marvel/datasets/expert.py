"""The expert that makes offline data: a SAC-Lagrangian that sees the multiplier, and how it plays an episode."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from marvel.buffer import ReplayBuffer
from marvel.hyperparameters import Hyperparameters
from marvel.networks import gaussian
from marvel.rollout import Episode, episode_seed, play_episode
from marvel.run.context import Context
from marvel.sac import SACLagrangian
from marvel.tasks import Task

UNCONSTRAINED = 0.15  # share of draws at which the multiplier is 0


class Plan(NamedTuple):
    """How one episode is played: at the multiplier `first`, and at `then` from `switch` on."""

    first: float
    then: float
    budget: float  # switch when the episode has cost this much ...
    step: float  # ... or at this step
    noise: float  # factor of the policy's own action noise


class Expert:
    """A SAC-Lagrangian for every multiplier in a range, which is the observation's last number.

    Args:
        context: Task and seed.
        hp: Sizes and rates.
        multipliers: Least positive multiplier and largest one, in scaled reward per unit of cost.
    """

    def __init__(self, context: Context, hp: Hyperparameters, multipliers: tuple[float, float]):
        task = context.task
        self.hp, (self.low, self.high) = hp, multipliers
        generator = context.generator("initial weights")
        self.agent = SACLagrangian(task.observation_dim + 1, task.action_dim, hp, generator)

    def feature(self, multiplier):
        """The multiplier as the networks see it, about -1 to 1 on a logarithmic scale."""
        floor = self.low / 2
        span = math.log(self.high / floor)
        if isinstance(multiplier, float):
            return 2 * math.log((multiplier + floor) / floor) / span - 1
        return 2 * torch.log((multiplier + floor) / floor) / span - 1

    def draw(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Multipliers (count,): 0 with probability `UNCONSTRAINED`, else log-uniform in the range."""
        uniform = torch.rand(2, count, generator=generator)
        positive = self.low * (self.high / self.low) ** uniform[1]
        return torch.where(uniform[0] < UNCONSTRAINED, torch.zeros(count), positive)

    def update(self, buffer: ReplayBuffer, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """One minibatch, every transition under a multiplier of its own."""
        batch = buffer.sample(self.hp.batch_size, generator)
        multipliers = self.draw(self.hp.batch_size, generator)
        last = self.feature(multipliers)[:, None]
        batch = batch._replace(
            observations=torch.cat((batch.observations, last), 1),
            next_observations=torch.cat((batch.next_observations, last), 1),
        )
        return self.agent.update(batch, multipliers, gaussian(generator))

    def plan(self, task: Task, generator: torch.Generator, learning: bool) -> Plan:
        """Draw an episode's plan: half of them (all, once learned) change the multiplier on the way."""
        fixed, strict, limit, late, noise, free = torch.rand(6, generator=generator).tolist()
        multiplier = float(self.draw(1, generator))
        plan = Plan(multiplier, multiplier, math.inf, math.inf, 1.0)
        if not learning or fixed < 0.5:
            small, large = (0.0 if free < 0.5 else 0.2 * multiplier), self.high * math.exp(-0.7 * strict)
            if late < 0.5:
                # a step costs at most about 1: the strict part ends early enough to spend the limit and a little more
                start = task.max_episode_steps - 1.3 * limit * task.max_cost
                plan = Plan(large, small, math.inf, start, 1.0)
            else:
                plan = Plan(small, large, 1.05 * limit * task.max_cost, math.inf, 1.0)
        return plan if learning else plan._replace(noise=1.5 * noise)

    def play(self, context: Context, policy: Callable, generator: torch.Generator, learning: bool) -> Episode:
        """One episode; its plan, seed and action noise come from `generator` alone."""
        plan = self.plan(context.task, generator, learning)
        longest, action_dim = context.task.max_episode_steps, context.task.action_dim
        noise = plan.noise * torch.randn(longest, action_dim, generator=generator).numpy()
        multipliers = np.float32([self.feature(plan.first)]), np.float32([self.feature(plan.then)])
        env = Metered(context.env)

        def act(observation: np.ndarray, noise: np.ndarray) -> np.ndarray:
            switched = env.cost >= plan.budget or env.steps >= plan.step
            return policy(np.concatenate((observation, multipliers[switched])), noise)

        episode = play_episode(env, act, episode_seed(generator), noise)
        context.log_episode("train", episode)
        return episode


class Metered:
    """An environment that counts the steps and the cost of the episode under way."""

    def __init__(self, env):
        self.env, self.steps, self.cost = env, 0, 0.0

    def reset(self, seed: int):
        """As the environment's."""
        self.steps, self.cost = 0, 0.0
        return self.env.reset(seed=seed)

    def step(self, action: np.ndarray):
        """As the environment's."""
        answer = self.env.step(action)
        self.steps, self.cost = self.steps + 1, self.cost + answer[-1]["cost"]
        return answer
