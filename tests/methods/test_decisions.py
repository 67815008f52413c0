"""What the baselines decide: JSRL's schedule, PEX's choice, mixed minibatches, warm-up, update ratios, accounting."""

import math

import numpy as np
import pytest
import torch
from toys import finish, make_context, small

from baselines import from_scratch, jsrl, official_accounting, pex, wsrl_lag
from baselines.mixed_batches import mixed_batches
from marvel import datasets
from marvel.buffer import Batch, ReplayBuffer
from marvel.critics import Critics
from marvel.multipliers import Fixed
from marvel.networks import gaussian
from marvel.options import options_of
from marvel.rollout import Episode
from marvel.sac import SACLagrangian
from marvel.values import check


def test_guide_opens_the_episode_and_its_part_shrinks_to_nothing(toy_offline, monkeypatch):
    asked = []

    def watched(step, max_steps, progress):
        asked.append((step, progress))
        return step / max_steps < 1 - progress

    monkeypatch.setattr(jsrl, "guide_acts", watched)
    context = make_context(toy_offline)
    finish(context, jsrl.train(context, small(online_episodes=8, updates_per_round=1)))
    assert sorted({progress for _, progress in asked}) == [0, 0.25, 0.5, 0.75]  # 4 rounds: share of updates done before
    assert [step for step, progress in asked if progress == 0][:3] == [0, 1, 2]
    assert [step for step, _ in asked].count(0) == 8  # steps are counted per episode
    monkeypatch.undo()
    assert [jsrl.guide_acts(step, 4, 0.5) for step in range(4)] == [True, True, False, False]
    assert jsrl.guide_acts(0, 4, 0.999) and not jsrl.guide_acts(0, 4, 1.0)


def test_gate_passes_a_stage_only_while_the_return_holds():
    def passed(returns, window=2, tolerance=0.1):
        return round(10 * jsrl.gated_progress(returns, tolerance, 10, window))

    assert passed([]) == 0 and passed([5.0]) == 0
    assert passed([5.0, 5.0]) == 1  # the first stage sets the mark
    assert passed([5.0, 5.0, 5.0, 5.0]) == 2
    assert passed([5.0, 5.0, 4.0, 4.0]) == 1  # 4 is more than a tenth below 5
    assert passed([5.0, 5.0, 4.0, 4.0, 5.0]) == 2  # the mean over the last two is 4.5 again
    assert passed([-5.0, -5.0, -5.4, -5.4]) == 2 and passed([-5.0, -5.0, -5.6, -5.6]) == 1  # returns below 0
    assert passed([1.0] * 99) == 10


def test_choice_is_a_stable_softmax():
    assert pex.chance_of_first(1.0, -1.0) == pytest.approx(1 / (1 + math.exp(-2)))
    assert pex.chance_of_first(-1.0, 1.0) == pytest.approx(1 / (1 + math.exp(2)))
    assert pex.chance_of_first(1e4, 1e4 - 1) == pytest.approx(0.731, abs=1e-3)
    assert pex.chance_of_first(0.0, 1e4) == 0.0 and pex.chance_of_first(1e4, 0.0) == 1.0
    assert pex.chance_of_first(0.1, -0.1, 10.0) == pytest.approx(pex.chance_of_first(1.0, -1.0))


@pytest.mark.parametrize(("sizes", "layer_norm"), [((8, 2, [256, 256]), False), ((34, 8, [256] * 3), True)])
def test_values_in_numpy_are_torchs_and_choose_the_same(sizes, layer_norm):
    """On random inputs, before and after training; products are added up in another order, so the last bits differ."""
    observation_dim, action_dim, hidden = sizes
    g, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
    hp = small(hidden_units=256, hidden_layers=len(hidden), layer_norm=layer_norm, critic_lr=5e-3)
    agent = SACLagrangian(observation_dim, action_dim, hp, g)
    if layer_norm:
        with torch.no_grad():
            for parameter in (*agent.reward_critic.scales, *agent.reward_critic.shifts):
                parameter.uniform_(0.5, 1.5, generator=g)
    values, draw = pex.Values(agent.reward_critic), gaussian(g)
    for _ in range(2):
        for _ in range(300):
            inputs = rng.standard_normal((2, observation_dim + action_dim)).astype(np.float32)
            with torch.no_grad():
                parts = torch.from_numpy(inputs).split((observation_dim, action_dim), 1)
                expected = agent.reward_critic.smallest(*parts)
            found = values(inputs)
            assert found.dtype == np.float32 and found == pytest.approx(expected.numpy(), rel=3e-5, abs=1e-6)
            chances = [pex.chance_of_first(*pair.tolist(), 10.0) for pair in (found, expected)]
            assert chances == pytest.approx([chances[0]] * 2, abs=1e-5)
        for _ in range(20):  # the twin follows optimiser steps
            states = torch.randn(2, 64, observation_dim, generator=g)
            actions, costs = torch.rand(64, action_dim, generator=g) * 2 - 1, torch.ones(64)
            agent.update(Batch(states[0], actions, 10 * actions[:, 0], costs, states[1], 0 * costs), 0.5, draw)


def test_values_of_one_member_by_hand():
    critics = Critics(2, 3, [1], torch.Generator())
    with torch.no_grad():
        critics.weights[0][:] = torch.tensor([[[1.0], [2.0], [-1.0]], [[0.0], [1.0], [1.0]]])
        critics.biases[0][:, 0, 0] = torch.tensor([0.5, -1.0])
        critics.weights[1][:, 0, 0] = torch.tensor([2.0, 3.0])
        critics.biases[1][:, 0, 0] = torch.tensor([0.25, 4.0])
    inputs = np.array([[1, 1, 1], [-9, 0, 3]], np.float32)
    # member 0: relu(2.5) * 2 + 0.25, relu(-11.5) * 2 + 0.25; member 1: relu(1) * 3 + 4, relu(2) * 3 + 4
    assert pex.Values(critics)(inputs).tolist() == [min(5.25, 7.0), min(0.25, 10.0)]


def test_official_accounting_by_hand():
    episodes = [Episode(np.zeros((3, 4)), np.zeros((2, 2)), np.zeros(2), np.full(2, cost), False) for cost in (1, 2, 3)]
    assert official_accounting.jsrl(episodes) == (episodes, 6.0 / 2)
    assert official_accounting.pex(episodes) == (episodes[:2], 6.0)


@pytest.mark.parametrize("method", [jsrl, pex])
@pytest.mark.parametrize(
    "wrong", [{"round_unit": "steps", "episodes_per_round": 2}, {"round_unit": "episodes", "episodes_per_round": 1}]
)
def test_official_accounting_needs_rounds_of_two_episodes(method, wrong, toy_offline):
    with pytest.raises(ValueError, match="needs round_unit: episodes and episodes_per_round of at least 2"):
        next(method.train(make_context(toy_offline), small(**wrong), official_accounting=True))


@pytest.mark.parametrize(("share", "rows"), [(0.5, 4), (0.25, 2), (1, 8)])
def test_minibatches_are_partly_offline(share, rows, toy_dataset):
    context, hp = make_context(dataset=toy_dataset), small()
    online = ReplayBuffer(4, 4, 2)
    online.add_episode(np.full((5, 4), 77.0), np.zeros((4, 2)), np.zeros(4), np.zeros(4), False)
    batch = mixed_batches(context, hp, share)(online, torch.Generator().manual_seed(0))
    offline = {row.tobytes() for row in datasets.read(toy_dataset, "Toy")["observations"]}
    assert [row.tobytes() in offline for row in batch.observations.numpy()] == [True] * rows + [False] * (8 - rows)
    assert all(len(column) == 8 for column in batch)


def test_a_share_of_0_reads_no_data_and_others_need_it():
    assert mixed_batches(make_context(), small(), 0) is None
    with pytest.raises(ValueError, match="reads a dataset, but its spec names none"):
        mixed_batches(make_context(), small(), 0.5)


@pytest.mark.parametrize(
    ("train", "option", "value"),
    [
        ("baselines.pex", "offline_share", 1.5),
        ("baselines.rlpd_lag", "offline_share", -0.1),
        ("baselines.pex", "inverse_temperature", 0.0),
        ("baselines.so2", "noise_clip", -0.6),
        ("baselines.jsrl", "gate", -0.05),
        ("baselines.pex", "fresh_learner", "no"),
    ],
)
def test_options_out_of_range_are_refused(train, option, value):
    with pytest.raises(ValueError, match=f"x: {option} is .*; it must be "):
        check(options_of(train)[option], value, "x")


def test_warm_up_plays_and_does_not_learn(toy_offline):
    context = make_context(toy_offline)
    finish(context, wsrl_lag.train(context, small(), warmup_steps=61, update_ratio=0.5))  # two rounds of 60 steps
    rows = context.rows
    assert [row["updates"] for row in rows[:3]] == [0, 0, 0] and rows[1]["reward_q"] is None
    assert [row["episodes"] for row in rows] == [0, 2, 4, 6, 8, 10, 12]
    assert [row["multiplier"] for row in rows[1:3]] == [0.0, 0.0]
    for row in rows[3:]:
        assert row["updates"] == int(0.5 * (row["env_steps"] - rows[2]["env_steps"])) and row["reward_q"] is not None
    cold = make_context(toy_offline)
    finish(cold, wsrl_lag.train(cold, small(), warmup_steps=0, update_ratio=None))
    assert [row["updates"] for row in cold.rows] == [0, 4, 8, 12, 16, 20, 24]


@pytest.mark.parametrize(("steps", "fits"), [(300, True), (301, False)])
def test_warm_up_leaves_a_round_for_learning(steps, fits, toy_offline):
    method = wsrl_lag.train(make_context(toy_offline), small(), warmup_steps=steps)  # 6 rounds of 60 steps
    if fits:
        assert next(method)["round"] == 0
    else:
        with pytest.raises(ValueError, match=r"warmup_steps is 301 .* on Toy; it must be at most 300"):
            next(method)


@pytest.mark.parametrize("ratio", [None, 1.0, 0.35])
def test_updates_follow_the_ratio(ratio):
    context = make_context()
    finish(
        context,
        from_scratch.train(
            context, small(online_episodes=6, episodes_per_round=1, updates_per_round=3), update_ratio=ratio
        ),
    )
    made = [row["updates"] for row in context.rows]
    assert made == [3 * row["round"] if ratio is None else int(ratio * row["env_steps"]) for row in context.rows]
    assert made[-1] > 3


@pytest.mark.parametrize(("moves", "expected"), [("minibatch", 4), ("round", 1)])
@pytest.mark.parametrize("ratio", [None, 0.5, 1.0])
def test_multiplier_moves_as_often_at_any_update_ratio(ratio, moves, expected, monkeypatch):
    received = []

    class Watched(Fixed):
        def update(self, episode_cost):
            received.append(episode_cost)
            return self.value

    monkeypatch.setattr(from_scratch, "make_controller", lambda *_: Watched(5.0))
    context, hp = make_context(), small(online_episodes=4, multiplier_moves=moves)
    finish(context, from_scratch.train(context, hp, update_ratio=ratio))
    assert received == [row["train_cost"] for row in context.rows[1:] for _ in range(expected)]
