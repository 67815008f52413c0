"""Datasets: the schema, every fault one sentence, cards."""

import fcntl
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from files import BALL_RUN, make, save

from marvel import datasets
from marvel.datasets import __main__ as commands
from marvel.datasets import card as datacard
from marvel.files import file_hash
from marvel.tasks import get_task


def test_write_read_and_same_bytes(tmp_path):
    arrays = make()
    datasets.write(tmp_path / "a.hdf5", arrays)
    time.sleep(1.1)  # HDF5's time stamps have seconds
    datasets.write(tmp_path / "b.hdf5", dict(reversed(arrays.items())))
    assert file_hash(tmp_path / "a.hdf5") == file_hash(tmp_path / "b.hdf5")
    again = datasets.read(tmp_path / "a.hdf5", "BallRun")
    for key, data in arrays.items():
        np.testing.assert_array_equal(again[key], data)
        assert again[key].dtype == data.dtype
    assert sorted(os.listdir(tmp_path)) == ["a.hdf5", "b.hdf5"]
    with pytest.raises(ValueError, match=r"exactly observations.*add or drop extra"):
        datasets.write(tmp_path / "c.hdf5", {**arrays, "extra": arrays["costs"]})


def test_file_systems_without_locks_are_no_obstacle(tmp_path):
    """HDF5 takes its own locks unless told not to; a lock that another one holds stands in for a refusal."""
    path = tmp_path / "a.hdf5"
    with open(tmp_path / f".a.hdf5.{os.getpid()}.tmp", "w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        datasets.write(path, make())
    with open(path) as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        assert len(datasets.read(path, "BallRun")["rewards"]) == 600


def test_episodes():
    arrays = make(count=3, steps=4, largest_cost=4)
    arrays["terminals"][1] = True  # the first episode ends after two steps, a second begins
    cut = datasets.episodes(arrays)
    assert cut.starts.tolist() == [0, 2, 4, 8] and cut.stops.tolist() == [2, 4, 8, 12]
    assert cut.costs.tolist() == [0, 0, 2, 4]
    assert cut.returns == pytest.approx(
        [arrays["rewards"][a:b].sum() for a, b in zip(cut.starts, cut.stops, strict=True)]
    )
    none = {key: data[:0] for key, data in arrays.items()}
    assert len(datasets.episodes(none).returns) == 0


def test_columns_and_other_number_types_are_taken_as_dsrl_takes_them(tmp_path):
    arrays = make()
    odd = {key: data[:, None] if data.ndim == 1 else data.astype(np.float64) for key, data in arrays.items()}
    odd["timeouts"] = odd["timeouts"].astype(np.int8)
    again = datasets.read(save(tmp_path / "odd.hdf5", odd), "BallRun")
    np.testing.assert_array_equal(again["timeouts"], arrays["timeouts"])
    assert again["observations"].dtype == np.float32 and again["rewards"].shape == arrays["rewards"].shape


@pytest.mark.parametrize("task, widths", [("BallRun", (7, 100)), ("SwimmerVelocity", (8, 1000))])
def test_actions_beyond_the_bounds_are_clipped_and_counted(tmp_path, task, widths):
    arrays = make(observation_dim=widths[0], steps=widths[1])
    arrays["actions"][3, 1] = -2.5
    path = save(tmp_path / "own.hdf5", arrays)
    assert datasets.read(path, task)["actions"][3, 1] == -1
    facts, clipped = datacard.card(path, task)
    assert facts["clipped_actions"] == 1 and clipped["actions"][3, 1] == -1
    assert "1 action values lay beyond [-1, 1]" in datacard.show(facts)


def change(key, index, value):
    def apply(arrays):
        arrays[key][index] = value
        return arrays

    return apply


FAULTS = {
    "missing": (lambda a: {k: v for k, v in a.items() if k != "costs"}, r"lacks costs .*rename or add"),
    "width": (lambda a: make(observation_dim=8, steps=200), r"shape \(1200, 8\).*\(1200, 7\).*fits BallCircle"),
    "length": (lambda a: {**a, "costs": a["costs"][:-1]}, r"costs has shape \(599,\).*\(600,\)"),
    "empty": (lambda a: {k: v[:0] for k, v in a.items()}, "no steps"),
    "text": (lambda a: {**a, "rewards": np.array([b"x"] * 600)}, r"rewards has dtype .*float32"),
    "flag": (lambda a: {**a, "timeouts": a["timeouts"] * 2}, "timeouts holds 2, but a flag is 0 or 1"),
    "nan": (change("next_observations", (5, 3), np.nan), r"next_observations\[5, 3\] is nan, not finite \(1 such"),
    "cost": (change("costs", 7, -1), r"costs\[7\] is -1 .*>= 0"),
    "cut": (change("timeouts", -1, False), r"last row \(599\) ends no episode"),
    "long": (change("timeouts", 299, False), r"from row 200 has 200 steps, but one of BallRun has at most 100"),
    "other task": (lambda a: make(steps=200), r"has 200 steps.*at most 100; the file fits CarRun"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_one_sentence(tmp_path, fault):
    spoil, words = FAULTS[fault]
    path = save(tmp_path / "BallRun.hdf5", spoil(make()))
    with pytest.raises(ValueError, match=words) as caught:
        datasets.read(path, "BallRun")
    sentence = str(caught.value)
    assert sentence.startswith(str(path)) and sentence.endswith(".") and "\n" not in sentence


def test_faults_of_files_and_names(tmp_path):
    with pytest.raises(ValueError, match="does not exist; name"):
        datasets.read(tmp_path / "none.hdf5", "BallRun")
    (tmp_path / "page.hdf5").write_text("<html>not here</html>")
    with pytest.raises(ValueError, match="cannot be read as HDF5"):
        datasets.read(tmp_path / "page.hdf5", "BallRun")
    whole = save(tmp_path / "whole.hdf5", make()).read_bytes()
    (tmp_path / "short.hdf5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cut short"):
        datasets.read(tmp_path / "short.hdf5", "BallRun")
    with pytest.raises(ValueError, match="time limit is 100 steps, but that of CarRun is 200; the file fits BallRun"):
        datasets.read(tmp_path / "whole.hdf5", "CarRun")
    with pytest.raises(ValueError, match="holds 6 episodes, but its name promises 940"):
        datasets.read(save(tmp_path / BALL_RUN, make()), "BallRun")
    with pytest.raises(ValueError, match="DSRL's file for BallRun, not for CarRun"):
        datasets.read(tmp_path / BALL_RUN, "CarRun")
    cheap = save(tmp_path / "SafetyBallRun-v0-80-6.hdf5", make(largest_cost=20))
    with pytest.raises(ValueError, match="costliest episode costs 20, but its name promises about 80"):
        datasets.read(cheap, "BallRun")
    datasets.read(save(tmp_path / "SafetyBallRun-v0-80-6.hdf5", make()), "BallRun")


def test_dsrl_reads_what_we_write(tmp_path):
    """In a process of its own: DSRL prints, and Bullet wants a real stdout while it starts."""
    datasets.write(tmp_path / "d.hdf5", make())
    code = (
        "import sys, gymnasium, bullet_safety_gym, dsrl\n"
        "data = gymnasium.make('OfflineBallRun-v0').unwrapped.get_dataset(h5path=sys.argv[1])\n"
        "print('read', data['observations'].shape, float(data['costs'].sum()))"
    )
    environment = {**os.environ, "DSRL_SUPPRESS_IMPORT_ERROR": "1", "HOME": str(tmp_path)}
    environment.pop("DSRL_DATASET_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "d.hdf5")], capture_output=True, text=True, env=environment
    )
    assert f"read (600, 7) {make()['costs'].sum()}" in done.stdout, done.stderr


def test_command_line(tmp_path, home, capsys):
    datasets.write(tmp_path / "BallRun.hdf5", make())
    datasets.write(tmp_path / "own.hdf5", make())
    datasets.write(tmp_path / "strange.hdf5", make(observation_dim=3))
    assert commands.main(["check", str(tmp_path / "BallRun.hdf5"), str(tmp_path / "own.hdf5")]) == 0
    text = capsys.readouterr().out
    assert "940" in text and "0 to 10: 1 episodes, best return" in text and "30 to 40: none" not in text
    assert commands.main(["check", str(tmp_path / "strange.hdf5"), str(tmp_path / "own.hdf5")]) == 1
    assert "say which it is with --task" in capsys.readouterr().err
    out = tmp_path / "results" / "BallRun" / "dataset.hdf5"
    assert commands.main(["get", "BallRun", "--file", str(tmp_path), "--out", str(out)]) == 0
    assert out.is_symlink() and datacard.card(out)[0]["sha256"] in out.with_name("card.json").read_text()
    assert out.with_name("scatter.png").read_bytes()[:4] == b"\x89PNG"
    bare = tmp_path / "bare" / "dataset.hdf5"
    assert commands.main(["get", "BallRun", "--file", str(tmp_path), "--out", str(bare), "--no-card"]) == 0
    assert os.listdir(bare.parent) == ["dataset.hdf5"]
    assert commands.main(["get", "BallRum", "--out", str(out)]) == 1
    assert "did you mean BallRun" in capsys.readouterr().err


def test_get_replaces_links_alone_and_says_what_cannot_be_written(tmp_path, home, capsys):
    source, other = save(tmp_path / "BallRun.hdf5", make()), save(tmp_path / "dataset.hdf5", make(count=3))
    out = tmp_path / "out" / "dataset.hdf5"

    def get(file, out):
        status = commands.main(["get", "BallRun", "--file", str(file), "--out", str(out)])
        return status, capsys.readouterr().err

    for file in (source, other):
        assert get(file, out) == (0, "") and out.resolve() == file
    kept = other.read_bytes()
    status, message = get(other, other)  # would become a link to itself
    assert status == 1 and "exists and is no link; remove it or give another --out" in message
    assert other.read_bytes() == kept
    (tmp_path / "file").write_text("")
    for place in ("/proc/none/dataset.hdf5", tmp_path / "file" / "dataset.hdf5"):
        status, message = get(source, place)
        assert status == 1 and f"{place} cannot be written (" in message and message.count("\n") == 1


@pytest.mark.parametrize(
    "settings", [{"MPLBACKEND": "module://matplotlib_inline.backend_inline"}, {"MATPLOTLIBRC": "rc"}]
)
def test_pictures_do_not_depend_on_the_user_s_settings_of_matplotlib(tmp_path, settings):
    path = save(tmp_path / "BallRun.hdf5", make())
    (tmp_path / "rc").mkdir()
    (tmp_path / "rc" / "matplotlibrc").write_text("backend: module://nowhere\nfont.size: 30\naxes.facecolor: red\n")
    pictures = []
    for more in ({}, settings):
        environment = {**os.environ, "PYTHONPATH": os.getcwd(), **more}
        command = [sys.executable, "-m", "marvel.datasets", "card", str(path)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        pictures.append((tmp_path / "scatter.png").read_bytes())
    assert pictures[0] == pictures[1]


def test_card_counts_the_eighths():
    facts = datacard.describe(make(count=9), get_task("BallRun"))
    assert [row["episodes"] for row in facts["eighths"]] == [1, 1, 1, 1, 1, 1, 1, 2]
    assert facts["cost_range"] == [0, 80] and facts["ends"] == {"terminals": 0, "timeouts": 9}


def test_cards_are_kept_beside_the_file_and_say_who_made_it(tmp_path):
    path = tmp_path / "dataset.hdf5"
    datasets.write(path, make())
    facts, arrays = datacard.card(path, "BallRun")
    commands.keep(facts, arrays, tmp_path)
    assert facts["made"] == {"note": "a file of the user's"}
    picture = (tmp_path / "scatter.png").read_bytes()
    assert picture == datacard.picture(*datacard.card(path, "BallRun"))
    (tmp_path / "run.json").write_text('{"train": "marvel.datasets.collect", "seed": 3, "options": {"steps": 5}}')
    facts, arrays = datacard.card(path, "BallRun")
    commands.keep(facts, arrays, tmp_path)
    made = facts["made"]
    assert made["note"].startswith("DSRL-style, not DSRL") and made["options"] == {"steps": 5} and made["seed"] == 3
    assert json.loads((tmp_path / "card.json").read_text())["eighths_occupied"] == 6
    for other in ("[1, 2]", '{"train": 3}', "{", ""):
        (tmp_path / "run.json").write_text(other)
        with pytest.raises(ValueError, match=r"run.json is not a collector's record, yet lies beside dataset.hdf5"):
            datacard.card(path, "BallRun")
    datasets.write(tmp_path / "SafetyBallRun-v0-80-6.hdf5", make())
    assert "named as DSRL's" in datacard.card(tmp_path / "SafetyBallRun-v0-80-6.hdf5", "BallRun")[0]["made"]["note"]


def test_import_is_fast_and_without_torch():
    code = "import sys, marvel.datasets.card; assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
