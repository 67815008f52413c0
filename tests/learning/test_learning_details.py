"""Details of learning and collecting that a refactoring can change without a sound: rates, streams, sets of data."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from agents import ACT, generator, make_agent, make_batch, targets_of
from toys import STEPS, Ending, finish, make_context, run_loop, small

from baselines import offline_only, warm_start
from marvel import bc, datasets, prealign, ranks
from marvel.bear import BEAR, ValuePID
from marvel.buffer import ReplayBuffer
from marvel.cpq import CPQ
from marvel.critics import Critics
from marvel.datasets import collect
from marvel.datasets.expert import Expert, Plan
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import AdaptivePID
from marvel.networks import SquashedGaussianActor, gaussian
from marvel.rollout import evaluate, play_episode
from marvel.run.spec import read_spec
from marvel.run.start import read_checkpoint
from marvel.simulators import make_env
from marvel.tasks import get_task


def test_each_network_learns_at_the_rate_named_after_it():
    rates = {"actor": 0.1, "reward_critic": 0.01, "cost_critic": 0.001}
    agent = make_agent(actor_lr=0.1, critic_lr=0.01, cost_critic_lr=0.001)
    before = {name: [p.clone() for p in getattr(agent, name).parameters()] for name in rates}
    agent.update(make_batch(16), 0.3, gaussian(generator(5)))
    for name, rate in rates.items():  # Adam's first step is the rate, whatever the gradient
        pairs = zip(before[name], getattr(agent, name).parameters(), strict=True)
        assert max((a - b).abs().max().item() for a, b in pairs) == pytest.approx(rate, rel=1e-2)


def test_metrics_are_the_means_of_the_targets():
    agent, metrics = make_agent(), {}
    batch = make_batch(8)
    rewards, costs = targets_of(agent, lambda: metrics.update(agent.update(batch, 0.3, gaussian(generator(5)))))
    found = metrics["reward_q"].item(), metrics["cost_q"].item()
    assert found == pytest.approx((rewards.mean().item(), costs.mean().item()))


def test_initial_weights_are_uniform_within_the_root_of_their_inputs():
    critics = Critics(2, 50, [100, 100], generator())
    actor = SquashedGaussianActor(50, 40, [100, 100], "relu", generator())
    layers = [(weight, weight.shape[1]) for weight in critics.weights[:2]]
    layers += [(layer.weight, layer.in_features) for layer in (actor.net[0], actor.net[2], actor.mu_layer)]
    for weight, inputs in layers:
        bound = 1 / math.sqrt(inputs)
        assert 0.95 * bound < weight.abs().max().item() <= bound
        assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_a_minibatch_holds_played_transitions_alone():
    buffer = ReplayBuffer(1000, 1, 1)
    steps = np.arange(5.0)[:, None]
    buffer.add_episode(7 + steps, steps[:4], np.ones(4), np.zeros(4), False)
    batch = buffer.sample(64, generator())
    assert set(batch.observations[:, 0].tolist()) == {7, 8, 9, 10}
    assert torch.equal(batch.next_observations, batch.observations + 1)
    assert torch.equal(batch.actions, batch.observations - 7)


def test_safe_cloning_trains_on_safe_episodes_alone(toy_dataset, monkeypatch):
    arrays = datasets.read(toy_dataset, "Toy")
    limit = float(np.median(datasets.episodes(arrays).costs))
    safe = {row.tobytes() for row in bc.safe_episodes(arrays, limit, "x")["observations"]}
    assert 0 < len(safe) < 0.8 * len(arrays["rewards"])
    seen, update = [], bc.BC.update

    def watched(self, batch):
        seen.extend(row.tobytes() for row in batch.observations.numpy())
        return update(self, batch)

    monkeypatch.setattr(bc.BC, "update", watched)
    for safe_only in (True, False):
        seen.clear()
        context = make_context(dataset=toy_dataset, cost_limit=limit)
        finish(context, bc.train(context, small(), steps=2, batch_size=256, safe_only=safe_only))
        assert (set(seen) <= safe) is safe_only


@pytest.mark.parametrize("kind", [CPQ, BEAR])
def test_offline_rewards_are_scaled_and_costs_are_not(kind):
    agent = kind(3, ACT, [8, 8], 3.0, generator(), reward_scale=0.1, discount=0.0)
    metrics = agent.update(make_batch(4), gaussian(generator(5)))  # rewards of 10, costs of 1
    assert (metrics["reward_q"].item(), metrics["cost_q"].item()) == (pytest.approx(1), 1)


def test_cloning_compares_actions_after_the_tanh():
    batch, agent = make_batch(16), bc.BC(3, ACT, [8, 8], generator())
    with torch.no_grad():
        agent.actor.mu_layer.bias += 2  # far from where tanh is the identity
        expected = (agent.actor(batch.observations)[0].tanh() - batch.actions).square().mean().item()
    assert agent.update(batch)["imitation_error"].item() == pytest.approx(expected)


def test_the_integral_of_bears_multiplier_never_falls_below_0():
    pid = ValuePID(0.0, 1.0, 0.0, threshold=10.0)
    assert [pid.update(torch.tensor([value])) for value in (5.0, 12.0, 11.0, 9.0)] == [0, 2, 3, 2]


def test_prealignment_moves_targets_at_its_own_rate(toy_offline, toy_dataset):
    for tau, same in ((1.0, True), (None, False)):
        context = make_context(toy_offline, toy_dataset)
        state = finish(context, prealign.train(context, small(), calls=2, tau=tau))
        for kind in ("reward", "cost"):
            pairs = zip(state[f"{kind}_target"].values(), state[f"{kind}_critic"].values(), strict=True)
            assert all(torch.equal(a, b) for a, b in pairs) is same


def test_cumulative_cost_is_the_sum_over_all_training_episodes():
    context = make_context()
    context.env = Ending(4)  # costs 4 an episode
    rows = run_loop(context, small(updates_per_round=0), update=None)
    assert [row["cumulative_cost"] for row in rows] == [4.0 * row["episodes"] for row in rows]
    assert rows[-1]["episodes"] > rows[-1]["round"] > 0


def test_each_round_has_minibatches_of_its_own():
    """From a buffer that does not grow, as a round of the same draws would take the same rows."""
    drawn = []

    class Still(ReplayBuffer):
        def sample(self, batch_size, generator):
            drawn.append(tuple(torch.randint(1000, (batch_size,), generator=generator).tolist()))
            return super().sample(batch_size, generator)

    context = make_context()
    context.replay_buffer = lambda hp: Still(10_000, 4, 2)
    run_loop(context, small(updates_per_round=1), update=lambda *_: {})
    assert len(drawn) == len(set(drawn)) == 6


def test_the_last_round_is_evaluated():
    rows = run_loop(make_context(), small(eval_every=4), update=lambda *_: {})
    assert [row["round"] for row in rows if row["eval_return"] is not None] == [0, 4, 6]


def seeds_of(context, method) -> list[int]:
    """The seeds of all episodes that a method plays, in order."""
    seeds, reset = [], context.env.reset
    context.env.reset = lambda *, seed: seeds.append(seed) or reset(seed=seed)
    finish(context, method)
    return seeds


def test_each_episode_of_a_run_has_a_seed_of_its_own(toy_offline):
    context, hp = make_context(toy_offline), small(eval_every=1, eval_episodes=2, updates_per_round=0)
    seeds = seeds_of(context, warm_start.train(context, hp))
    assert len(seeds) == len(set(seeds)) == 12 + 7 * 2  # 6 rounds of two, evaluated before and after each


def test_offline_only_plays_the_evaluation_episodes_of_the_start_policy(toy_offline):
    """So that it can be compared with row 0 of the methods that start from the same policy."""
    played = []
    for train in (offline_only.train, warm_start.train):
        context = make_context(toy_offline)
        played.append(seeds_of(context, train(context, small(eval_episodes=3, updates_per_round=0)))[:3])
    assert played[0] == played[1] and len(set(played[0])) == 3


def test_each_step_has_noise_of_its_own():
    noise = np.arange(2.0 * STEPS, dtype=np.float32).reshape(STEPS, 2) / 100
    episode = play_episode(make_env("Toy"), lambda observation, drawn: drawn, 3, noise)
    np.testing.assert_array_equal(episode.actions, noise)


def test_spread_of_an_evaluation_is_that_of_its_episodes():
    context, hp = make_context(), small(eval_episodes=3)
    row = evaluate(context, hp, lambda observation, noise: np.full(2, 0.1, np.float32), 0)
    returns, costs = np.array([episode[-2:] for episode in context.episodes]).T
    assert len(set(returns)) == 3
    assert row["eval_return_std"] == pytest.approx(math.sqrt(((returns - returns.mean()) ** 2).mean()))
    assert row["eval_cost_std"] == pytest.approx(math.sqrt(((costs - costs.mean()) ** 2).mean()))


def test_fading_keeps_the_sign_of_the_proportional_term():
    pid = AdaptivePID(10, kp=1, ki=0, kd=0, smoothing=0.0, value=100.0)
    assert pid.update(5) == pytest.approx(100 - math.tanh(0.5) * 5)


def test_rank_values_before_are_the_offline_critics(toy_offline, toy_prealigned, monkeypatch):
    def values(agent, points):
        return (np.full(len(points), agent.reward_critic.weights[0].sum().item()),) * 2

    monkeypatch.setattr(ranks, "values", values)
    row = next(ranks.measure(read_spec(str(toy_prealigned.with_name("run.json"))), toy_prealigned, 1, 1, 5))
    for stage, path in (("before", toy_offline), ("after", toy_prealigned)):
        weights = read_checkpoint(path)["reward_critic"]["weights.0"]
        assert row[f"reward_{stage}"] == pytest.approx(weights.sum().item(), rel=1e-4)
    assert row["reward_before"] != pytest.approx(row["reward_after"], rel=1e-3)


def test_rollouts_of_ranks_leave_half_of_an_episode_to_begin_in(toy_prealigned, monkeypatch):
    monkeypatch.setattr(ranks, "values", lambda agent, points: (np.zeros(len(points)),) * 2)
    spec = read_spec(str(toy_prealigned.with_name("run.json")))
    steps = [row["step"] for row in ranks.measure(spec, toy_prealigned, 20, 1, 300)]
    assert len(steps) == 40 and STEPS / 4 < max(steps) <= STEPS / 2


def logged(returns: list[float], costs: list[float]) -> collect.Log:
    """A collector's log of episodes."""
    log = collect.Log()
    log.returns, log.costs = returns, costs
    return log


def test_thinning_draws_from_a_crowd_at_random():
    task = dataclasses.replace(get_task("BallRun"), dataset_episodes=10)
    log = logged([500.0] * 100, [0.0] * 100)
    kept = [collect.thin(log, task, generator(seed)).tolist() for seed in (0, 0, 1)]
    assert kept[0] == kept[1] != kept[2] and [len(part) for part in kept] == [10] * 3
    assert max(kept[0]) > 50


def test_thinning_tells_cells_apart():
    """Every cell of the grid keeps an episode, where two in one cell would keep one."""
    task = dataclasses.replace(get_task("BallRun"), dataset_episodes=1)
    middle = (np.arange(50) + 0.5) / 50 * (task.max_return - task.min_return) + task.min_return
    cells = [(value, cost) for value in middle for cost in (np.arange(60) + 0.5) / 60 * task.max_cost]
    log = logged(*map(list, zip(*cells, strict=True)))
    assert len(collect.thin(log, task, generator())) == 3000
    twice = logged(log.returns * 2, log.costs * 2)
    assert len(collect.thin(twice, task, generator())) == 3000


def make_expert(context) -> Expert:
    return Expert(context, Hyperparameters(hidden_units=8, batch_size=16), (0.03, 2.0))


def test_the_expert_learns_from_transitions_with_a_multiplier_of_their_own():
    expert, seen = make_expert(make_context()), []
    buffer = ReplayBuffer(8, 4, 2)
    buffer.add_episode(np.arange(9.0)[:, None].repeat(4, 1), np.zeros((8, 2)), np.zeros(8), np.zeros(8), False)
    expert.agent.update = lambda batch, multipliers, draw: seen.append((batch, multipliers)) or {}
    expert.update(buffer, generator())
    ((batch, multipliers),) = seen
    assert torch.equal(batch.next_observations[:, :4], batch.observations[:, :4] + 1)
    assert len(set(multipliers.tolist())) > 8
    for columns in (batch.observations, batch.next_observations):
        assert torch.equal(columns[:, 4], expert.feature(multipliers))


@pytest.mark.parametrize(("budget", "step", "switch"), [(math.inf, 3, 3), (2.0, math.inf, 2), (5.0, 4, 4)])
def test_the_expert_switches_at_its_plans_step_or_cost(budget, step, switch, monkeypatch):
    context, seen = make_context(), []
    context.env = Ending(8)  # costs 1 a step
    expert = make_expert(context)
    monkeypatch.setattr(expert, "plan", lambda *_: Plan(0.1, 1.0, budget, step, 1.0))

    def policy(observation, noise):
        seen.append(observation[-1])
        return np.zeros(ACT, np.float32)

    expert.play(context, policy, generator(), learning=True)
    expected = [expert.feature(0.1)] * switch + [expert.feature(1.0)] * (8 - switch)
    assert seen == pytest.approx(expected, abs=1e-6)
