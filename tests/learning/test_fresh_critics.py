"""Critics that start afresh in pre-alignment, and LayerNorm, which needs such critics."""

import pytest
import torch
from torch.nn import functional
from toys import finish, make_context, small

from marvel import prealign
from marvel.critics import Critics
from marvel.finetune import load_agent, new_agent
from marvel.networks import copy_of
from marvel.run.snapshot import tensor_bytes


def test_layer_norm_is_torchs_and_targets_have_it_too():
    critics = Critics(2, 5, [8, 8], torch.Generator().manual_seed(0), layer_norm=True)
    with torch.no_grad():
        for parameter in (*critics.scales, *critics.shifts):
            parameter.uniform_(0.5, 1.5)
    observations, actions = torch.randn(3, 4), torch.randn(3, 1)
    for member in range(2):
        hidden = torch.cat((observations, actions), -1)
        for layer in range(3):
            hidden = hidden @ critics.weights[layer][member] + critics.biases[layer][member]
            if layer < 2:
                scale, shift = critics.scales[layer][member, 0], critics.shifts[layer][member, 0]
                hidden = functional.layer_norm(hidden, (8,), scale, shift).relu()
        assert torch.allclose(critics(observations, actions)[member], hidden[:, 0], atol=1e-6)
    assert torch.equal(copy_of(critics)(observations, actions), critics(observations, actions))


def test_layer_norm_asks_for_critics_that_start_afresh(toy_offline, toy_dataset, tmp_path):
    hp, context = small(layer_norm=True), make_context(toy_offline, toy_dataset)
    with pytest.raises(ValueError, match="fresh_critics: true and layer_norm: true"):
        load_agent(context, hp)
    path = tmp_path / "normed.pt"
    path.write_bytes(tensor_bytes(finish(context, prealign.train(context, hp, calls=2, fresh_critics=True))))
    assert len(load_agent(make_context(path), hp).cost_target.scales) == 2
    with pytest.raises(ValueError, match="made with layer_norm True, not False"):
        load_agent(make_context(path), small())


def test_fresh_critics_forget_the_offline_ones(toy_offline, toy_dataset):
    context, hp = make_context(toy_offline, toy_dataset), small()
    state, fresh = finish(context, prealign.train(context, hp, calls=0, fresh_critics=True)), new_agent(context, hp)
    for part in ("reward_critic", "cost_critic", "reward_target", "cost_target"):
        assert all(torch.equal(state[part][name], value) for name, value in getattr(fresh, part).state_dict().items())
    offline = context.read_start()["actor"]
    assert all(torch.equal(state["actor"][name], value) for name, value in offline.items())
