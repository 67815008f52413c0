"""Replay recorded runs of the official code: `python -m tests.replay DIR`.

Every .npz in DIR with its .json is run through this suite's own code with the recorded weights, minibatches and noise.
Prints the deviation of every array (with --brief only the worst of each file) and ends with 1 if one is past its
tolerance, is known to no replay, or cannot be checked.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from marvel import numerics
from tests.replays import actors, driver, multipliers, offline, sac
from tests.replays.recording import Recording

# What a file is follows from a part of a name that only its kind has; the first that fits is taken.
REPLAYS: dict[str, Callable[[Recording], None]] = {
    "critic.q1_nets.0.0.weight": offline.replay_bear,
    "vae.e1.weight": offline.replay_cpq,
    "noise.pi": sac.replay_sac,
    "mb.obs": sac.replay_vpa,
    "adaptive.": multipliers.replay_multipliers,
    "pex.q_pair": driver.replay_baselines,
    ".weights.net.0.weight": actors.replay_actors,
    "normalized_reward": actors.replay_scores,
    ".qc": offline.replay_controller,
}


def replay(path: Path) -> tuple[Recording | None, list[str]]:
    """Replay one file; returns its ledger and what is wrong with it, one sentence each."""
    try:
        recording = Recording(path)
        run = next((run for mark, run in REPLAYS.items() if any(mark in name for name in recording.arrays)), None)
        if run is None:
            return recording, [f"{path.name}: no replay knows this kind of file."]
        run(recording)
    except (ValueError, KeyError, RuntimeError, IndexError, TypeError) as error:
        return None, [f"{path.name}: cannot be replayed ({type(error).__name__}: {error})."]
    faults = [f"{path.name}: no replay knows the array {name!r}." for name in recording.unknown()]
    for result in recording.results.values():
        if not result.passed:
            why = result.note if result.deviation != result.deviation and result.note else "past its tolerance"
            faults.append(
                f"{path.name}: {result.name} deviates by {result.deviation:.3g}, "
                f"allowed is {result.tolerance:.3g} ({why})."
            )
    return recording, faults


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__)
    parser.add_argument("directory", type=Path, help="folder with pairs of .npz and .json")
    parser.add_argument("--brief", action="store_true", help="one line per file")
    options = parser.parse_args(arguments)
    numerics.pin()
    stems = sorted({path.stem for pattern in ("*.npz", "*.json") for path in options.directory.glob(pattern)})
    if not stems:
        print(f"{options.directory} holds no recordings (pairs of .npz and .json).", file=sys.stderr)
        return 1
    all_faults = []
    for stem in stems:
        recording, faults = replay(options.directory / f"{stem}.npz")
        all_faults += faults
        results = [] if recording is None else list(recording.results.values())
        if not options.brief:
            for result in results:
                mark = "ok  " if result.passed else "FAIL"
                note = f"  {result.note}" if result.note else ""
                print(f"  {mark} {result.deviation:9.2e} of {result.tolerance:8.2e}  {result.name}{note}")
        worst = max(results, key=lambda result: result.deviation / (result.tolerance or 1), default=None)
        text = (
            "nothing compared" if worst is None else f"{worst.deviation:.2e} of {worst.tolerance:.2e} in {worst.name}"
        )
        print(f"{stem}: {len(results)} arrays compared, {'FAIL' if faults else 'ok'}, worst {text}", flush=True)
    for fault in all_faults:
        print(fault, file=sys.stderr)
    print(f"{len(stems)} files, {len(all_faults)} faults")
    return 1 if all_faults else 0


if __name__ == "__main__":
    sys.exit(main())
