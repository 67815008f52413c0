"""What the baselines decide, and that they and the offline algorithms go on unchanged after an interruption."""

import math

import numpy as np
import pytest
import torch
from conftest import make_spec

from baselines import jsrl, pex
from marvel.finetune import load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.run.context import Context
from marvel.run.execute import execute
from marvel.tasks import get_task


def rows_of(train, start, monkeypatch=None, **hyperparameters):
    """Rows of a method on the toy task, and its context."""
    context = Context(get_task("Toy"), cost_limit=5.0, seed=0, start=start)
    hp = Hyperparameters(
        **{
            "hidden_units": 16,
            "online_episodes": 8,
            "episodes_per_round": 2,
            "updates_per_round": 1,
            "eval_episodes": 1,
        }
        | hyperparameters
    )
    for row in train(context, hp):
        context.rows.append(row)
    return context.rows


def test_guide_opens_the_episode_and_its_part_shrinks_to_nothing(toy_offline, monkeypatch):
    asked = []

    def watched(step, max_steps, progress):
        asked.append((step, progress))
        return step / max_steps < 1 - progress

    monkeypatch.setattr(jsrl, "guide_acts", watched)
    rows_of(jsrl.train, toy_offline)
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
    assert pex.choice(np.array([1.0, -1.0])) == pytest.approx([1 / (1 + math.exp(-2)), 1 / (1 + math.exp(2))])
    assert pex.choice(np.array([1e4, 1e4 - 1], np.float32)) == pytest.approx([0.731, 0.269], abs=1e-3)
    assert pex.choice(np.array([1.0, -1.0]), softness=2.0) == pytest.approx(pex.choice(np.array([0.5, -0.5])))


@pytest.mark.parametrize("cost_aware", [False, True])
def test_pex_chooses_by_reward_alone_unless_it_is_cost_aware(cost_aware, toy_offline, monkeypatch):
    asked = []

    def watched(values, softness):
        asked.append(values)
        return np.array([0.5, 0.5])

    def watched_agent(context, hp):
        agent = load_agent(context, hp)
        for critic, value in ((agent.reward_target, 2.0), (agent.cost_target, 3.0)):
            with torch.no_grad():
                for parameter in critic.parameters():
                    parameter.zero_()
                critic.biases[-1].fill_(value)
        return agent

    monkeypatch.setattr(pex, "choice", watched)
    monkeypatch.setattr(pex, "load_agent", watched_agent)
    fixed = {"name": "fixed", "value": 10.0}
    rows_of(
        lambda context, hp: pex.train(context, hp, cost_aware=cost_aware, controller=fixed),
        toy_offline,
        updates_per_round=0,
    )
    assert len(asked) == 8 * 30
    assert np.allclose(asked, 2.0 - 10.0 * 3.0 if cost_aware else 2.0)


@pytest.mark.parametrize("method", [jsrl, pex])
def test_published_accounting_needs_two_episodes(method, toy_offline):
    def train(context, hp):
        return method.train(context, hp, official_accounting=True)

    with pytest.raises(ValueError, match="official_accounting needs episodes_per_round of at least 2"):
        rows_of(train, toy_offline, episodes_per_round=1)


@pytest.mark.parametrize(
    ("train", "options"),
    [
        ("baselines.jsrl", {}),
        ("baselines.jsrl", {"gate": 0.2, "stages": 3, "window": 1}),
        ("baselines.pex", {"cost_aware": True}),
        ("baselines.so2", {}),
        ("marvel.bear", {"steps": 210, "batch_size": 8, "eval_every": 100}),
        ("marvel.cpq", {"steps": 210, "batch_size": 8, "eval_every": 100}),
    ],
)
def test_interrupted_it_goes_on_to_the_same_bytes(train, options, tmp_path, toy_offline, toy_dataset, monkeypatch):
    start = {"start": str(toy_offline)} if train.startswith("baselines") else {"dataset": str(toy_dataset)}
    spec = make_spec(train, options=options, **start)
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
