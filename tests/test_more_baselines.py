"""BC, RLPD-Lag and WSRL-Lag, and what they ask of the shared parts: mixed batches, warm-up, update ratio, LayerNorm."""

import dataclasses

import numpy as np
import pytest
import torch
from conftest import make_spec
from torch.nn import functional

from baselines import from_scratch, rlpd_lag, wsrl_lag
from marvel import bc, datasets, prealign
from marvel.critics import Critics
from marvel.finetune import load_agent, new_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import Fixed
from marvel.networks import copy_of
from marvel.run.context import Context, tensor_bytes
from marvel.run.execute import execute
from marvel.sac import SACLagrangian
from marvel.tasks import get_task

HP = Hyperparameters(
    hidden_units=16, online_episodes=12, episodes_per_round=2, updates_per_round=4, eval_episodes=1, batch_size=8
)


def make_context(start=None, dataset=None, cost_limit: float = 5.0) -> Context:
    return Context(get_task("Toy"), cost_limit=cost_limit, seed=0, start=start, dataset=dataset)


def finish(context: Context, method) -> dict | None:
    """Run a method to its end; rows go to `context.rows`."""
    while True:
        try:
            context.rows.append(next(method))
        except StopIteration as stop:
            return stop.value


@pytest.fixture
def toy_bc(toy_dataset, tmp_path):
    context = make_context(dataset=toy_dataset)
    path = tmp_path / "bc.pt"
    path.write_bytes(tensor_bytes(finish(context, bc.train(context, HP, steps=100, batch_size=16, eval_every=50))))
    return path


def test_cloning_learns_the_data_and_keeps_its_spread(toy_dataset):
    context = make_context(dataset=toy_dataset)
    state = finish(context, bc.train(context, HP, steps=300, batch_size=64, eval_every=100, std=0.3))
    assert [row["updates"] for row in context.rows] == [0, 100, 200, 300]
    arrays = datasets.read(toy_dataset, "Toy")
    agent = bc.BC(4, 2, HP.hidden, torch.Generator(), std=9.9)
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


def test_cloned_actor_starts_online_with_random_critics(toy_bc):
    context = make_context(start=toy_bc)
    agent, fresh, state = load_agent(context, HP), new_agent(context, HP), context.read_start()
    assert state["kind"] == "bc" and torch.equal(agent.actor.mu_layer.weight, state["actor"]["mu_layer.weight"])
    assert torch.equal(agent.reward_critic.weights[0], fresh.reward_critic.weights[0])
    assert torch.equal(agent.cost_target.weights[1], agent.cost_critic.weights[1])
    assert load_agent(context, dataclasses.replace(HP, restore_actor_optimizer=True)).actor_optimizer.steps


def test_minibatches_are_half_offline(toy_dataset, monkeypatch):
    seen = []
    update = SACLagrangian.update

    def watched(self, batch, multiplier, draw):
        seen.append(batch)
        return update(self, batch, multiplier, draw)

    monkeypatch.setattr(SACLagrangian, "update", watched)
    context = make_context(dataset=toy_dataset)
    finish(context, rlpd_lag.train(context, dataclasses.replace(HP, layer_norm=True), update_ratio=0.5))
    offline = {row.tobytes() for row in datasets.read(toy_dataset, "Toy")["observations"]}
    for batch in seen:
        assert [row.tobytes() in offline for row in batch.observations.numpy()] == [True] * 4 + [False] * 4
    assert len(seen) == context.rows[-1]["updates"] == context.rows[-1]["env_steps"] // 2
    with pytest.raises(ValueError, match=r"offline_share is 1\.5; it must be between 0 and 1"):
        next(rlpd_lag.train(context, HP, offline_share=1.5))


def test_warm_up_plays_and_does_not_learn(toy_offline):
    context = make_context(start=toy_offline)
    finish(context, wsrl_lag.train(context, HP, warmup_steps=61, update_ratio=0.5))  # 61 steps: two rounds of 60
    rows = context.rows
    assert [row["updates"] for row in rows[:3]] == [0, 0, 0] and rows[1]["reward_q"] is None
    assert [row["episodes"] for row in rows] == [0, 2, 4, 6, 8, 10, 12]
    assert [row["multiplier"] for row in rows[1:3]] == [0.0, 0.0]
    for row in rows[3:]:
        assert row["updates"] == int(0.5 * (row["env_steps"] - rows[2]["env_steps"])) and row["reward_q"] is not None
    cold = make_context(start=toy_offline)
    finish(cold, wsrl_lag.train(cold, HP, warmup_steps=0, update_ratio=None))
    assert [row["updates"] for row in cold.rows] == [0, 4, 8, 12, 16, 20, 24]
    with pytest.raises(ValueError, match="warmup_steps 5000 take 84 of 6 rounds on Toy and leave none for learning"):
        next(wsrl_lag.train(make_context(start=toy_offline), HP))


@pytest.mark.parametrize(("moves", "expected"), [("minibatch", 4), ("round", 1)])
@pytest.mark.parametrize("ratio", [None, 0.5, 1.0])
def test_multiplier_moves_as_often_at_any_update_ratio(ratio, moves, expected, monkeypatch):
    told = []

    class Watched(Fixed):
        def update(self, episode_cost):
            told.append(episode_cost)
            return self.value

    monkeypatch.setattr(from_scratch, "make_controller", lambda *_: Watched(5.0))
    context = make_context()
    hp = dataclasses.replace(HP, multiplier_moves=moves)
    finish(context, from_scratch.train(context, hp, update_ratio=ratio))
    assert told == [row["train_cost"] for row in context.rows[1:] for _ in range(expected)]


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
    hp = dataclasses.replace(HP, layer_norm=True)
    context = make_context(start=toy_offline, dataset=toy_dataset)
    with pytest.raises(ValueError, match="fresh_critics: true and layer_norm: true"):
        load_agent(context, hp)
    path = tmp_path / "normed.pt"
    path.write_bytes(tensor_bytes(finish(context, prealign.train(context, hp, calls=2, fresh_critics=True))))
    assert len(load_agent(make_context(start=path), hp).cost_target.scales) == 2
    with pytest.raises(ValueError, match="made with layer_norm True, not False"):
        load_agent(make_context(start=path), HP)


def test_fresh_critics_forget_the_offline_ones(toy_offline, toy_dataset):
    context = make_context(start=toy_offline, dataset=toy_dataset)
    state, fresh = finish(context, prealign.train(context, HP, calls=0, fresh_critics=True)), new_agent(context, HP)
    for part in ("reward_critic", "cost_critic", "reward_target", "cost_target"):
        assert all(torch.equal(state[part][name], value) for name, value in getattr(fresh, part).state_dict().items())
    offline = context.read_start()["actor"]
    assert all(torch.equal(state["actor"][name], value) for name, value in offline.items())


@pytest.mark.parametrize(
    ("train", "options"),
    [
        ("baselines.rlpd_lag", {"update_ratio": 0.1}),
        ("baselines.wsrl_lag", {"update_ratio": 0.1, "warmup_steps": 200}),
        ("marvel.bc", {"steps": 210, "batch_size": 8, "eval_every": 100, "safe_only": True}),
    ],
)
def test_interrupted_it_goes_on_to_the_same_bytes(train, options, tmp_path, toy_offline, toy_dataset, monkeypatch):
    start = {"start": str(toy_offline)} if "wsrl" in train else {"dataset": str(toy_dataset)}
    spec = make_spec(train, options=options, cost_limit=30, **start)
    execute(spec, tmp_path / "whole")
    monkeypatch.setattr("marvel.run.context.SNAPSHOT_SECONDS", 0.0)
    report, calls = Context.report, []

    def interrupt(self, done, total, unit, **values):
        calls.append(done)
        if len(calls) == 3:
            raise KeyboardInterrupt
        report(self, done, total, unit, **values)

    monkeypatch.setattr(Context, "report", interrupt)
    with pytest.raises(KeyboardInterrupt):
        execute(spec, tmp_path / "cut")
    execute(spec, tmp_path / "cut")
    assert calls[3] == calls[2]  # it went on with the round that was cut off
    for name in ("progress.csv", "checkpoint.pt"):
        if (tmp_path / "whole" / name).exists():
            assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
