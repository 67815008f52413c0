"""What each baseline hands to the shared loop: acting functions, updates, minibatches, limits.

Learner and frozen offline policy differ in every test, so that one in the place of the other is noticed.
"""

import importlib
import math

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT
from toys import STEPS, handed_over, make_context, push, small, value_first_action

from baselines import jsrl, official_accounting, pex, rlpd_lag, so2, wsrl_lag
from marvel import finetune
from marvel.buffer import Batch, ReplayBuffer
from marvel.run.snapshot import tensor_bytes

CONFIGS = [yaml.safe_load(path.read_text()) for path in (ROOT / "workflow" / "config").glob("*.yaml")]
TRAINED = {entry["train"] for config in CONFIGS for entry in config["methods"].values() if "train" in entry}


def test_jsrl_plays_the_frozen_guide_first_and_then_the_learner(toy_offline, monkeypatch):
    context, hp = make_context(toy_offline), small(online_episodes=8)  # 4 rounds
    got = handed_over(jsrl, context, hp, monkeypatch)
    guide = finetune.load_agent(context, hp).policy()
    push(got.agent.actor, 3.0)
    act, observation, noise = got.policy(3, 0), np.full(4, 0.1, np.float32), np.full(2, 0.2, np.float32)
    first, second = guide(observation, noise), got.agent.policy()(observation, noise)
    assert abs(second - first).max() > 0.1
    played = [act(observation, noise) for _ in range(STEPS)]
    assert all((action == first).all() for action in played[: STEPS // 2])  # half of the rounds are done
    assert all((action == second).all() for action in played[STEPS // 2 :])
    assert got.evaluated is None and jsrl.EVALUATES == "the learner alone"


@pytest.mark.parametrize(("weight", "chosen"), [(50.0, 1), (-50.0, 0)])
def test_pex_plays_the_proposal_of_higher_value(weight, chosen, toy_offline, monkeypatch):
    context, hp = make_context(toy_offline), small()
    got = handed_over(pex, context, hp, monkeypatch, deterministic_offline=True)
    offline = finetune.load_agent(context, hp).policy()
    push(got.agent.actor, 3.0)
    value_first_action(got.agent.reward_target, weight)
    observation, noise = np.full(4, 0.1, np.float32), np.full(2, 0.2, np.float32)
    proposals = offline(observation, None), got.agent.policy()(observation, noise)
    assert proposals[1][0] > proposals[0][0] + 0.2
    act = got.policy(1, 0)
    assert all((act(observation, noise) == proposals[chosen]).all() for _ in range(STEPS))


def test_pex_draws_its_choice_by_the_softmax(toy_offline, monkeypatch):
    context, hp = make_context(toy_offline), small()
    got = handed_over(pex, context, hp, monkeypatch, deterministic_offline=True, inverse_temperature=2.0)
    offline = finetune.load_agent(context, hp).policy()
    push(got.agent.actor, 3.0)
    observation = np.full(4, 0.1, np.float32)
    first, second = offline(observation, None), got.agent.policy()(observation, None)
    value_first_action(got.agent.reward_target, 0.5 / (second[0] - first[0]))  # values that differ by 0.5
    learners = []
    for episode in range(60):
        act = got.policy(1, episode)
        learners += [(act(observation, None) == second).all() for _ in range(STEPS)]
    assert np.mean(learners) == pytest.approx(1 / (1 + math.exp(-2.0 * 0.5)), abs=0.03)
    assert learners[:STEPS] != learners[STEPS : 2 * STEPS]  # each episode has draws of its own


@pytest.mark.parametrize(("cost_aware", "chosen"), [(False, 1), (True, 0)])
def test_pex_weighs_cost_by_the_multiplier_only_if_asked(cost_aware, chosen, toy_offline, monkeypatch):
    options = {"inverse_temperature": 50.0, "controller": {"name": "fixed", "value": 10.0}}
    context, hp = make_context(toy_offline), small()
    got = handed_over(pex, context, hp, monkeypatch, cost_aware=cost_aware, deterministic_offline=True, **options)
    offline = finetune.load_agent(context, hp).policy()
    push(got.agent.actor, 3.0)
    value_first_action(got.agent.reward_target, 1.0)
    value_first_action(got.agent.cost_target, 1.0)
    observation = np.full(4, 0.1, np.float32)
    proposals, act = (offline(observation, None), got.agent.policy()(observation, None)), got.policy(1, 0)
    assert all((act(observation, None) == proposals[chosen]).all() for _ in range(STEPS))


def test_pex_proposes_stochastically_from_both_actors_by_default(toy_offline, monkeypatch):
    context, hp = make_context(toy_offline), small()
    got = handed_over(pex, context, hp, monkeypatch)
    value_first_action(got.agent.reward_target, 0.0)  # equal values: both are chosen
    observation, noise, act = np.full(4, 0.1, np.float32), np.full(2, 0.2, np.float32), got.policy(1, 0)
    learner = got.agent.policy()(observation, noise)
    others = [action for action in (act(observation, noise) for _ in range(STEPS)) if (action != learner).any()]
    assert 5 < len(others) < STEPS - 5 and len({action.tobytes() for action in others}) == len(others)


def test_the_official_accounting_of_pex_keeps_the_last_episode_apart(toy_offline, monkeypatch):
    context, hp = make_context(toy_offline), small(round_unit="episodes")
    got = handed_over(pex, context, hp, monkeypatch, official_accounting=True)
    push(got.agent.actor, 3.0)
    value_first_action(got.agent.reward_target, -50.0)  # the offline actor is chosen
    observation, noise = np.full(4, 0.1, np.float32), np.full(2, 0.2, np.float32)
    learner = got.agent.policy()(observation, noise)
    assert (got.policy(1, 1)(observation, noise) == learner).all()  # the last of two
    assert (got.policy(1, 0)(observation, noise) != learner).any()
    assert got.accounting is official_accounting.pex
    assert handed_over(jsrl, context, hp, monkeypatch, official_accounting=True).accounting is official_accounting.jsrl


@pytest.mark.parametrize(("method", "options"), [(rlpd_lag, {}), (pex, {"offline_share": 0.5})])
def test_half_of_a_minibatch_is_offline(method, options, toy_offline, toy_dataset, monkeypatch):
    context, online = make_context(toy_offline, toy_dataset), ReplayBuffer(4, 4, 2)
    online.add_episode(np.full((5, 4), 77.0), np.zeros((4, 2)), np.zeros(4), np.zeros(4), False)
    got = handed_over(method, context, small(), monkeypatch, **options)
    batch = got.sample(online, torch.Generator().manual_seed(0))
    assert (batch.observations[:, 0] == 77.0).tolist() == [False] * 4 + [True] * 4
    assert handed_over(method, context, small(), monkeypatch, offline_share=0.0).sample is None


def test_pex_is_evaluated_as_it_acts_if_asked(toy_offline, monkeypatch):
    context, hp = make_context(toy_offline), small()
    assert handed_over(pex, context, hp, monkeypatch).evaluated is None
    got = handed_over(pex, context, hp, monkeypatch, evaluate_as_acting=True)
    offline = finetune.load_agent(context, hp).policy()
    push(got.agent.actor, 3.0)
    observation = np.full(4, 0.1, np.float32)
    first, second = offline(observation, None), got.agent.policy()(observation, None)
    value_first_action(got.agent.reward_target, -0.01)  # nearly equal values, the offline actor's is higher
    played = []
    for episode in range(60):
        act = got.evaluated(1, episode)
        played += [act(observation, None) for _ in range(STEPS)]
    assert all((action == first).all() or (action == second).all() for action in played)
    # greedy in nine steps of ten, drawn from the softmax in the tenth
    assert np.mean([(action == first).all() for action in played]) == pytest.approx(0.95, abs=0.02)


def test_pex_with_a_fresh_learner_keeps_the_critics_and_the_offline_proposal(toy_offline, monkeypatch):
    context, hp = make_context(toy_offline), small(restore_actor_optimizer=True)
    got = handed_over(pex, context, hp, monkeypatch, fresh_learner=True)
    offline, fresh = finetune.load_agent(context, hp), finetune.new_agent(context, hp)
    assert torch.equal(got.agent.actor.mu_layer.weight, fresh.actor.mu_layer.weight)
    assert not torch.equal(got.agent.actor.mu_layer.weight, offline.actor.mu_layer.weight)
    moments = [tensor_bytes(agent.actor_optimizer.state_dict()) for agent in (got.agent, fresh, offline)]
    assert moments[0] == moments[1] != moments[2]
    assert torch.equal(got.agent.reward_target.weights[0], offline.reward_target.weights[0])


@pytest.mark.parametrize(
    ("options", "bias", "moved"),
    [
        ({}, 0.0, 0.1 * 5),  # Marvel's code: not clipped
        ({}, 3.0, 0.1 * 5),
        ({"target_noise": 0.3, "noise_clip": 0.6}, -1.0, 0.6),  # the original: 1.5 is clipped to 0.6,
        ({"target_noise": 0.3, "noise_clip": 0.6}, 3.0, None),  # and the action to 1
        ({"target_noise": 0.01, "noise_clip": 0.6}, 0.0, 0.05),
    ],
)
def test_so2_perturbs_the_next_action_of_the_targets(options, bias, moved, toy_offline, monkeypatch):
    context, hp = make_context(toy_offline), small(temperature=0.0)
    got = handed_over(so2, context, hp, monkeypatch, **options)
    push(got.agent.actor, bias)
    value_first_action(got.agent.reward_target, 1.0)
    plain = got.agent.policy()(np.zeros(4, np.float32), None)[0]
    zeros, ones = torch.zeros(8, 4), torch.ones(8)
    batch = Batch(zeros, torch.zeros(8, 2), ones, ones, zeros, torch.zeros(8))
    metrics = got.update(batch, 0.0, lambda name, *shape: torch.full(shape, 5.0 if name == "so2" else 0.0))
    perturbed = 1.0 if moved is None else plain + moved
    assert metrics["reward_q"].item() == pytest.approx(0.1 + 0.99 * (perturbed + 2.0), abs=1e-4)


@pytest.mark.parametrize("name", sorted(TRAINED - {"baselines.offline_only"}))
def test_every_method_steers_to_the_studys_limit(name, toy_offline, toy_dataset, monkeypatch):
    module, context = importlib.import_module(name), make_context(toy_offline, toy_dataset, cost_limit=7.0)
    options = {"warmup_steps": 0} if name == "baselines.wsrl_lag" else {}
    got = handed_over(module, context, small(), monkeypatch, controller="pid", **options)
    assert got.multiplier.cost_limit == 7.0


def test_wsrl_hands_its_warm_up_and_ratio_over(toy_offline, monkeypatch):
    got = handed_over(wsrl_lag, make_context(toy_offline), small(), monkeypatch, warmup_steps=90, update_ratio=2.0)
    assert (got.warmup_steps, got.update_ratio) == (90, 2.0)
