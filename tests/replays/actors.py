"""G7 and G8: both official actors against marvel.networks, DSRL's scores against marvel.tasks."""

import numpy as np
import torch

from marvel.networks import LOG_STD_RANGE, Policy, SquashedGaussianActor
from marvel.tasks import get_task, normalize_cost, normalize_return
from tests.replays.recording import Recording

# Recorded code base -> last activation of the trunk, form of the second output, its recorded name.
ACTORS = {"marvel": ("tanh", "official", "E"), "osrl": ("relu", "true", "logp")}


def replay_actors(recording: Recording) -> None:
    """Every output for every set of weights, from the torch actor and, for actions, from its NumPy twin as well.

    Raises:
        ValueError: The recorded actors clip the log standard deviation elsewhere.
    """
    hp = recording.hp
    if tuple(hp["log_std_clamp"]) != LOG_STD_RANGE:
        raise ValueError(f"log_std_clamp is {hp['log_std_clamp']} and this suite's {LOG_STD_RANGE}")
    for case in sorted({name.split(".")[0] for name in recording.arrays}):
        for code, (activation, form, second) in ACTORS.items():
            sizes = (hp["obs_dim"], hp["act_dim"], hp["hidden_sizes"], activation, torch.Generator())
            actor = SquashedGaussianActor(*sizes).requires_grad_(False)
            actor.load_state_dict({name: recording.tensor(f"{case}.weights.{name}") for name in actor.state_dict()})
            observations, noise = recording.tensor(f"{case}.obs"), recording.tensor(f"{case}.noise")
            compare_actor(recording, f"{case}.{code}", actor, observations, noise, form, second)


def compare_actor(recording: Recording, name: str, actor, observations, noise, form: str, second: str) -> None:
    """One actor's recorded outputs."""
    mean, log_std = actor(observations)
    recording.check(f"{name}.mu", mean)
    recording.check(f"{name}.log_std", log_std)
    recording.check(f"{name}.sampled.pretanh", mean + log_std.exp() * noise)
    recording.check(f"{name}.no_std_head.action", mean.tanh())
    policy = Policy(actor)
    for kind, draws in (("sampled", noise), ("deterministic", torch.zeros_like(noise))):
        actions, value = actor.sample(observations, draws, form)
        played = [
            policy(observation, draw if kind == "sampled" else None)
            for observation, draw in zip(observations.numpy(), draws.numpy(), strict=True)
        ]
        # of the two, the one farther from the recording counts
        golden = recording.arrays[f"{name}.{kind}.action"]
        farther = np.abs(np.array(played) - golden) > np.abs(actions.numpy() - golden)
        recording.check(f"{name}.{kind}.action", np.where(farther, played, actions.numpy()))
        recording.check(f"{name}.{kind}.{second}", value)


def replay_scores(recording: Recording) -> None:
    """Normalised return and cost of all tasks, for several pairs and limits, and the constants behind them.

    Raises:
        ValueError: A task is unknown here, or is another environment.
    """
    pairs, limits = recording.input("pairs"), recording.input("target_costs")
    returns, costs, facts = [], [], []
    for name, env_id in zip(recording.manifest["task_keys"], recording.manifest["env_ids"], strict=True):
        task = get_task(name)
        if task.env_id != env_id:
            raise ValueError(f"the task {name} is {task.env_id} here and {env_id} in the recording")
        returns.append([[normalize_return(task, pair[0])] * len(limits) for pair in pairs])
        costs.append([[normalize_cost(task, pair[1], limit) for limit in limits] for pair in pairs])
        facts.append((task.max_return, task.min_return, task.max_episode_steps))
    recording.check("normalized_reward", returns)
    recording.check("normalized_cost", costs)
    names = ("max_episode_reward", "min_episode_reward", "max_episode_steps")
    for name, values in zip(names, np.transpose(facts), strict=True):
        recording.check(name, values)
