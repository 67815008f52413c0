"""What a checkpoint hands over to the online learner, official quirks included, and what a snapshot keeps."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from agents import ACT, OBS, SMALL, generator, make_agent, make_batch

from marvel.bear import BEAR
from marvel.cpq import CPQ
from marvel.hyperparameters import OFFICIAL, Hyperparameters
from marvel.networks import gaussian
from marvel.sac import SACLagrangian


def make_cpq(hidden=(8, 8), seed: int = 7) -> CPQ:
    agent = CPQ(
        *(OBS, ACT, list(hidden), 3.0, generator(seed)),
        discount=SMALL.discount,
        reward_scale=SMALL.reward_scale,
        actor_lr=0.123,
    )
    agent.update(make_batch(16), gaussian(generator(8)))
    return agent


def load(checkpoint: dict, seed: int = 0, **changes) -> SACLagrangian:
    return SACLagrangian.load(checkpoint, dataclasses.replace(SMALL, **changes), OBS, ACT, generator(seed))


def same(module: torch.nn.Module, state: dict) -> bool:
    own = module.state_dict()
    return own.keys() == state.keys() and all(torch.equal(own[name], state[name]) for name in own)


def test_offline_checkpoint_hands_over_actor_and_critics_and_targets_are_copies():
    """Q10; the optimisers start afresh with the configured rates."""
    offline = make_cpq().state_dict()
    agent = load(offline)
    assert same(agent.actor, offline["actor"])
    assert same(agent.reward_critic, offline["reward_critic"]) and same(agent.cost_critic, offline["cost_critic"])
    assert same(agent.reward_target, offline["reward_critic"]) and same(agent.cost_target, offline["cost_critic"])
    assert not same(agent.reward_target, offline["reward_target"])
    assert agent.actor_optimizer.lr == SMALL.actor_lr
    assert agent.actor_optimizer.steps == 0


def test_offline_actor_optimizer_restores_moments_and_learning_rate_if_asked():
    """Q9: the configured actor_lr is then dead."""
    offline = make_cpq().state_dict()
    agent = load(offline, restore_actor_optimizer=True)
    assert agent.actor_optimizer.lr == 0.123
    for moments in ("first", "second"):
        pairs = zip(getattr(agent.actor_optimizer, moments), offline["actor_optimizer"][moments], strict=True)
        assert all(torch.equal(own, kept) and own.any() for own, kept in pairs)
    assert agent.actor_optimizer.steps == 1


def test_three_layer_cost_critic_takes_what_fits_by_name_and_shape():
    """Q8: the input layer and the first hidden one; what has another shape stays as it was drawn."""
    offline = make_cpq().state_dict()
    agent, fresh = load(offline, cost_critic_layers=3), make_agent(cost_critic_layers=3)
    for layer, taken in enumerate([True, True, False, False]):
        weight = agent.cost_critic.weights[layer]
        if taken:
            assert torch.equal(weight, offline["cost_critic"][f"weights.{layer}"])
        else:
            assert torch.equal(weight, fresh.cost_critic.weights[layer])
    assert same(agent.cost_target, agent.cost_critic.state_dict())


def test_bear_hands_over_its_actor_and_no_critic():
    """Q8: its critics have two groups, so the online critics start from random weights."""
    offline = BEAR(OBS, ACT, [8, 8], 3.0, generator(7), vae_hidden=8)
    offline.update(make_batch(16), gaussian(generator(8)))
    state = offline.state_dict()
    agent, fresh = load(state), make_agent()
    assert state["kind"] == "bear" and same(agent.actor, state["actor"])
    for name in ("reward_critic", "cost_critic"):
        assert same(getattr(agent, name), getattr(fresh, name).state_dict())
    assert load(state, restore_actor_optimizer=True).actor_optimizer.lr == 1e-3


def test_same_weights_are_another_policy_behind_a_tanh_trunk():
    """Q7."""
    offline, observation = make_cpq().state_dict(), np.ones(OBS, np.float32)
    relu, tanh = load(offline), load(offline, trunk_activation="tanh")
    assert same(relu.actor, offline["actor"]) and same(tanh.actor, offline["actor"])
    assert np.abs(relu.policy()(observation) - tanh.policy()(observation)).max() > 1e-3


@pytest.mark.parametrize(
    ("changes", "part"),
    [({"hidden_units": 9}, "actor"), ({"hidden_layers": 3}, "actor")],
)
def test_wrong_sizes_are_one_sentence(changes, part):
    with pytest.raises(ValueError) as caught:
        load(make_cpq().state_dict(), **changes)
    text = str(caught.value)
    assert f"the checkpoint's {part} has tensors" in text and "\n" not in text
    assert "give both stages the same hidden_layers and hidden_units." in text


def test_snapshot_goes_on_with_the_same_numbers_and_the_configured_rates():
    agent, batch = make_agent(), make_batch(16)
    agent.update(batch, 0.3, gaussian(generator(5)))
    state = copy.deepcopy(agent.state_dict())  # as from a file
    other = make_agent(seed=4, actor_lr=0.02)
    other.load_state_dict(state)
    assert other.actor_optimizer.lr == 0.02
    same_rate = make_agent(seed=4)
    same_rate.load_state_dict(copy.deepcopy(state))
    for learner in (agent, same_rate):
        learner.update(batch, 0.3, gaussian(generator(6)))
    for name in agent.PARTS:
        assert same(getattr(same_rate, name), getattr(agent, name).state_dict())


def test_prealigned_checkpoint_of_another_form_is_refused():
    with pytest.raises(ValueError, match="trunk_activation relu, not tanh"):
        load(make_agent().state_dict(), trunk_activation="tanh")


def test_official_preset_differs_in_every_row_from_the_defaults():
    defaults = Hyperparameters()
    assert all(getattr(defaults, name) != value for name, value in OFFICIAL.items())
