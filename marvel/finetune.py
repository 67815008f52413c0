"""The online loop that the methods share: play episodes, move the multiplier, update, report a row."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from marvel.buffer import Batch, ReplayBuffer
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import Fixed
from marvel.networks import gaussian
from marvel.rollout import Episode, evaluate, play_episodes
from marvel.run.context import Context
from marvel.run.progress import COLUMNS
from marvel.sac import SACLagrangian


def finetune(
    context: Context,
    hp: Hyperparameters,
    agent: SACLagrangian,
    multiplier: Fixed,
    *,
    policy: Callable[[int, int], Callable] | None = None,
    update: Callable | None = None,
    sample: Callable[[ReplayBuffer, torch.Generator], Batch] | None = None,
    told: Callable[[list[float]], float] | None = None,
    stored: int | None = None,
    update_ratio: float | None = None,
    warmup: int = 0,
) -> Iterator[dict]:
    """Run the online budget; yields one row per round, the first one being the start policy.

    Args:
        context: Task, limit, seed.
        hp: Budget and rhythm.
        agent: Learner.
        multiplier: Controller of the cost's price, moved before each minibatch with one cost per round (the published
            rhythm, Q19); with an `update_ratio` just as often, spread over the round's minibatches.
        policy: `policy(round, episode)` makes the acting function of one episode, which is asked once per step as
            `act(observation, noise)`; by default the learner's own policy.
        update: One minibatch, `update(batch, multiplier, draw)`; by default `agent.update`.
        sample: Draws a minibatch, `sample(buffer, generator)`; by default hp.batch_size transitions of the buffer.
        told: What the multiplier is told of the round's episode costs; by default their mean.
        stored: Only so many of a round's episodes, the first ones, enter the buffer; by default all.
        update_ratio: Minibatches per environment step, over the whole run; by default hp.updates_per_round a round.
        warmup: Rounds at the start that only fill the buffer; their steps count, they are owed no minibatches.
    """
    buffer = context.replay_buffer(hp)
    moves = hp.updates_per_round if hp.multiplier_moves == "minibatch" else 1  # a round, of the multiplier
    total = hp.online_episodes * context.task.max_episode_steps
    for index in context.rounds(hp.rounds, state=(agent, multiplier, buffer)):
        if index == 0:
            row = first_row()
        else:
            acting = (
                agent.policy() if policy is None else policy(index, number) for number in range(hp.episodes_per_round)
            )
            episodes = play_episodes(context, acting, context.generator("episodes", index))
            row = next_row(context, index, episodes)
            for episode in episodes[:stored]:
                buffer.add_episode(*episode)
            cost = row["train_cost"] if told is None else told(episode_costs(episodes))
            generator = context.generator("minibatches", index)
            draw = gaussian(generator)
            if index <= warmup:
                due = 0
            elif update_ratio is None:
                due = hp.updates_per_round
            else:  # what rounding cuts off in one round is made up in the next
                due = int(update_ratio * (row["env_steps"] - context.rows[warmup]["env_steps"])) - row["updates"]
            for number in range(due):
                if number * moves // due > (number - 1) * moves // due:
                    multiplier.update(cost)
                batch = sample(buffer, generator) if sample else buffer.sample(hp.batch_size, generator)
                metrics = (update or agent.update)(batch, multiplier.value, draw)
            row["updates"] += due
            row["multiplier"] = multiplier.value
            if due:
                row |= {name: float(value) for name, value in metrics.items()}
        if index % hp.eval_every == 0 or index == hp.rounds:
            row |= evaluate(context, hp, agent.policy(), index)
        context.report(row["env_steps"], total, "env_steps", **row)
        yield row


def first_row() -> dict:
    """Row 0: nothing played yet."""
    counts = ("round", "episodes", "env_steps", "updates", "train_violations", "cumulative_cost")
    return dict.fromkeys(COLUMNS) | dict.fromkeys(counts, 0)


def next_row(context: Context, index: int, episodes: list[Episode]) -> dict:
    """The row of round `index`, counting on from the last one; updates and metrics are still to be filled in."""
    last = context.rows[-1]
    returns = [float(episode.rewards.sum(dtype=np.float64)) for episode in episodes]
    costs = episode_costs(episodes)
    return dict.fromkeys(COLUMNS) | {
        "round": index,
        "episodes": last["episodes"] + len(episodes),
        "env_steps": last["env_steps"] + sum(len(episode.actions) for episode in episodes),
        "updates": last["updates"],
        "train_return": float(np.mean(returns)),
        "train_cost": float(np.mean(costs)),
        "train_violations": last["train_violations"] + sum(cost > context.cost_limit for cost in costs),
        "cumulative_cost": last["cumulative_cost"] + sum(costs),
    }


def episode_costs(episodes: list[Episode]) -> list[float]:
    """Undiscounted cost of each episode."""
    return [float(episode.costs.sum(dtype=np.float64)) for episode in episodes]


def load_agent(context: Context, hp: Hyperparameters, fresh_critics: bool = False) -> SACLagrangian:
    """The learner that goes on from the run's checkpoint (see `SACLagrangian.load`), or from its actor alone."""
    sizes = (context.task.observation_dim, context.task.action_dim)
    checkpoint = context.read_start()
    if fresh_critics:
        checkpoint = {name: part for name, part in checkpoint.items() if "critic" not in name}
    return SACLagrangian.load(checkpoint, hp, *sizes, context.generator("initial weights"))


def new_agent(context: Context, hp: Hyperparameters) -> SACLagrangian:
    """A learner with random weights."""
    sizes = (context.task.observation_dim, context.task.action_dim)
    return SACLagrangian(*sizes, hp, context.generator("initial weights"))
