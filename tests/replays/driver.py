"""G6: decisions of the baselines, the episode costs that move the multiplier, and the trace of Marvel's driver.

The recorded loops ran on a scripted environment that knows the sum of each episode. Here `train` of this suite's own
methods runs on one that plays the same sums, with networks of one unit, since no weight was recorded.
"""

import dataclasses
import importlib
from unittest import mock

import gymnasium
import numpy as np

from baselines.jsrl import guide_acts
from baselines.pex import chance_of_first
from marvel.finetune import new_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import AdaptivePID, DualAscent, Fixed
from marvel.run.context import Context
from marvel.tasks import get_task
from tests.replays.recording import Recording
from tests.replays.sac import pid_settings

PUBLISHED_FACTOR = 5  # the baselines' loops play 5 * rollout_num episodes, a literal in their code


class Script(gymnasium.Env):
    """Episodes whose rewards and costs add up to the recorded sums, exactly although each step is float32."""

    def __init__(self, sums: np.ndarray, steps: int, observation_dim: int):
        self.sums, self.steps, self.observation = sums, steps, np.zeros(observation_dim, np.float32)
        self.episodes = 0

    def reset(self, *, seed=None, options=None):
        rewards, costs = (split(value, self.steps) for value in self.sums[self.episodes])
        self.left = list(zip(rewards, costs, strict=True))
        self.episodes += 1
        return self.observation, {}

    def step(self, action):
        reward, cost = self.left.pop(0)
        return self.observation, reward, False, not self.left, {"cost": cost}


def split(value: float, steps: int) -> list[float]:
    """`steps` float32 numbers whose sum in double precision is `value`: each takes what is left of it."""
    parts = []
    for _ in range(steps):
        parts.append(float(np.float32(value)))
        value -= parts[-1]
    return parts


class Notes(Fixed):
    """A controller that notes the episode costs it is given, and when, and passes them on."""

    def __init__(self, counts, followers: tuple[Fixed, ...] = ()):
        self.value, self.counts, self.followers, self.notes, self.states = 0.0, counts, followers, [], []

    def update(self, episode_cost: float) -> float:
        """Note the cost, the counts and the followers' states after the update."""
        for follower in self.followers:
            follower.update(episode_cost)
        self.notes.append((episode_cost, *self.counts()))
        self.states.append([dict(vars(follower)) for follower in self.followers])
        return self.value


def run(module: str, sums: np.ndarray, steps: int, followers: tuple[Fixed, ...] = (), options=None, **hp) -> Notes:
    """`train` of a method over the recorded episodes; returns the notes of its multiplier."""
    task = dataclasses.replace(get_task("Toy"), max_episode_steps=steps)
    context = Context(task, cost_limit=1.0, seed=0, method=module)
    context.env = script = Script(sums, steps, task.observation_dim)
    settings = Hyperparameters(hidden_units=1, batch_size=1, eval_every=len(sums) + 1, round_unit="episodes", **hp)
    buffer = context.replay_buffer(settings)
    notes = Notes(lambda: (script.episodes, buffer.size), followers)
    start = mock.patch.multiple(module, load_agent=new_agent, make_controller=lambda *_: notes)
    quiet = mock.patch.multiple("marvel.finetune", evaluate=lambda *_: {})
    context.replay_buffer = lambda _: buffer
    context.report = lambda *_, **__: None
    with start, quiet:
        for row in importlib.import_module(module).train(context, settings, **(options or {})):
            context.rows.append(row)
    return notes


def replay_baselines(recording: Recording) -> None:
    """All of G6."""
    values, golden = recording.input("pex.q_pair"), recording.arrays["pex.probability"]
    usable = np.isfinite(golden).all(1)
    first = np.array([chance_of_first(*pair) for pair in values.tolist()])
    recording.check("pex.probability", np.stack((first, 1 - first), 1), where=np.stack((usable, usable), 1))
    hp = recording.hp["jsrl"]
    guided = [
        [
            guide_acts(step, hp["max_envsteps"], updates / hp["max_timesteps"])
            for step in recording.input("jsrl.timestep")
        ]
        for updates in recording.input("jsrl.total_it")
    ]
    recording.check("jsrl.guide", guided)
    replay_accounting(recording)
    replay_driver(recording)


def replay_accounting(recording: Recording) -> None:
    """Episodes played, transitions stored and the cost handed over before each training call."""
    hp = recording.hp["averaging"]
    n, steps = hp["rollout_num"], hp["episode_steps"]
    # one minibatch stands for a training call, as all of a call see the same cost
    rhythm = {
        "pex": (PUBLISHED_FACTOR * n + 1, 1, {"official_accounting": True}),
        "jsrl": (PUBLISHED_FACTOR * n + 1, n, {"official_accounting": True}),
        "so2": (PUBLISHED_FACTOR * n, n, {}),
    }
    for method, (episodes, calls, options) in rhythm.items():
        sums = recording.input(f"averaging.{method}.episode_reward_cost")
        hp = {"online_episodes": len(sums), "episodes_per_round": episodes, "updates_per_round": calls}
        notes = run(f"baselines.{method}", sums, steps, options=options, **hp).notes
        recording.check(f"averaging.{method}.train_episode_cost", [cost for cost, *_ in notes])
        recording.check(f"averaging.{method}.episodes_and_transitions_before_call", [counts for _, *counts in notes])


def replay_driver(recording: Recording) -> None:
    """Marvel's own loop: n episodes, then n calls of several minibatches, each moving PID and dual variable."""
    hp, sums = recording.hp["driver"], recording.input("driver.episode_reward_cost")
    n, per_call = hp["rollout_num"], hp["minibatches_per_training_call"]
    played = recording.arrays["driver.episodes_so_far"]
    steps = int(recording.arrays["driver.transitions_so_far"][0] / played[0])
    limit = hp["cost_limit"]
    followers = (
        AdaptivePID(limit, **pid_settings(hp["pid"])),
        DualAscent(limit, lr=hp["lambda_lr"]),
    )
    budget = {"online_episodes": n * hp["iterations"], "episodes_per_round": n, "updates_per_round": n * per_call}
    notes = run("marvel.method", sums, steps, followers, **budget)
    costs, episodes, transitions = zip(*notes.notes[per_call - 1 :: per_call], strict=True)
    recording.check("driver.episode_cost_given", costs)
    recording.check("driver.episodes_so_far", episodes)
    recording.check("driver.transitions_so_far", transitions)
    states = notes.states[per_call - 1 :: per_call]
    for name, attribute in (
        ("multiplier", "value"),
        ("integral", "integral"),
        ("kp", "kp"),
        ("ki", "ki"),
        ("kd", "kd"),
    ):
        recording.check(f"driver.{name}_after", [pid[attribute] for pid, _ in states], relative=True)
    recording.check("driver.dual_lambda_after", [dual["value"] for _, dual in states])
