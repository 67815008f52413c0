"""Budgets are equal in environment steps, wherever episodes end; every episode is kept; results keep to a budget."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL, make_spec

from marvel.datasets import collect
from marvel.finetune import finetune, new_agent
from marvel.hyperparameters import OFFICIAL, Hyperparameters, resolve
from marvel.multipliers import Fixed
from marvel.run.__main__ import main
from marvel.run.context import Context
from marvel.run.execute import execute
from marvel.simulators.toy import Toy
from marvel.tasks import get_task

TASK = get_task("Toy")
T, N, E = TASK.max_episode_steps, SMALL["online_episodes"], 5


@pytest.fixture
def ends_early(monkeypatch):
    """The toy ends an episode at the first step whose position has a second decimal of 0 to 3: after a few steps."""
    step = Toy.step

    def ended(self, action):
        observation, reward, cost, _ = step(self, action)
        return observation, reward, cost, int(abs(observation[0]) * 100) % 10 < 2

    monkeypatch.setattr(Toy, "step", ended)


def rows_of(seed=0, accounting=None, **hyperparameters):
    """A toy run's context with its rows."""
    context = Context(TASK, 5.0, seed)
    hp = resolve(SMALL | hyperparameters)
    for row in finetune(context, hp, new_agent(context, hp), Fixed(5.0, 0.1), accounting=accounting):
        context.rows.append(row)
    return context


def test_a_run_plays_its_steps_where_episodes_end_early(ends_early):
    context = rows_of()
    steps = [row["env_steps"] for row in context.rows]
    assert len(steps) == N // E + 1
    for index, played in enumerate(steps):
        assert index * E * T <= played < index * E * T + T
    assert context.rows[-1]["episodes"] > 2 * N  # many short ones
    assert context.rows[-1]["updates"] == N // E * SMALL["updates_per_round"]  # by round


def test_the_official_unit_is_the_episode(ends_early):
    context = rows_of(round_unit="episodes")
    assert [row["episodes"] for row in context.rows] == list(range(0, N + 1, E))
    assert context.rows[-1]["env_steps"] < N * T / 2
    assert OFFICIAL["round_unit"] == "episodes" and Hyperparameters().round_unit == "steps"


def test_without_early_ends_both_units_are_the_same():
    assert rows_of().rows == rows_of(round_unit="episodes").rows


def test_an_episode_of_the_last_step_fits_the_buffer(monkeypatch):
    """The most that a run can play: an early end one step before the budget is reached, then a whole episode."""
    step = Toy.step
    played = []

    def ended(self, action):
        played.append(1)
        return *step(self, action)[:3], len(played) == 2 * T + 1  # after the first evaluation's two episodes

    monkeypatch.setattr(Toy, "step", ended)
    context = rows_of(online_episodes=5, episodes_per_round=5, eval_every=2)
    assert context.rows[-1]["env_steps"] == 5 * T + 1
    assert context.rows[-1]["episodes"] == 6


def test_streams_are_keyed_by_round_episode_and_stage():
    context, other = Context(TASK, 5.0, 0), Context(TASK, 5.0, 0, stage="prealign")
    seeds = {context.generator("episode", 1, 0).initial_seed(), context.generator("episode", 1, 1).initial_seed()}
    seeds |= {context.generator("episode", 2, 0).initial_seed(), other.generator("episode", 1, 0).initial_seed()}
    assert len(seeds) == 4
    assert (
        context.generator("episode", 1, 0).initial_seed()
        == Context(TASK, 9.0, 0).generator(*("episode", 1, 0)).initial_seed()
    )


def test_every_episode_is_kept(ends_early, tmp_path):
    execute(make_spec("baselines.from_scratch"), tmp_path)
    rows, episodes = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("progress", "episodes"))
    assert list(episodes) == ["round", "kind", "steps", "return", "cost"]
    train = episodes[episodes["kind"] == "train"]
    assert train["steps"].sum() == rows["env_steps"].iloc[-1] and len(train) == rows["episodes"].iloc[-1]
    means = train.groupby("round")[["return", "cost"]].mean()
    np.testing.assert_allclose(means, rows[["train_return", "train_cost"]][1:], rtol=1e-12)
    assert (train["cost"] > 5).sum() == rows["train_violations"].iloc[-1]
    evaluated = episodes[episodes["kind"] == "eval"].groupby("round")
    np.testing.assert_allclose(evaluated["return"].mean(), rows["eval_return"].dropna(), rtol=1e-12)
    assert (evaluated.size() == SMALL["eval_episodes"]).all()
    recorded = json.loads((tmp_path / "run.json").read_text())["record"]["outputs"]
    assert {"progress.csv", "episodes.csv", "actor.pt"} == set(recorded)


def test_collectors_count_the_steps_played(ends_early):
    context = Context(TASK, None, 0, stage="dataset")
    for row in collect.train(context, Hyperparameters(), steps=3000, rollout_steps=1000, update_ratio=0.01):
        context.rows.append(row)
    assert 4800 <= context.rows[-1]["env_steps"] < 4800 + T  # in rounds of 480 steps


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--steps", "600"], 0),
        (["--steps", "600", "--task", "Toy"], 0),
        (["--steps", "580", "--task", "Toy"], 0),  # less than an episode above it
        (["--steps", "601"], 1),
        (["--steps", "570", "--task", "Toy"], 1),
        (["--steps", "450"], 1),  # reached a round before the end
    ],
)
def test_a_result_is_held_to_its_budget(arguments, status, tmp_path, capfd):
    execute(make_spec("baselines.from_scratch"), tmp_path)
    assert main(["--check", str(tmp_path / "progress.csv"), *arguments]) == status
    error = capfd.readouterr().err.splitlines()[-1]
    assert status == 0 or ("ends at 600 environment steps, but the budget is" in error and error.startswith("error:"))
