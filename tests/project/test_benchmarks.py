"""./run bench: the plain version does the same mathematics, medians are medians, and the command leaves a table."""

import csv
import sys
import types

import numpy as np
import pytest
import torch
from agents import generator

from benchmarks import startup
from benchmarks.__main__ import COLUMNS, MISSING, UPDATES, line, main, rollout_line
from benchmarks.official import OfficialSACLag
from benchmarks.serve import transitions
from marvel.buffer import Batch
from marvel.hyperparameters import Hyperparameters
from marvel.prealign import prealign_step
from marvel.sac import SACLagrangian

OBS, ACT = 4, 2


def draw(name, *shape):
    """As torch.distributions draws: from the global generator."""
    return torch.normal(torch.zeros(shape), torch.ones(shape))


def copy_weights(plain: OfficialSACLag, agent: SACLagrangian) -> None:
    """The plain version's weights into ours; linear layers there are (out, in), ours are stacked (members, in, out)."""
    state = {name.replace("net.0.", "net."): value for name, value in plain.actor.state_dict().items()}
    agent.actor.load_state_dict(state)
    with torch.no_grad():
        for ensemble, critics in (
            (plain.critic, (agent.reward_critic, agent.reward_target)),
            (plain.cost_critic, (agent.cost_critic, agent.cost_target)),
        ):
            for member, q in enumerate(ensemble.q_nets):
                for layer, linear in enumerate(part for part in q if isinstance(part, torch.nn.Linear)):
                    for ours in critics:
                        ours.weights[layer][member] = linear.weight.T
                        ours.biases[layer][member, 0] = linear.bias


@pytest.mark.parametrize("name", ["sac", "vpa"])
def test_plain_version_computes_what_ours_computes(name):
    settings = {"hidden_units": 16, "entropy_in_target": "batch_mean", "actor_critics": "target"}
    hp = Hyperparameters(**settings, actor_lr=1e-3, temperature=0.1)
    torch.manual_seed(3)
    plain, agent = OfficialSACLag(transitions(OBS, ACT), hp), SACLagrangian(OBS, ACT, hp, generator())
    copy_weights(plain, agent)
    batches = [Batch(*columns) for columns in plain.loader()]
    assert [len(batch.rewards) for batch in batches] == [64] * 4
    plain.loader = lambda: batches
    torch.manual_seed(4)
    means = plain.train(0.3) if name == "sac" else plain.prealign()
    torch.manual_seed(4)
    found = []
    for batch in batches:
        metrics = agent.update(batch, 0.3, draw) if name == "sac" else prealign_step(agent, batch, draw, 0.0, 0.0)
        found.append([metrics["reward_q"].item(), metrics["cost_q"].item()])
    assert np.mean(found, 0) == pytest.approx(means, abs=1e-5)
    expected = SACLagrangian(OBS, ACT, hp, generator())
    copy_weights(plain, expected)
    for part in ("actor", "reward_critic", "cost_critic"):
        for a, b in zip(getattr(agent, part).parameters(), getattr(expected, part).parameters(), strict=True):
            assert torch.allclose(a, b, atol=2e-4)  # Adam's first steps enlarge rounding; each is 5e-3 in the critics


def test_line_of_the_table_by_hand():
    row = line("part", "8 / 2", "ms", [1.0, 2.0, 4.0], "other", [4.0, 6.0, 8.0], [1.0, 1.0, 2.0])
    assert (row["ours"], row["peers"], row["ratio"]) == (2.0, 6.0, 3.0)  # ratios 4, 3, 2: turn by turn
    assert (row["ratio_low"], row["ratio_high"], row["products"], row["at_most"]) == (2.5, 3.5, 1.0, 4.0)
    alone = line("part", "", "s", [1.0], "other", None, None)
    assert alone["peers"] == MISSING and "ratio" not in alone and alone["ours_high"] == 1.0
    assert set(row) <= set(COLUMNS)


def test_rollouts_join_the_table(monkeypatch):
    found = {"rollout": 14_000.0, "stock": 7_000.0, "environment": 1.0, "environment_ratio": 1.0}
    found |= {"rollout_ratio": 2.0, "rollout_ratio_low": 1.9, "rollout_ratio_high": 2.1, "at_most": 4.0}
    module = types.SimpleNamespace(compare=lambda task: found, DEFAULT=["BallRun"])
    monkeypatch.setitem(sys.modules, "benchmarks.rollouts", module)
    monkeypatch.setattr("benchmarks.rollouts", module, raising=False)
    row = rollout_line("BallRun")
    assert row["part"] == "rollout BallRun" and row["ratio_low"] == 1.9 and set(row) <= set(COLUMNS)


def test_command_measures_one_part_and_keeps_the_others_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(UPDATES, "SAC-Lag minibatch, 64", ("sac_minibatch", 1, ("8 / 2",), "fast-safe-rl 0.1.0", 1))
    with open(tmp_path / "table.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerow(
            {"part": "kept", "sizes": "", "unit": "ms", "ours": 1.5, "peer": "other", "peers": 3, "ratio": 2}
        )
    options = ["--turns", "2", "--seconds", "0.01", "--train", "2", "--peers", str(tmp_path / "none")]
    main(["SAC-Lag minibatch", *options, "--out", str(tmp_path / "table")])
    with open(tmp_path / "table.csv", newline="") as file:
        kept, new = csv.DictReader(file)
    assert kept["ratio"] == "2" and new["peers"] == MISSING and 0 < float(new["ours"]) < 1000
    text = (tmp_path / "table.md").read_text()
    assert "| kept |  | 1.5 ms | other | 3 | 2 " in text and "2 turns of 0.01 s after 2 minibatches" in text
    with pytest.raises(SystemExit):
        main(["no such part"])
    assert "no part begins with no such part; there are: VPA call" in capsys.readouterr().err


def test_a_job_is_left_at_its_first_row():
    assert startup.seconds("-m", "benchmarks.startup") > 0
