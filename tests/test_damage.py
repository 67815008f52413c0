"""Damaged state is noticed, divergence is a result, a stop is gentle, files of others are kept."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from conftest import ROOT, SMALL, make_spec

from marvel import buffer
from marvel.errors import Diverged, InputError, SimulatorError
from marvel.files import lock, replacing, write_atomically
from marvel.run.__main__ import main
from marvel.run.context import Context
from marvel.run.execute import execute
from marvel.run.snapshot import sealed, tensor_bytes, unsealed
from marvel.simulators import make_env
from marvel.simulators.toy import Toy

ROUNDS = SMALL["online_episodes"] // 5


def record_of(out):
    return json.loads((out / "run.json").read_text())["record"]


@pytest.fixture
def cut_off(tmp_path, monkeypatch):
    """A spec and the folder of its run, cut off in round 3 with a snapshot of round 2; and its bytes when whole."""
    spec = make_spec("baselines.from_scratch")
    execute(spec, tmp_path / "whole")
    monkeypatch.setattr("marvel.run.context.SNAPSHOT_SECONDS", 0.0)

    def interrupt(self, done, total, unit, **values):
        if self.round == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Context, "report", interrupt)
        with pytest.raises(KeyboardInterrupt):
            execute(spec, tmp_path / "cut")
    return spec, tmp_path / "cut", (tmp_path / "whole" / "progress.csv").read_bytes()


def cut_short(path):
    path.write_bytes(path.read_bytes()[:100])


def zero(path):
    path.write_bytes(bytes(path.stat().st_size))


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["snapshot.pt", "buffer.f32"])
@pytest.mark.parametrize("damage", [cut_short, zero, flip, os.remove])
def test_damaged_state_is_noticed_and_the_run_starts_anew(name, damage, cut_off, capfd):
    spec, out, whole = cut_off
    path = out / ".state" / name
    if name == "buffer.f32" and damage is flip:  # only rows that the snapshot counts on matter
        path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    else:
        damage(path)
    capfd.readouterr()
    assert execute(spec, out) == "finished"
    error = capfd.readouterr().err
    if (name, damage) != ("snapshot.pt", os.remove):
        assert ("is damaged: starting anew" if name == "snapshot.pt" else "is not the one of the snapshot") in error
    assert "going on" not in error and (out / "progress.csv").read_bytes() == whole
    assert record_of(out)["resumed"] == 0


def test_an_undamaged_one_goes_on_and_leaves_no_temporary_files(cut_off, capfd):
    spec, out, whole = cut_off
    (out / ".state" / ".snapshot.pt.123.tmp").write_bytes(b"left by a killed process")
    execute(spec, out)
    assert "going on at round 3" in capfd.readouterr().err
    assert (out / "progress.csv").read_bytes() == whole and record_of(out)["resumed"] == 1
    assert not list(out.glob("**/.*.tmp"))


def test_every_flipped_bit_of_a_snapshot_is_noticed():
    content = sealed({"weights": torch.arange(20.0), "round": 3})
    assert unsealed(content)["round"] == 3
    for place in range(0, 8 * len(content), 97):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        assert unsealed(bytes(flipped)) is None


def test_a_start_is_compared_with_its_own_record(toy_offline, tmp_path, capfd):
    folder = tmp_path / "offline"
    folder.mkdir()
    (folder / "run.json").write_bytes(toy_offline.with_name("run.json").read_bytes())
    (folder / "checkpoint.pt").write_bytes(toy_offline.read_bytes())
    spec = make_spec("baselines.warm_start", start=str(folder / "checkpoint.pt"))
    execute(spec, tmp_path / "sound")
    flip(folder / "checkpoint.pt")
    assert main([json.dumps(spec), "--out", str(tmp_path / "flipped")]) == 1
    assert "checkpoint.pt is not the file that its run wrote" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (tensor_bytes({"kind": "cpq", "actor": {}})[:-200], "it is cut short or damaged"),
        (tensor_bytes({"actor": {}}), "it has no key 'kind'"),
        (tensor_bytes({"kind": "cpq"}), "it holds no actor"),
        (
            tensor_bytes({"kind": "cpq", "actor": {"w": torch.tensor([1.0, float("nan")])}}),
            "holds numbers that are not finite in actor.w",
        ),
    ],
)
def test_what_is_no_checkpoint_is_one_sentence(content, sentence, tmp_path, capfd):
    (tmp_path / "x.pt").write_bytes(content)
    spec = make_spec("baselines.warm_start", start=str(tmp_path / "x.pt"))
    assert main([json.dumps(spec), "--out", str(tmp_path / "out")]) == 1
    error = capfd.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ") and "x.pt" in error and sentence in error


def test_a_pickled_module_is_one_sentence(tmp_path, capfd):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "x.pt")
    spec = make_spec("baselines.warm_start", start=str(tmp_path / "x.pt"))
    assert main([json.dumps(spec), "--out", str(tmp_path / "out")]) == 1
    assert "it holds other objects than tensors and numbers" in capfd.readouterr().err


def test_divergence_keeps_the_rows_and_says_where(tmp_path, capfd):
    spec = make_spec("baselines.from_scratch", hyperparameters=SMALL | {"critic_lr": 1e30, "actor_lr": 1e30})
    assert main([json.dumps(spec), "--out", str(tmp_path)]) == 0
    record = record_of(tmp_path)
    assert record["status"] == "diverged" and record["round"] >= 1 and record["reason"]
    rows = (tmp_path / "progress.csv").read_text().splitlines()
    assert 2 <= len(rows) <= ROUNDS + 1 and not (tmp_path / "actor.pt").exists()
    assert "nan" not in "".join(rows) and "diverged" in capfd.readouterr().err
    assert main([json.dumps(spec), "--out", str(tmp_path)]) == 0 and "already finished" in capfd.readouterr().err


def test_what_starts_from_a_diverged_stage_has_diverged(toy_dataset, tmp_path):
    offline = make_spec("marvel.cpq", dataset=str(toy_dataset), options={"steps": 300, "critic_lr": 1e38})
    assert execute(offline, tmp_path / "offline") == "diverged"
    spec = make_spec("baselines.warm_start", start=str(tmp_path / "offline" / "checkpoint.pt"))
    assert execute(spec, tmp_path / "online") == "diverged"
    assert "its start" in record_of(tmp_path / "online")["reason"]
    assert len((tmp_path / "online" / "progress.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize("part", ["reward", "cost", "observation"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_simulator_that_gives_nan_is_named(part, value, monkeypatch, tmp_path, capfd):
    step = Toy.step

    def broken(self, action):
        observation, reward, cost, ended = step(self, action)
        parts = {"reward": reward, "cost": cost, "observation": observation}
        parts[part] = parts[part] * value if part == "observation" else value
        return parts["observation"], parts["reward"], parts["cost"], ended

    monkeypatch.setattr(Toy, "step", broken)
    env = make_env("Toy")
    env.reset(seed=3)
    with pytest.raises(SimulatorError, match=f"of Toy gave the {part} .* in step 1 of the episode with seed 3"):
        env.step(np.ones(2))
    assert main([json.dumps(make_spec("baselines.from_scratch")), "--out", str(tmp_path)]) == 1
    assert "the simulator of Toy gave" in capfd.readouterr().err and not (tmp_path / "progress.csv").exists()


def test_an_action_that_is_not_finite_is_divergence():
    env = make_env("Toy")
    env.reset(seed=0)
    with pytest.raises(Diverged, match="the policy's action is"):
        env.step(np.array([np.nan, 0.0]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_a_snapshot_and_the_run_goes_on_from_it(number, tmp_path):
    budget = SMALL | {"online_episodes": 800, "updates_per_round": 1, "eval_every": 1000}
    spec = make_spec("baselines.from_scratch", hyperparameters=budget)
    command = [sys.executable, "-m", "marvel.run", json.dumps(spec), "--out", str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / ".state" / "buffer.f32").exists():
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(number)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number
    assert error.count("\n") == 1 and f"stopped by {number.name}; its snapshot after round" in error
    assert json.loads((tmp_path / ".state" / "status.json").read_text())["state"] == "stopped"
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "going on at round" in again.stderr and record_of(tmp_path)["resumed"] == 1


def test_another_run_s_and_other_people_s_files_are_kept(tmp_path):
    spec = make_spec("baselines.from_scratch")
    (tmp_path / "progress.csv").write_text("mine\n")
    with pytest.raises(InputError, match=r"progress\.csv was not written by a run in this folder; move it away"):
        execute(spec, tmp_path)
    assert (tmp_path / "progress.csv").read_text() == "mine\n"


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch, capfd):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(buffer.os, "posix_fallocate", full)
    assert main([json.dumps(make_spec("baselines.from_scratch")), "--out", str(tmp_path)]) == 1
    assert "has no room for the replay buffer of 35,280 bytes (No space left on device)" in capfd.readouterr().err
    monkeypatch.undo()
    (tmp_path / "old").write_bytes(b"old")
    with pytest.raises(InputError, match=r"old cannot be written \(No space left"), replacing(tmp_path / "old"):
        full()
    assert (tmp_path / "old").read_bytes() == b"old" and not list(tmp_path.glob(".*.tmp"))


def test_a_buffer_is_allocated_not_sparse(tmp_path):
    buffer.allocate(tmp_path / "b", 1 << 20)
    assert (tmp_path / "b").stat().st_blocks * 512 >= 1 << 20
    write_atomically(tmp_path / "c", b"x" * 100)
    assert (tmp_path / "c").read_bytes() == b"x" * 100


def test_a_file_system_without_locks_costs_a_warning(tmp_path, monkeypatch, capfd):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("marvel.files.fcntl.flock", no_locks)
    monkeypatch.setattr("marvel.files._warned", False)
    with open(tmp_path / "lock", "a") as file:
        assert lock(file, wait=False)
    assert "has no locks" in capfd.readouterr().err
    assert execute(make_spec("baselines.from_scratch"), tmp_path / "out") == "finished"


def test_the_task_s_facts_belong_to_the_run_s_identity(tmp_path, monkeypatch):
    import dataclasses

    from marvel.run import execute as module

    spec = make_spec("baselines.from_scratch")
    execute(spec, tmp_path)
    assert record_of(tmp_path)["task"]["max_episode_steps"] == 30
    assert {"MKL_CBWR", "ATEN_CPU_CAPABILITY", "OPENBLAS_CORETYPE"} <= set(record_of(tmp_path)["numerics"])
    changed = dataclasses.replace(module.get_task("Toy"), max_return=99.0)
    monkeypatch.setattr(module, "get_task", lambda name: changed)
    with pytest.raises(InputError, match=r"another spec, input or version of the code \(task max_return\)"):
        execute(spec, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr("marvel.run.record.versions", lambda: {"torch": "9"})
    with pytest.raises(InputError, match=r"\(versions \w+"):
        execute(spec, tmp_path)
