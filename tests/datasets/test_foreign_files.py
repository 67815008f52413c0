"""HDF5 files as other people make them, and damaged ones: accepted as they are, or refused in one short sentence."""

import os
import random
import struct
import warnings

import h5py
import numpy as np
import pytest
from files import make, save
from foreign import ACCEPTED, REFUSED

from marvel import datasets
from marvel.datasets import __main__ as commands
from marvel.datasets.hdf5 import load


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(tmp_path, name):
    arrays = make()
    path = save(tmp_path / "BallRun.hdf5", arrays)
    with h5py.File(path, "a") as file:
        ACCEPTED[name](file)
    again = datasets.read(path, "BallRun")
    for key, data in arrays.items():
        np.testing.assert_allclose(again[key], data, rtol=1e-3)
        assert (again[key].dtype, again[key].shape) == (data.dtype, data.shape)


def assert_refused(path, words):
    """Assert that a file is refused in one short sentence, without a warning."""
    with warnings.catch_warnings(), pytest.raises(ValueError, match=words) as caught:
        warnings.simplefilter("error")
        datasets.read(path, "BallRun")
    sentence = str(caught.value)
    assert sentence.startswith(str(path)) and sentence.endswith(".") and "\n" not in sentence
    assert len(sentence.replace(str(path.parent), "")) <= 300


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_sentence(tmp_path, name):
    change, words = REFUSED[name]
    path = save(tmp_path / "BallRun.hdf5", make())
    with h5py.File(path, "a") as file:
        change(file)
    assert_refused(path, words)


def test_places_that_are_no_file(tmp_path):
    (tmp_path / "folder.hdf5").mkdir()
    assert_refused(tmp_path / "folder.hdf5", "is a folder")
    (tmp_path / "zero.hdf5").touch()
    assert_refused(tmp_path / "zero.hdf5", "is empty")
    os.mkfifo(tmp_path / "pipe.hdf5")
    assert_refused(tmp_path / "pipe.hdf5", "is no regular file")
    (tmp_path / "link.hdf5").symlink_to("nowhere.hdf5")
    assert_refused(tmp_path / "link.hdf5", "is a link to nowhere.hdf5, which is not there")
    (tmp_path / "loop.hdf5").symlink_to("loop.hdf5")
    assert_refused(tmp_path / "loop.hdf5", "is a link to loop.hdf5, which is not there")
    (tmp_path / "page.hdf5").write_text("<html>not here</html>")
    assert_refused(tmp_path / "page.hdf5", "a web page")
    (tmp_path / "notes.hdf5").write_text("version https://git-lfs.github.com/spec/v1")
    assert_refused(tmp_path / "notes.hdf5", "no HDF5 file")


@pytest.fixture
def another_user():
    """Not root, who may read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(12345)
    yield
    if root:
        os.seteuid(0)


def test_a_file_that_may_not_be_read(tmp_path, another_user):
    path = tmp_path / "BallRun.hdf5"
    if os.getuid():  # root's own folder is closed to the other user anyway
        save(path, make()).chmod(0)
    assert_refused(path, "may not be read by this user")


def test_names_that_are_no_text_are_printed(tmp_path, capsys):
    path = save(tmp_path / os.fsdecode(b"caf\xe9.hdf5"), make())
    assert commands.main(["check", "--task", "BallRun", str(path)]) == 0
    assert r"caf\udce9.hdf5: BallRun" in capsys.readouterr().out


def test_a_file_of_user_block_and_new_format_is_read(tmp_path):
    path = tmp_path / "BallRun.hdf5"
    with h5py.File(path, "w", userblock_size=1024, libver="latest") as file:
        for key, data in make().items():
            file[key] = data
    assert datasets.read(path, "BallRun")["rewards"].shape == (600,)


def test_a_chunk_that_lies_outside_of_its_array_is_missing(tmp_path):
    """One flipped bit in the index of the chunks; the chunk would be read as zeros."""
    datasets.write(tmp_path / "good.hdf5", make())
    with h5py.File(tmp_path / "good.hdf5") as file:
        entry = struct.pack("<II", file["actions"].id.get_chunk_info(0).size, 0) + bytes(24)
    content = bytearray((tmp_path / "good.hdf5").read_bytes())
    content[content.index(entry) + 8 + 8 + 1] = 1  # the first column of the chunk, which is 0, becomes 256
    (tmp_path / "bad.hdf5").write_bytes(content)
    assert_refused(tmp_path / "bad.hdf5", r"actions claims shape \(600, 2\), but 0 of 1 chunks were written")


def damaged(good, generator, path):
    """A copy of a file with 1 to 8 of its bytes changed, most of them where the headers are."""
    content = bytearray(good)
    for _ in range(generator.choice([1, 1, 2, 8])):
        place = generator.randrange(6000) if generator.random() < 0.7 else generator.randrange(len(content))
        content[place] = generator.randrange(256)
    path.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_changed_bytes_never_end_in_a_traceback(tmp_path, seed):
    datasets.write(tmp_path / "good.hdf5", make())
    good, whole = (tmp_path / "good.hdf5").read_bytes(), load(tmp_path / "good.hdf5")
    generator, counts = random.Random(seed), {"the same": 0, "refused": 0, "other numbers": 0}
    for _ in range(500):
        damaged(good, generator, tmp_path / "x.hdf5")
        try:
            arrays = datasets.read(tmp_path / "x.hdf5", "BallRun")
        except ValueError as error:
            assert len(str(error).replace(str(tmp_path), "")) <= 300 and "\n" not in str(error)
            counts["refused"] += 1
        else:
            same = all(np.array_equal(arrays[key], whole[key]) for key in whole)
            counts["the same" if same else "other numbers"] += 1
    assert counts["refused"] > 250 and counts["the same"] > 50
    assert counts["other numbers"] <= 5  # the index of the chunks has no checksum
