"""Bytes of two short runs, by numeric mode: `./run python -m tests.numerics` records them in tests/numerics.json.

A record holds, with the versions it was made by, SHA-256 of each run's progress.csv: "portable" ones, which should be
equal on every x86-64 processor with AVX2, and "native" ones by type of processor. Recording keeps the native bytes of
other processors where the portable ones have not changed, and drops them where they have.
"""

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from marvel import numerics
from marvel.run.record import processor

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "tests" / "numerics.json"
# The toy's learning at small sizes; two rounds of BallRun, physics included, at the sizes in use.
RUNS = {
    "Toy": {"hidden_units": 16, "online_episodes": 20, "eval_every": 2, "eval_episodes": 2, "updates_per_round": 4},
    "BallRun": {"online_episodes": 10, "episodes_per_round": 5, "eval_every": 1, "eval_episodes": 2},
}
PACKAGES = ("torch", "numpy", "pybullet", "bullet-safety-gym")


def versions() -> dict[str, str]:
    """What bytes depend on besides the processor; torch's builds count as one."""
    return {name: importlib.metadata.version(name).split("+")[0] for name in PACKAGES}


def digest(name: str, mode: str) -> str:
    """SHA-256 of a run's progress.csv, made in a process of its own."""
    from tests.conftest import make_spec

    spec = make_spec("baselines.from_scratch", task=name, hyperparameters=RUNS[name])
    environment = {key: value for key, value in os.environ.items() if key not in numerics.PORTABLE}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "marvel.run", json.dumps(spec), "--out", folder]
        variables = environment | {"MARVEL_NUMERICS": mode}
        subprocess.run(command, cwd=ROOT, env=variables, check=True, capture_output=True)
        return hashlib.sha256((Path(folder) / "progress.csv").read_bytes()).hexdigest()


def differences(name: str, mode: str) -> str | None:
    """Compare a run with the record: "" if equal, a sentence if not, None if the record cannot be compared with."""
    record = json.loads(PATH.read_text())
    recorded = record["portable"] if mode == "portable" else record["native"].get(processor())
    if recorded is None or record["versions"] != versions():
        return None
    found = digest(name, mode)
    if found == recorded[name]:
        return ""
    return (
        f"progress.csv of {name} in {mode} mode has SHA-256 {found} on {processor()}, recorded is {recorded[name]}; "
        "if the change is meant, record anew: ./run python -m tests.numerics"
    )


def main() -> None:
    """Run all, and write the record."""
    found = {mode: {name: digest(name, mode) for name in RUNS} for mode in numerics.MODES}
    old = json.loads(PATH.read_text()) if PATH.exists() else {}
    same = (old.get("portable"), old.get("versions")) == (found["portable"], versions())
    native = (old["native"] if same else {}) | {processor(): found["native"]}
    record = {"versions": versions(), "portable": found["portable"], "native": native}
    PATH.write_text(json.dumps(record, indent=1) + "\n")
    print(PATH.read_text(), end="")


if __name__ == "__main__":
    main()
