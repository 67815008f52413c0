"""BC and BC-Safe: what is cloned, from which episodes, and what goes online."""

import dataclasses

import numpy as np
import pytest
import torch
from toys import finish, make_context, small

from marvel import bc, datasets
from marvel.finetune import load_agent, new_agent
from marvel.run.snapshot import tensor_bytes


def test_cloning_learns_the_data_and_keeps_its_spread(toy_dataset):
    context, hp = make_context(dataset=toy_dataset), small()
    state = finish(context, bc.train(context, hp, steps=300, batch_size=64, eval_every=100, std=0.3))
    assert [row["updates"] for row in context.rows] == [0, 100, 200, 300]
    arrays = datasets.read(toy_dataset, "Toy")
    agent = bc.BC(4, 2, hp.hidden, torch.Generator(), std=9.9)
    agent.load_state_dict(state)
    observations, actions = torch.from_numpy(arrays["observations"]), torch.from_numpy(arrays["actions"])
    mean, log_std = agent.actor(observations)
    error = (mean.tanh() - actions).square().mean().item()
    assert error < actions.var() and error == pytest.approx(context.rows[-1]["imitation_error"], rel=0.3)
    assert log_std.exp().detach().numpy() == pytest.approx(0.3)


def test_safe_cloning_sees_the_episodes_within_the_limit_alone(toy_dataset):
    arrays = datasets.read(toy_dataset, "Toy")
    found = datasets.episodes(arrays)
    limit = float(np.median(found.costs))
    kept = bc.safe_episodes(arrays, limit, "x.hdf5")
    left = datasets.episodes(kept)
    assert left.costs.tolist() == found.costs[found.costs <= limit].tolist() and left.costs.max() == limit
    assert left.returns == pytest.approx(found.returns[found.costs <= limit])
    with pytest.raises(ValueError, match=r"x.hdf5: no episode costs at most -1 .* or leave safe_only out.$"):
        bc.safe_episodes(arrays, -1, "x.hdf5")


def test_cloned_actor_starts_online_with_random_critics(toy_dataset, tmp_path):
    data, hp, path = make_context(dataset=toy_dataset), small(), tmp_path / "bc.pt"
    path.write_bytes(tensor_bytes(finish(data, bc.train(data, hp, steps=100, batch_size=16, eval_every=50))))
    context = make_context(path)
    agent, fresh, state = load_agent(context, hp), new_agent(context, hp), context.read_start()
    assert state["kind"] == "bc" and torch.equal(agent.actor.mu_layer.weight, state["actor"]["mu_layer.weight"])
    assert torch.equal(agent.reward_critic.weights[0], fresh.reward_critic.weights[0])
    assert torch.equal(agent.cost_target.weights[1], agent.cost_critic.weights[1])
    restored = load_agent(context, dataclasses.replace(hp, restore_actor_optimizer=True)).actor_optimizer
    assert tensor_bytes(restored.state_dict()) != tensor_bytes(fresh.actor_optimizer.state_dict())
