"""What makes updates fast computes what its plain form computes: Adam, critics side by side, gradients by hand."""

import copy

import pytest
import torch
from agents import ACT, OBS, generator, make_agent, make_batch
from torch import nn

from marvel.adam import Adam
from marvel.bear import BEAR
from marvel.critics import Critics, Stack
from marvel.hyperparameters import OFFICIAL
from marvel.networks import SquashedGaussianActor, gaussian, in_pieces
from marvel.prealign import prealign_step
from marvel.sac import SACLagrangian


@pytest.fixture
def double():
    """Double precision, in which 1e-12 tells another formula from rounding."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def doubled(batch):
    """A batch in double precision."""
    return type(batch)(*(column.double() for column in batch))


def assert_close(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape and (a - b).abs().max() <= 1e-12 * max(1.0, b.abs().max().item())


def loss_of(parameters) -> torch.Tensor:
    """Any loss of two tensors, its gradient different in each step."""
    return parameters[0].sin().sum() + 0.3 * parameters[1].square().sum()


def test_adam_has_the_bits_of_torchs():
    ours = [torch.randn(3, 4, requires_grad=True), torch.randn(5, requires_grad=True)]
    theirs = [parameter.detach().clone().requires_grad_() for parameter in ours]
    adam, reference = Adam(ours, 0.01), torch.optim.Adam(theirs, lr=0.01, fused=True)
    for _ in range(50):
        adam.descend(loss_of(ours))
        reference.zero_grad()
        loss_of(theirs).backward()
        reference.step()
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_adam_follows_gradients_in_any_layout():
    """Autograd hands out expanded and transposed tensors."""
    ours = [torch.ones(2, 3, requires_grad=True), torch.ones(4, requires_grad=True)]
    theirs = [parameter.detach().clone().requires_grad_() for parameter in ours]
    weights = torch.randn(3, 2, generator=generator())
    adam, reference = Adam(ours, 0.01), torch.optim.Adam(theirs, lr=0.01, fused=True)
    for _ in range(3):
        adam.descend((ours[0].mT * weights).sum() + ours[1].sum())
        reference.zero_grad()
        ((theirs[0].mT * weights).sum() + theirs[1].sum()).backward()
        reference.step()
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_adam_leaves_alone_what_the_loss_does_not_depend_on():
    used, unused = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    Adam([used, unused], 0.1).descend(used.sum())
    assert torch.equal(unused, torch.ones(3)) and used.detach() == pytest.approx([0.9, 0.9])


def test_adam_goes_on_from_a_snapshot_at_its_own_rate():
    ours = [torch.randn(3, 4, requires_grad=True), torch.randn(5, requires_grad=True)]
    adam = Adam(ours, 0.01)
    adam.descend(loss_of(ours))
    copies = [parameter.detach().clone().requires_grad_() for parameter in ours]
    other = Adam(copies, 0.01)
    other.load_state_dict(adam.state_dict())
    adam.descend(loss_of(ours))  # moments of the snapshot are copies: this moves them in one alone
    other.descend(loss_of(copies))
    assert all(torch.equal(a, b) for a, b in zip(ours, copies, strict=True))
    slow = Adam(copies, 1e-9)
    slow.load_state_dict(adam.state_dict())
    before = copies[0].detach().clone()
    slow.descend(loss_of(copies))
    assert torch.allclose(copies[0], before, atol=1e-8, rtol=0) and slow.steps == 3


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize(("members", "own"), [(1, False), (2, False), (3, True)])
@pytest.mark.parametrize("hidden", [[7], [7, 5], [7, 5, 6]])
def test_regression_gradients_by_hand_are_autograds(double, members, own, hidden, layer_norm):
    critics, g = Critics(members, OBS + ACT, hidden, generator(), layer_norm), generator(1)
    observations, actions = torch.randn(40, OBS, generator=g), torch.randn(40, ACT, generator=g)
    targets = torch.randn(members, 40, generator=g) if own else torch.randn(40, generator=g)
    loss = critics.regression_loss(observations, actions, targets)
    expected = torch.autograd.grad(loss, list(critics.parameters()))
    assert_close(critics.regression_gradients(observations, actions, targets), expected)
    assert all(gradient.abs().max() > 1e-3 for gradient in expected)


FORMS = [
    {},
    {"log_prob": "official"},
    {"actor_critics": "target"},
    {"divide_by_multiplier": True},
    {"trunk_activation": "tanh"},
    {"layer_norm": True},
    {"cost_critic_layers": 3},
    {"cost_critic_layers": 3, "layer_norm": True},
    {"hidden_layers": 1},
    {"hidden_layers": 3, "trunk_activation": "tanh"},
    OFFICIAL,
]


@pytest.mark.parametrize("multiplier", [0.0, 0.3, "each row's own"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_actor_gradients_by_hand_are_autograds(double, form, multiplier):
    """With log_std beyond both ends of its range in some rows, and each member the least in some.

    The noise is small because torch's softplus drops terms of exp(-20) where u < -10, and so does its gradient.
    """
    agent, rows = make_agent(**form), 200
    observations = torch.randn(rows, OBS, generator=generator(1))
    if isinstance(multiplier, str):
        multiplier = torch.rand(rows, generator=generator(2))
    with torch.no_grad():
        layer = agent.actor.log_std_layer
        outputs = layer(agent.actor.net(observations))
        layer.weight *= 15 / outputs.std(0)[:, None]
        layer.bias.copy_(-9 - (layer(agent.actor.net(observations)) - layer.bias).mean(0))
        agent.reward_target.weights[0] *= 1.5  # so that targets are not the live critics
        actions = agent.actor(observations)[0].tanh()
        for critics in (agent.reward_critic, agent.reward_target):
            values = critics(observations, actions)
            critics.biases[-1][0] += (values[1] - values[0]).median()
    _, log_std = agent.actor(observations)
    assert all(part.any() for part in (log_std == 2, log_std == -20, log_std.square() < 1))
    noise = 0.3 * torch.randn(rows, ACT, generator=generator(3))
    loss = agent.actor_loss(observations, multiplier, lambda *_: noise)
    expected = torch.autograd.grad(loss, list(agent.actor.parameters()))
    assert_close(agent.actor_gradients(observations, multiplier, lambda *_: noise), expected)
    assert all(gradient.abs().max() > 1e-6 for gradient in expected)


def test_members_that_are_least_together_share_the_gradient(double):
    """As autograd's: two equal members, of a critic whose value depends on the action."""
    critics = Critics(2, OBS + ACT, [8], generator())
    with torch.no_grad():
        for parameter in critics.parameters():
            parameter[1] = parameter[0]
    observations, actions = torch.randn(9, OBS, generator=generator(1)), torch.randn(9, ACT, generator=generator(2))
    actions.requires_grad_()
    (expected,) = torch.autograd.grad(critics.smallest(observations, actions).sum(), actions)
    assert_close([critics.action_gradients(observations, actions.detach(), [1.0], [2])], [expected])
    assert expected.abs().max() > 1e-3


@pytest.mark.parametrize("how", ["subclass", "instance", "actor"])
def test_a_loss_of_ones_own_moves_the_actor_without_knowing_the_gradients(how):
    class Own(SACLagrangian):
        def actor_loss(self, observations, multiplier, draw):
            return self.actor(observations)[0].square().sum()

    class OwnActor(SquashedGaussianActor):
        def sample(self, observations, noise, log_prob="true"):
            actions, _ = super().sample(observations, noise, log_prob)
            return actions, self(observations)[0].square().sum(-1)

    agent = make_agent(actor_lr=0.01)
    if how == "subclass":
        agent.__class__ = Own
    elif how == "instance":
        agent.actor_loss = Own.actor_loss.__get__(agent)
    else:
        agent.actor.__class__ = OwnActor
    batch, before = make_batch(64), make_agent(actor_lr=0.01).actor
    for number in range(20):
        agent.update(batch, 0.3, gaussian(generator(number)))
    found, start = (actor(batch.observations)[0].square().sum() for actor in (agent.actor, before))
    assert found < 0.5 * start


@pytest.mark.parametrize(("layer_norm", "cost_layers"), [(False, None), (True, None), (False, 3)])
def test_critics_side_by_side_learn_what_each_by_itself_learns(double, layer_norm, cost_layers):
    """Online updates and pre-alignment, rates apart; with another depth of the cost critic there is no stack."""
    settings = {"layer_norm": layer_norm, "cost_critic_layers": cost_layers, "cost_critic_lr": 2e-3}
    stacked, apart = make_agent(**settings), make_agent(**settings)
    assert (stacked.critics.whole is None) == (cost_layers is not None)
    apart.critics.whole = apart.targets.whole = None  # the parts remain, and are what moves
    for number in range(30):
        batch = doubled(make_batch(16, seed=number))
        for agent in (stacked, apart):
            draw = gaussian(generator(number))
            if number % 2:
                prealign_step(agent, batch, draw, 0.1, 0.01)
            else:
                agent.update(batch, 0.3, draw)
    start = make_agent(**settings)
    for name in stacked.PARTS:
        found, expected, before = (list(getattr(a, name).parameters()) for a in (stacked, apart, start))
        assert_close(found, expected)
        assert all((a - b).abs().max() > 1e-4 for a, b in zip(expected, before, strict=True))


def test_a_critic_of_a_stack_can_be_moved_and_loaded_by_itself():
    g = generator()
    reward, cost = Critics(2, OBS + ACT, [8, 8], g), Critics(1, OBS + ACT, [8, 8], g)
    stack, batch = Stack(reward, cost), make_batch()
    inputs = (batch.observations, batch.actions)

    def apart():
        return torch.cat((reward(*inputs), cost(*inputs)))

    before = stack(*inputs).detach()
    Adam(cost.parameters(), 0.1).descend(cost(*inputs).sum())
    assert torch.allclose(stack(*inputs), apart()) and torch.equal(stack(*inputs)[:2], before[:2])
    assert (stack(*inputs)[2] != before[2]).all()
    reward.load_state_dict(Critics(2, OBS + ACT, [8, 8], g).state_dict())
    assert torch.allclose(stack(*inputs), apart()) and (stack(*inputs)[:2] != before[:2]).all()
    assert [value.tolist() for value in stack.smallest(*inputs)] == [
        reward(*inputs).min(0).values.tolist(),
        pytest.approx(cost(*inputs)[0].tolist()),
    ]


def test_a_loss_of_ones_own_moves_a_critic_without_knowing_the_stack():
    agent, plain = make_agent(), make_agent()
    batch, rows = make_batch(), torch.zeros(4)
    for learner in (agent, plain):
        loss = learner.reward_critic.regression_loss(batch.observations, batch.actions, rows)
        if learner is agent:
            learner.reward_optimizer.descend(loss)
        else:
            gradients = learner.reward_critic.regression_gradients(batch.observations, batch.actions, rows)
            learner.reward_optimizer.step(gradients)
    found, expected = (x.critics(batch.observations, batch.actions) for x in (agent, plain))
    start = make_agent().critics(batch.observations, batch.actions)
    assert torch.allclose(found, expected, atol=1e-6) and not torch.allclose(found[:2], start[:2])


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_network_in_pieces(double, rows):
    net = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
    layers = [(layer.weight.mT, layer.bias) for layer in net if isinstance(layer, nn.Linear)]
    inputs = torch.randn(20, 5, generator=generator())
    found = in_pieces(layers, inputs, rows)
    assert_close(found, net(inputs).detach())
    assert not found.requires_grad


def test_bear_values_next_states_as_its_critics_do(double):
    """Best of the samples, the smaller group weighing more, by plain calls of the networks."""
    agent, g = BEAR(OBS, ACT, [8, 8], 3.0, generator(), vae_hidden=8, samples=3, members=(2, 1)), generator(1)
    states = torch.randn(400, OBS, generator=g)
    noises = {name: torch.randn(400, 3, ACT, generator=g) for name in ("next_critic", "next_cost")}
    found = agent.next_values(states, lambda name, *shape: noises[name])
    mean, log_std = agent.actor_target(states)
    for value, critics, name in (
        (found[0], agent.reward_target, "next_critic"),
        (found[1], agent.cost_target, "next_cost"),
    ):
        samples = []
        for index in range(3):
            actions = (mean + log_std.exp() * noises[name][:, index]).tanh()
            first, second = (group.min(0).values for group in critics(states, actions).chunk(2))
            samples.append(0.75 * torch.minimum(first, second) + 0.25 * torch.maximum(first, second))
        assert_close([value], [torch.stack(samples).max(0).values.detach()])


def test_targets_do_not_share_memory_with_what_they_follow():
    agent = make_agent()
    before = copy.deepcopy(agent.targets(*make_batch()[:2]))
    agent.critics.whole.weights[0].data += 1
    assert torch.equal(agent.targets(*make_batch()[:2]), before)
