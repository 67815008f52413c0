"""SAC-Lagrangian's losses on cases worked out by hand, both actors against torch.distributions, BEAR-Lag's MMD."""

import math

import numpy as np
import pytest
import torch
from agents import ACT, OBS, SMALL, generator, make_agent, make_batch, targets_of
from torch import distributions

from marvel.adam import Adam
from marvel.bear import mmd
from marvel.buffer import Batch, ReplayBuffer
from marvel.critics import Critics
from marvel.networks import Policy, SquashedGaussianActor, gaussian
from marvel.prealign import prealign_step
from tests.replays.anchored import AnchoredSACLagrangian


def make_constant(critics: Critics, *values: float) -> None:
    """Every member answers its own constant, whatever the input."""
    with torch.no_grad():
        for parameter in critics.parameters():
            parameter.zero_()
        critics.biases[-1][:, 0, 0] = torch.tensor(values)


def zeros(name, *shape):
    return torch.zeros(shape)


def test_targets_by_hand_with_and_without_a_terminal():
    agent = make_agent()
    make_constant(agent.reward_target, 3.0, 2.0)
    make_constant(agent.cost_target, 5.0)
    batch = make_batch(2, terminals=[0.0, 1.0])
    next_actions = torch.zeros(2, ACT)
    rewards, costs = targets_of(agent, lambda: agent.fit_critics(batch, next_actions, reward_bonus=0.5, cost_bonus=0.1))
    # scaled reward 1, the smaller member 2, and the bonus inside the discount; a terminal leaves the reward alone
    assert rewards.tolist() == pytest.approx([1 + 0.9 * (2 + 0.5), 1])
    assert costs.tolist() == pytest.approx([1 + 0.9 * (5 + 0.1), 1])


@pytest.mark.parametrize("timeouts_terminal", [False, True])
def test_a_time_limit_is_bootstrapped_unless_published_behaviour_is_asked_for(timeouts_terminal):
    """Q22."""
    agent = make_agent()
    make_constant(agent.reward_target, 2.0, 2.0)
    make_constant(agent.cost_target, 5.0)
    buffer = ReplayBuffer(8, OBS, ACT, timeouts_terminal=timeouts_terminal)
    for terminated in (False, True):  # rows 0, 1 end by the time limit, rows 2, 3 by the task
        buffer.add_episode(np.zeros((3, OBS)), np.zeros((2, ACT)), np.full(2, 10.0), np.ones(2), terminated)
    batch = buffer.at(torch.arange(4))
    rewards, costs = targets_of(agent, lambda: agent.fit_critics(batch, torch.zeros(4, ACT)))
    cut = 1 if timeouts_terminal else 1 + 0.9 * 2
    assert rewards.tolist() == pytest.approx([2.8, cut, 2.8, 1])
    assert costs.tolist() == pytest.approx([5.5, 1 if timeouts_terminal else 5.5, 5.5, 1])


def test_entropy_in_the_target_is_each_rows_own_or_the_batch_mean():
    """Q17."""
    noise, batch = torch.randn(4, ACT, generator=generator(3)), make_batch()
    found = {}
    for form in ("sample", "batch_mean"):
        agent = make_agent(entropy_in_target=form)
        make_constant(agent.reward_target, 2.0, 2.0)
        _, log_prob = agent.actor.sample(batch.next_observations, noise)
        draw = lambda name, *shape: noise if name == "next_action" else torch.zeros(shape)  # noqa: E731
        found[form], costs = targets_of(agent, lambda agent=agent, draw=draw: agent.update(batch, 0.3, draw))
        used = log_prob if form == "sample" else log_prob.mean().expand(4)
        assert found[form] == pytest.approx((1 + 0.9 * (2 - 0.5 * used)).detach())
        plain = agent_cost_targets(batch, noise)
        assert torch.allclose(costs, plain)  # no entropy in the cost's target
    assert found["sample"].std() > 0.01 and found["batch_mean"].std() < 1e-6
    assert found["sample"].mean() == pytest.approx(found["batch_mean"].mean().item(), abs=1e-5)


def agent_cost_targets(batch: Batch, noise: torch.Tensor) -> torch.Tensor:
    agent = make_agent()
    actions, _ = agent.actor.sample(batch.next_observations, noise)
    return (batch.costs + 0.9 * agent.cost_target.smallest(batch.next_observations, actions)).detach()


def test_so2_noise_moves_the_next_action_and_is_not_clipped():
    agent, seen = make_agent(), []
    original = agent.targets.smallest
    agent.targets.smallest = lambda s, a: seen.append(a.clone()) or original(s, a)
    draw = lambda name, *shape: torch.full(shape, 30.0 if name == "so2" else 0.0)  # noqa: E731
    batch = make_batch()
    expected = agent.actor(batch.next_observations)[0].tanh() + 0.1 * 30
    agent.update(batch, 0.0, draw, target_noise=0.1)
    assert torch.allclose(seen[0], expected) and (seen[0] > 1).all()


def test_actor_loss_by_hand():
    """temperature * log pi - min Q + multiplier * Qc, of the live critics or, if asked, of the targets (Q18)."""
    observations = make_batch().observations
    for form, (q, qc) in {"live": (2.0, 5.0), "target": (7.0, 4.0)}.items():
        agent = make_agent(actor_critics=form)
        make_constant(agent.reward_critic, 2.0, 3.0)
        make_constant(agent.cost_critic, 5.0)
        make_constant(agent.reward_target, 8.0, 7.0)
        make_constant(agent.cost_target, 4.0)
        _, log_prob = agent.actor.sample(observations, torch.zeros(4, ACT))
        loss = agent.actor_loss(observations, 0.3, zeros)
        assert loss.item() == pytest.approx((0.5 * log_prob.mean() - q + 0.3 * qc).item(), abs=1e-5)


def test_an_update_moves_what_it_should():
    agent, batch = make_agent(), make_batch(16)
    before = {name: [p.clone() for p in getattr(agent, name).parameters()] for name in agent.PARTS}
    metrics = agent.update(batch, 0.3, gaussian(generator(5)))
    assert set(metrics) == {"reward_q", "cost_q"}
    for name in agent.PARTS:
        moved = [not torch.equal(a, b) for a, b in zip(before[name], getattr(agent, name).parameters(), strict=True)]
        assert all(moved), name
    for target, critic in ((agent.reward_target, agent.reward_critic), (agent.cost_target, agent.cost_critic)):
        name = "reward_target" if critic is agent.reward_critic else "cost_target"
        for old, new, live in zip(before[name], target.parameters(), critic.parameters(), strict=True):
            assert torch.allclose(new, 0.9 * old + 0.1 * live, atol=1e-6)
    # Adam's first step is the learning rate, whatever the gradient
    steps = [(a - b).abs().max().item() for a, b in zip(before["actor"], agent.actor.parameters(), strict=True)]
    assert max(steps) == pytest.approx(SMALL.actor_lr, rel=1e-2)


def test_prealignment_moves_critics_alone_and_adds_the_entropy():
    agent, batch = make_agent(), make_batch()
    make_constant(agent.reward_target, 2.0, 2.0)
    make_constant(agent.cost_target, 5.0)
    actor = [p.clone() for p in agent.actor.parameters()]
    noise = torch.randn(4, ACT, generator=generator(3))
    _, log_prob = agent.actor.sample(batch.next_observations, noise)
    rewards, costs = targets_of(agent, lambda: prealign_step(agent, batch, lambda *_: noise, 0.2, 0.02))
    assert rewards == pytest.approx((1 + 0.9 * (2 - 0.2 * log_prob)).detach())
    assert costs == pytest.approx((1 + 0.9 * (5 - 0.02 * log_prob)).detach())
    assert all(torch.equal(a, b) for a, b in zip(actor, agent.actor.parameters(), strict=True))


def test_kl_term_is_half_the_mean_divergence_to_the_anchor():
    anchor = make_agent(seed=9).actor
    agent = AnchoredSACLagrangian(OBS, ACT, SMALL, generator(), anchor=anchor, kl_coefficient=2.0)
    observations = make_batch().observations
    normals = [
        distributions.Normal(mean, log_std.exp()) for mean, log_std in (f(observations) for f in (agent.actor, anchor))
    ]
    expected = 0.5 * distributions.kl_divergence(*normals).mean()
    assert agent.distance_to_anchor(observations).item() == pytest.approx(expected.item(), rel=1e-5)
    without = make_agent().actor_loss(observations, 0.3, zeros)
    assert agent.actor_loss(observations, 0.3, zeros).item() == pytest.approx((without + 2 * expected).item(), rel=1e-5)
    agent.anchor = agent.actor
    assert agent.distance_to_anchor(observations).item() == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_log_probability_and_its_published_stand_in(activation):
    actor = SquashedGaussianActor(OBS, ACT, [16, 16], activation, generator())
    observations, noise = torch.randn(50, OBS, generator=generator(1)), torch.randn(50, ACT, generator=generator(2))
    mean, log_std = actor(observations)
    normal = distributions.Normal(mean.double(), log_std.exp().double())
    squashed = distributions.TransformedDistribution(normal, distributions.TanhTransform())
    actions, log_prob = actor.sample(observations, noise)
    u = mean.double() + log_std.exp().double() * noise.double()
    assert torch.allclose(actions.double(), u.tanh(), atol=1e-6)
    assert torch.allclose(log_prob.double(), squashed.log_prob(u.tanh()).sum(-1), atol=1e-4)
    # Q16: the Gaussian's entropy stands where its log-density belongs
    correction = (1 - u.tanh().square() + 1e-6).log().sum(-1)
    _, published = actor.sample(observations, noise, "official")
    assert torch.allclose(published.double(), normal.entropy().sum(-1) - correction, atol=1e-4)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_numpy_policy_is_the_actor_and_follows_its_steps(activation):
    actor = SquashedGaussianActor(OBS, ACT, [64, 64], activation, generator())
    with torch.no_grad():
        actor.log_std_layer.bias += 3  # beyond the clip for some
    policy, optimizer = Policy(actor), Adam(actor.parameters(), lr=0.01)
    for _ in range(2):
        for observation in torch.randn(20, OBS, generator=generator(1)):
            noise = torch.randn(ACT, generator=generator(2))
            with torch.no_grad():
                actions, _ = actor.sample(observation[None], noise[None])
                mean, _ = actor(observation[None])
            assert policy(observation.numpy(), noise.numpy()) == pytest.approx(actions[0].numpy(), abs=1e-6)
            played = policy(observation.numpy())
            assert played == pytest.approx(mean[0].tanh().numpy(), abs=1e-6)
            assert played.dtype == np.float32
        optimizer.descend(actor(torch.ones(4, OBS))[0].sum())


def test_mmd_by_hand():
    """Two points against one: k(x, x) averages the diagonal in, the width is not squared."""
    x, y = torch.tensor([[[0.0, 0.0], [1.0, 1.0]]]), torch.tensor([[[0.0, 0.0]]])
    k = math.exp(-2 / (2 * 5.0))  # the squared distance of (0, 0) and (1, 1) is 2
    expected = math.sqrt((2 + 2 * k) / 4 + 1 - 2 * (1 + k) / 2 + 1e-6)
    assert mmd(x, y, 5.0).item() == pytest.approx(expected, rel=1e-5)
    assert mmd(x, x).item() == pytest.approx(1e-3, rel=1e-3)
