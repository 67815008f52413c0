"""Slow (`./run test -m slow tests/test_chaos.py`): the smoke study with six seeds, killed again and again."""

import os
import random
import signal
import subprocess
import time

import pytest
import yaml
from conftest import ROOT
from studies import Copy, descendants, environment, products

KILLS, ENOUGH = 12, 10  # it stops at the first number, and must reach the second before the study is finished


@pytest.mark.slow
def test_smoke_study_killed_ten_times_ends_with_the_same_bytes(tmp_path):
    config = yaml.safe_load((ROOT / "workflow" / "config" / "smoke.yaml").read_text())
    config["seeds"] = list(range(6))
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole, killed = Copy(tmp_path / "whole"), Copy(tmp_path / "killed")
    result = whole.run(config)
    assert result.returncode == 0, result.stdout

    rng, kills = random.Random(0), {"snakemake": 0, "job": 0, "both": 0}
    while sum(kills.values()) < KILLS:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(killed.command(config), cwd=killed.folder, env=environment(), **quiet)
        time.sleep(3 + 5 * rng.random())
        victims = rng.choice(sorted(kills))
        jobs = [pid for pid, words in descendants(process.pid) if "marvel.run" in words and "-c" not in words]
        if process.poll() == 0:
            break  # finished
        chosen = ([process.pid] if victims != "job" else []) + (jobs if victims != "snakemake" else [])
        if process.poll() is None and (jobs or victims == "snakemake"):
            for pid in chosen:  # ids read a moment ago below our own child
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            kills[victims] += 1
            if victims == "job":  # the others go on for a moment, then all of it goes down
                time.sleep(1)
                process.kill()
        process.wait(timeout=300)
        print("killed", victims, chosen, flush=True)
    assert sum(kills.values()) >= ENOUGH and min(kills.values()) > 0, kills
    result = killed.run(config)
    assert result.returncode == 0, result.stdout
    expected = products(whole.folder)
    found = products(killed.folder)
    assert found.keys() == expected.keys() and len(expected) > 25
    assert [name for name in expected if expected[name] != found[name]] == []
