"""A run that is cut off goes on to the same bytes: one of each kind of entry."""

import pytest
from conftest import make_spec

from marvel.run.context import Context
from marvel.run.execute import execute

PEX_ORIGINAL = {"fresh_learner": True, "offline_share": 0.5, "evaluate_as_acting": True, "cost_aware": True}
OFFLINE = {"steps": 110, "batch_size": 8, "eval_every": 100}


@pytest.mark.parametrize(
    ("train", "options"),
    [
        ("baselines.jsrl", {}),
        ("baselines.jsrl", {"gate": 0.2, "stages": 3, "window": 1}),
        ("baselines.pex", PEX_ORIGINAL),
        ("baselines.so2", {"noise_clip": 0.6}),
        ("baselines.rlpd_lag", {"update_ratio": 0.1}),
        ("baselines.wsrl_lag", {"update_ratio": 0.1, "warmup_steps": 200}),
        ("marvel.bear", OFFLINE),
        ("marvel.cpq", OFFLINE),
        ("marvel.bc", OFFLINE | {"safe_only": True}),
    ],
)
def test_interrupted_it_goes_on_to_the_same_bytes(train, options, tmp_path, toy_offline, toy_dataset, monkeypatch):
    reads = {"dataset": str(toy_dataset)} if "offline_share" in options or "baselines" not in train else {}
    reads |= {"dataset": str(toy_dataset)} if "rlpd" in train else {}
    starts = {"start": str(toy_offline)} if "baselines" in train and "rlpd" not in train else {}
    spec = make_spec(train, options=options, cost_limit=30, **reads, **starts)
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
