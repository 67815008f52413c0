"""Every golden file replays within its tolerance; and the replay notices what is wrong, in each array."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.replay import main, replay
from tests.replays.recording import Recording

GOLDENS = Path(__file__).parents[1] / "goldens"
FILES = sorted(path.stem for path in GOLDENS.glob("*.npz"))
# One file per kind of replay: all outputs of these are falsified at once.
KINDS = (
    "G1_multipliers",
    "G2_saclag_kl",
    "G2_saclag_so2_pid_default_gains",
    "G3_vpa",
    "G4_cpq",
    "G5_bearl_gaussian",
    "G5_pid_controller",
    "G6_baselines",
    "G7_actor",
    "G8_dsrl_scores",
)


def rewrite(stem: str, folder: Path, change) -> Path:
    """A copy of a golden file in `folder` after change(arrays, manifest), as (array names) -> None."""
    with np.load(GOLDENS / f"{stem}.npz") as archive:
        arrays = {name: archive[name] for name in archive}
    manifest = json.loads((GOLDENS / f"{stem}.json").read_text())
    change(arrays, manifest)
    np.savez(folder / f"{stem}.npz", **arrays)
    (folder / f"{stem}.json").write_text(json.dumps(manifest))
    return folder / f"{stem}.npz"


def test_all_recordings_of_all_families_are_here():
    assert {stem.split("_")[0] for stem in FILES} == {f"G{number}" for number in range(1, 9)}
    assert len(FILES) == 16


@pytest.mark.parametrize("stem", FILES)
def test_replay_stays_within_the_tolerance(stem):
    recording, faults = replay(GOLDENS / f"{stem}.npz")
    assert not faults
    assert recording.results and not recording.unknown()


@pytest.mark.parametrize("stem", KINDS)
def test_every_compared_array_is_really_compared(stem, tmp_path):
    inputs, falsified = replay(GOLDENS / f"{stem}.npz")[0].inputs, set()

    def falsify(arrays, manifest):
        for name, array in arrays.items():
            if name in inputs or (name.startswith("initial_actor.") and len(array) == 1):
                continue  # what is fed in, and a network that stays as it was fed in
            error = 2 * (1e-5 + 10 * manifest["arrays"][name].get("float32_vs_float64_max_abs", 0.0))
            if stem == "G1_multipliers" and not name.startswith("dual."):
                error = 2e-9 * np.abs(array[-1]).max() or 1e-300
            if array.dtype.kind != "f":
                error = 1
            array[(-1,) * array.ndim] += error  # the last entry: of weights, it lies at the last recorded time
            falsified.add(name)

    recording, _ = replay(rewrite(stem, tmp_path, falsify))
    caught = {name for name, result in recording.results.items() if not result.passed}
    assert falsified == caught


def test_one_wrong_weight_and_wrong_noise_end_with_an_error_that_names_the_array(tmp_path, capsys):
    def tamper(arrays, _):
        arrays["actor.mu_layer.bias"][-1, 0] += 1e-4

    rewrite("G2_saclag_kl", tmp_path, tamper)
    assert main([str(tmp_path)]) == 1
    text = capsys.readouterr()
    assert "G2_saclag_kl.npz: actor.mu_layer.bias deviates by 0.0001" in text.err
    assert "FAIL" in text.out and "1 faults" in text.out

    def swap(arrays, _):
        arrays["noise.pi"][:] = arrays["noise.pi"][::-1].copy()

    rewrite("G2_saclag_kl", tmp_path, swap)
    assert main([str(tmp_path), "--brief"]) == 1
    assert "actor.net.0.weight deviates" in capsys.readouterr().err


def add_array(arrays, manifest):
    arrays["entropy_bonus"] = np.zeros(3, np.float32)
    manifest["arrays"]["entropy_bonus"] = {"shape": [3], "dtype": "float32", "meaning": "new"}


def forget_declaration(arrays, _):
    arrays["entropy_bonus"] = np.zeros(3, np.float32)


def not_a_number(arrays, _):
    arrays["strong.error"][3] = np.nan


def other_shape(arrays, manifest):
    arrays["strong.error"] = arrays["strong.error"][:-1]
    manifest["arrays"]["strong.error"]["shape"] = [59]


def other_start(_, manifest):
    manifest["hyperparameters"]["strong"]["error_start"] = 1.0


def other_gain(_, manifest):
    manifest["hyperparameters"]["strong"]["KP"] = 0.8


def other_kind(arrays, manifest):
    arrays.clear()
    manifest["arrays"] = {}
    add_array(arrays, manifest)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (add_array, "no replay knows the array 'entropy_bonus'"),
        (forget_declaration, "the array 'entropy_bonus' is in the archive alone"),
        (not_a_number, "strong.error deviates by nan"),
        (other_shape, "shape (60,) instead of (59,)"),
        (other_start, "the controller starts at error 0"),
        (other_gain, "strong.multiplier deviates"),
        (other_kind, "no replay knows this kind of file"),
    ],
)
def test_what_cannot_be_checked_is_an_error(change, sentence, tmp_path, capsys):
    rewrite("G5_pid_controller", tmp_path, change)
    assert main([str(tmp_path)]) == 1
    assert sentence in capsys.readouterr().err


def test_half_a_pair_and_an_empty_folder_are_errors(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    assert "holds no recordings" in capsys.readouterr().err
    shutil.copy(GOLDENS / "G5_pid_controller.json", tmp_path)
    assert main([str(tmp_path)]) == 1
    assert "G5_pid_controller.npz is missing" in capsys.readouterr().err


def test_a_recording_lists_its_faults_itself():
    recording = Recording(GOLDENS / "G5_pid_controller.npz")
    assert sorted(recording.unknown()) == sorted(recording.arrays)
    recording.check("strong.error", recording.arrays["strong.error"] + 1)
    assert not recording.results["strong.error"].passed
