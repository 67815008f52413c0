"""Episodes to compare: lasting pushes, traces, equality bit for bit."""

import hashlib
import importlib.util

import numpy as np

from marvel.simulators import make_env
from marvel.tasks import TASKS

BULLET = [name for name, task in TASKS.items() if task.suite == "bullet"]
VELOCITY = [name for name, task in TASKS.items() if task.suite == "velocity"]
INSTALLED = [name for name, task in TASKS.items() if task.suite != "metadrive" or importlib.util.find_spec("metadrive")]


def actions_for(name, number, steps=30):
    """The number-th sequence of actions (steps, action_dim) of a task: pushes that last, with noise on top."""
    rng = np.random.default_rng([number, len(name)])
    pushes = rng.uniform(-1, 1, (steps // 10 + 1, TASKS[name].action_dim)).repeat(10, axis=0)[:steps]
    return (pushes + 0.3 * rng.standard_normal(pushes.shape)).clip(-1, 1).astype(np.float32)


def play(env, seed, actions):
    """Play an episode and return its trace: observations (T+1, observation_dim), and (T, 4) of reward, cost, flags."""
    return go_on(env, env.reset(seed=seed)[0], actions)


def go_on(env, observation, actions):
    """The trace of an episode that has just been reset."""
    observations, rows = [observation], []
    for action in actions:
        observation, reward, terminated, truncated, info = env.step(action)
        observations.append(observation)
        rows.append((reward, info["cost"], terminated, truncated))
        if terminated or truncated:
            break
    return np.array(observations), np.array(rows, dtype=np.float64)


def same(trace, other):
    """Whether two traces are equal bit for bit."""
    return all(a.dtype == b.dtype and a.shape == b.shape and (a == b).all() for a, b in zip(trace, other, strict=True))


def digests():
    """A hash of one episode in each task, one a line."""
    lines = []
    for name in INSTALLED:
        env = make_env(name)
        observations, rows = play(env, 11, actions_for(name, 5, 20))
        env.close()
        lines.append(f"{name} {hashlib.sha256(observations.tobytes() + rows.tobytes()).hexdigest()}")
    return "\n".join(lines)
