"""`snakemake verify`: a random sample of a study's runs is repeated."""

import json

import pytest
from studies import Copy, toy_config

METHODS = {"warm_start": {"train": "baselines.warm_start", "start": "offline", "offline": "cpq"}}


@pytest.mark.slow
def test_a_sample_of_a_study_is_repeated_and_a_changed_run_is_found(tmp_path, toy_dataset):
    copied, config = Copy(tmp_path), toy_config(toy_dataset, methods=METHODS, seeds=[0])
    base = tmp_path / "results" / "toy"
    result = copied.run(config, "--cores=2", "verify", "--config", "verify=1")
    assert result.returncode == 0, result.stdout
    done = sorted(path.relative_to(base / "verified").as_posix() for path in base.rglob("*.equal"))
    assert len(done) == 1 and result.stdout.count("equal: results/toy/") == 1
    known = [f"{run}/Toy/seed0.equal" for run in ("offline/cpq", "runs/warm_start")]
    assert set(done) < set(known)
    assert "Nothing to be done" in copied.run(config, "--cores=2", "verify", "--config", "verify=1").stdout
    (missing,) = set(known) - set(done)
    path = base / missing.removesuffix(".equal") / "run.json"
    spec = json.loads(path.read_text())
    spec["record"]["outputs"]["progress.csv"] = "0" * 64
    path.write_text(json.dumps(spec))
    result = copied.run(config, "--cores=2", "verify", "--config", "verify=2")
    assert result.returncode == 1 and f"NOT EQUAL: {path.relative_to(tmp_path)}" in result.stdout, result.stdout
    assert not (base / "verified" / missing).exists()
    assert (
        "verify_run" in copied.run(config, "--cores=2", "verify", "-n", "--config", "verify=2").stdout
    )  # asked for again
