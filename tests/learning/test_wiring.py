"""What the shared loop and the offline stages do with what they are given: each test fails under one plausible slip."""

import numpy as np
import pytest
from toys import STEPS, Ending, finish, make_context, run_loop, small

from baselines import offline_only, warm_start
from marvel import bear, cpq, finetune, prealign
from marvel.multipliers import Fixed
from marvel.offline import train_offline


@pytest.mark.parametrize(
    "train",
    [
        offline_only.train,
        warm_start.train,
        lambda context, hp: train_offline(context, hp, finetune.load_agent(context, hp), None, 0, 1),
    ],
    ids=["offline_only", "online", "offline stage"],
)
def test_evaluation_plays_the_deterministic_policy(train, toy_offline):
    context, hp, seeds = make_context(toy_offline), small(eval_episodes=3), []
    reset = context.env.reset
    context.env.reset = lambda *, seed: seeds.append(seed) or reset(seed=seed)
    row = next(train(context, hp))  # row 0 plays the evaluation alone
    context.env.reset = reset
    policy = finetune.load_agent(context, hp).policy()
    returns = [deterministic_return(context.env, policy, seed) for seed in seeds]
    assert len(set(seeds)) == 3 and row["eval_return"] == pytest.approx(np.mean(returns), abs=1e-5)


def deterministic_return(env, policy, seed: int) -> float:
    """Return of one episode of the deterministic policy."""
    (observation, _), total, ended = env.reset(seed=seed), 0.0, False
    while not ended:
        observation, reward, terminated, truncated, _ = env.step(policy(observation, None))
        total, ended = total + reward, terminated or truncated
    return total


@pytest.mark.parametrize("timeouts_terminal", [False, True])
@pytest.mark.parametrize(("steps", "terminated"), [(STEPS, False), (4, True)])
def test_the_buffer_tells_time_limits_from_terminations(timeouts_terminal, steps, terminated):
    context = make_context()
    if terminated:
        context.env = Ending(steps)
    seen = []
    hp = small(batch_size=4000, updates_per_round=1, timeouts_terminal=timeouts_terminal)
    run_loop(context, hp, lambda batch, *_: seen.append(batch.terminals.mean().item()) or {})
    expected = 1 / steps if terminated or timeouts_terminal else 0.0
    assert seen[-1] == pytest.approx(expected, rel=0.2)


def test_a_cost_equal_to_the_limit_is_no_violation():
    for limit, share in ((4.0, 0), (3.999, 1)):
        context = make_context(cost_limit=limit)
        context.env = Ending(4)
        rows = run_loop(context, small(updates_per_round=0), update=None)
        assert rows[-1]["train_violations"] == share * rows[-1]["episodes"] > -1
        assert rows[-1]["train_cost"] == 4.0


def test_a_minibatch_sees_the_multiplier_after_its_move():
    class Counting(Fixed):
        def update(self, episode_cost):
            self.value += episode_cost
            return self.value

    context, seen = make_context(), []
    context.env = Ending(4)
    hp = small(updates_per_round=3, online_episodes=2)
    rows = run_loop(context, hp, lambda batch, multiplier, draw: seen.append(multiplier) or {}, Counting(5.0, 0.0))
    assert seen[:3] == [4.0, 8.0, 12.0]  # each minibatch comes after a move by the episodes' mean cost
    assert rows[1]["multiplier"] == 12.0


@pytest.mark.parametrize(("options", "bonuses"), [({}, (0.5, 0.05)), ({"reward_bonus": 2.0}, (2.0, 0.2))])
def test_prealignment_has_the_temperature_as_bonus_and_a_tenth_for_the_cost(
    options, bonuses, toy_offline, toy_dataset, monkeypatch
):
    seen, step = [], prealign.prealign_step

    def watched(agent, batch, draw, reward_bonus, cost_bonus, *rest):
        seen.append((reward_bonus, cost_bonus))
        return step(agent, batch, draw, reward_bonus, cost_bonus, *rest)

    monkeypatch.setattr(prealign, "prealign_step", watched)
    context = make_context(toy_offline, toy_dataset)
    finish(context, prealign.train(context, small(temperature=0.5), calls=1, **options))
    assert seen == [pytest.approx(bonuses)] * 4


@pytest.mark.parametrize("module", [cpq, bear])
@pytest.mark.parametrize("limit", [None, 11.0])
def test_offline_thresholds_are_those_of_a_whole_episode(module, limit, toy_dataset, monkeypatch):
    built, kind = [], {cpq: "CPQ", bear: "BEAR"}[module]

    class Watched(getattr(module, kind)):
        def __init__(self, *arguments, **keywords):
            super().__init__(*arguments, **keywords)
            built.append(self.threshold)

    monkeypatch.setattr(module, kind, Watched)
    context = make_context(dataset=toy_dataset)  # limit 5
    finish(context, module.train(context, small(discount=0.9), steps=1, batch_size=4, cost_limit=limit))
    # an even cost of limit / STEPS a step; its discounted sums from the first step on
    assert built == [pytest.approx(sum(0.9**step for step in range(STEPS)) * (limit or 5.0) / STEPS)]


@pytest.mark.parametrize("module", [cpq, bear])
def test_offline_rates_go_to_the_network_they_are_named_after(module, toy_dataset):
    critics = {cpq: "reward_critic", bear: "reward_groups"}[module]
    states = {}
    for key, rates in (("none", (1e-12, 1e-12)), ("actor", (0.1, 1e-12)), ("critic", (1e-12, 0.1))):
        context = make_context(dataset=toy_dataset)
        options = {"steps": 2, "batch_size": 4, "actor_lr": rates[0], "critic_lr": rates[1]}
        states[key] = finish(context, module.train(context, small(), **options))

    def moved(key: str, part: str) -> bool:
        pairs = zip(states[key][part].values(), states["none"][part].values(), strict=True)
        return any((a - b).abs().max() > 1e-3 for a, b in pairs)

    assert moved("actor", "actor") and not moved("actor", critics)
    assert moved("critic", critics) and not moved("critic", "actor")
