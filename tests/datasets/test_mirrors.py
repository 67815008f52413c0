"""Where a dataset comes from: the places in order, downloads that survive a cut and end whatever the server does."""

import errno
import fcntl
import functools
import http.server
import os
import socket
import threading
import time

import pytest
from files import BALL_RUN, make
from servers import Host

from marvel import datasets, files
from marvel.datasets import mirrors, transfer


def test_sources_in_order(tmp_path, home, monkeypatch):
    for folder in (home, tmp_path / "variable", tmp_path / "given"):
        folder.mkdir(parents=True)
        (folder / BALL_RUN).touch()
    assert mirrors.locate("BallRun") == home / BALL_RUN
    monkeypatch.setenv("DSRL_DATASET_DIR", str(tmp_path / "variable"))
    assert mirrors.locate("BallRun") == tmp_path / "variable" / BALL_RUN
    assert mirrors.locate("BallRun", tmp_path / "given") == tmp_path / "given" / BALL_RUN
    own = tmp_path / "given" / "CarRun.hdf5"
    own.touch()
    assert mirrors.locate("CarRun", tmp_path / "given") == own == mirrors.locate("CarRun", own)
    assert mirrors.locate("CarRun") is None
    with pytest.raises(ValueError, match="does not exist; correct the path"):
        mirrors.locate("CarRun", tmp_path / "typo.hdf5")
    with pytest.raises(ValueError, match="Toy has no DSRL dataset; set `source: collect`"):
        mirrors.find("Toy")


@pytest.fixture(scope="module")
def payload(tmp_path_factory):
    """The content of a good BallRun file of DSRL's name and promises."""
    path = tmp_path_factory.mktemp("payload") / "payload.hdf5"
    datasets.write(path, make(count=940))
    return path.read_bytes()


@pytest.fixture
def host(payload):
    """A mirror with that file."""
    handler = type("Handler", (Host,), {"asked": [], "payload": payload})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=functools.partial(server.serve_forever, 0.02), daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield handler
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("mode", ["good", "cut", "norange"])
def test_download(host, home, mode):
    path = mirrors.find("BallRun", mirrors=(f"{host.url}/missing/", f"{host.url}/page/", f"{host.url}/{mode}/"))
    assert path == home / BALL_RUN and path.read_bytes() == host.payload
    assert os.listdir(home) == [BALL_RUN]
    ranges = [got for tried, got in host.asked if tried == mode]
    assert ranges == ([None, f"bytes={len(host.payload) // 2}-"] if mode == "cut" else [None])
    assert mirrors.find("BallRun", mirrors=()) == path


@pytest.mark.parametrize("mode", ["good", "norange"])
@pytest.mark.parametrize("content", ["first half", "whole", "another file"])
def test_download_goes_on_from_a_part(host, home, mode, content):
    home.mkdir(parents=True)
    part = {"first half": host.payload[: len(host.payload) // 2], "whole": host.payload, "another file": b"x" * 5000}
    (home / f"{BALL_RUN}.part").write_bytes(part[content])
    assert mirrors.find("BallRun", mirrors=(f"{host.url}/{mode}/",)).read_bytes() == host.payload
    assert host.asked[0][1] == f"bytes={len(part[content])}-"


def test_download_that_fails_leaves_one_sentence_and_no_file(host, home):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{free.getsockname()[1]}/"
    tried = (*(f"{host.url}/{mode}/" for mode in ("missing", "page", "short")), refused)
    begin = time.monotonic()
    with pytest.raises(
        ValueError, match=f"{BALL_RUN}, the dataset of BallRun, is not in .*put it there or .*source: collect"
    ) as e:
        mirrors.find("BallRun", mirrors=tried)
    assert time.monotonic() - begin < 5
    for reason in ("HTTP 404", "web page", "its content is wrong", "refused"):
        assert reason in str(e.value)
    assert "\n" not in str(e.value) and os.listdir(home) == []
    with pytest.raises(ValueError, match=r"connection broke at [\d,]+ of [\d,]+ bytes"):
        mirrors.find("BallRun", mirrors=(f"{host.url}/stop/",))
    assert os.listdir(home) == [f"{BALL_RUN}.part"]  # what came is kept for the next attempt
    with pytest.raises(ValueError, match="downloading was not allowed"):
        mirrors.find("BallRun", download=False)
    assert (
        mirrors.find("BallRun", mirrors=(refused, f"{host.url}/good/"), ask_only=True) == f"{host.url}/good/{BALL_RUN}"
    )
    assert not (home / BALL_RUN).exists()


def test_a_host_that_never_answers_costs_seconds(home, monkeypatch):
    monkeypatch.setattr(transfer, "CONNECT_SECONDS", 0.3)
    with socket.socket() as silent, pytest.raises(ValueError, match=r"no answer within 0\.3 s"):
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mirrors.find("BallRun", mirrors=(f"http://127.0.0.1:{silent.getsockname()[1]}/",))


@pytest.mark.parametrize("mode", ["from zero", "from zero and says so", "elsewhere", "no rest", "odd length"])
def test_a_part_that_the_server_does_not_go_on_with_is_fetched_anew(host, home, mode):
    home.mkdir(parents=True)
    (home / f"{BALL_RUN}.part").write_bytes(host.payload[: len(host.payload) // 2])
    path = mirrors.find("BallRun", mirrors=(f"{host.url}/{mode.replace(' ', '%20')}/",))
    assert path.read_bytes() == host.payload and os.listdir(home) == [BALL_RUN]
    assert len(host.asked) <= 2


def test_a_part_longer_than_the_file_is_fetched_anew(host, home):
    home.mkdir(parents=True)
    (home / f"{BALL_RUN}.part").write_bytes(host.payload + b"xx")
    assert mirrors.find("BallRun", mirrors=(f"{host.url}/past%20the%20end/",)).read_bytes() == host.payload


GIVEN_UP = {
    "never": (2, "HTTP 416 without the bytes asked for"),
    "norange waver": (3, r"connection broke at [\d,]+ of [\d,]+ bytes"),
    "norange cut": (3, r"connection broke at [\d,]+ of [\d,]+ bytes"),
    "endless": (1, "more than the .* bytes that the file can have"),
    "boastful": (1, "more than the .* bytes that the file can have"),
    "drip": (1, "fewer than 65,536 bytes in 0.2 s"),
    "compressed": (1, "not an HDF5 file"),
    "circle": (10, "HTTP 302"),
    "too many": (1, "HTTP 429"),
    "garbage": (1, "what"),
}


@pytest.mark.parametrize("mode", GIVEN_UP)
@pytest.mark.parametrize("part", [0, 3000])
def test_every_server_is_given_up_in_the_end(host, home, monkeypatch, mode, part):
    monkeypatch.setattr(transfer, "SLOW", (0.2, 1 << 16))
    home.mkdir(parents=True)
    if part:
        (home / f"{BALL_RUN}.part").write_bytes(host.payload[:part])
    requests, words = GIVEN_UP[mode]
    begin = time.monotonic()
    with pytest.raises(ValueError, match=words):
        mirrors.find("BallRun", mirrors=(f"{host.url}/{mode.replace(' ', '%20')}/",))
    assert time.monotonic() - begin < 5 and len(host.asked) <= requests + 1
    assert BALL_RUN not in os.listdir(home)


def test_a_full_disk_is_named_and_the_next_folder_taken(host, home, tmp_path, monkeypatch):
    full = tmp_path / "full"
    full.mkdir()
    (full / f"{BALL_RUN}.part").symlink_to("/dev/full")
    monkeypatch.setenv("DSRL_DATASET_DIR", str(full))
    assert mirrors.find("BallRun", mirrors=(f"{host.url}/good/",)) == home / BALL_RUN
    (home / BALL_RUN).rename(home / f"{BALL_RUN}.part")
    (home / f"{BALL_RUN}.part").unlink()
    for folder in (full, home):
        (folder / f"{BALL_RUN}.part").symlink_to("/dev/full")
    with pytest.raises(ValueError, match=r"full.*No space left on device; .*home.*No space left on device\): put it"):
        mirrors.find("BallRun", mirrors=(f"{host.url}/good/",))
    assert os.listdir(full) == os.listdir(home) == []


def test_the_first_folder_that_can_be_written_is_taken(host, home, tmp_path, monkeypatch):
    good = (f"{host.url}/good/",)
    for folder in ("/proc/none", tmp_path / "file" / "folder", tmp_path / "occupied"):
        monkeypatch.setenv("DSRL_DATASET_DIR", str(folder))
        (tmp_path / "file").write_text("")
        (tmp_path / "occupied" / f"{BALL_RUN}.part").mkdir(parents=True, exist_ok=True)
        assert mirrors.find("BallRun", mirrors=good) == home / BALL_RUN
        (home / BALL_RUN).unlink()
    monkeypatch.setenv("DSRL_DATASET_DIR", "~/own")
    assert mirrors.find("BallRun", mirrors=good) == home.parents[1] / "own" / BALL_RUN
    monkeypatch.setenv("DSRL_DATASET_DIR", "")
    assert mirrors.find("BallRun", mirrors=good) == home / BALL_RUN


def test_without_a_home(host, home, tmp_path, monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 12345)  # a user without an entry in /etc/passwd
    with pytest.raises(ValueError, match="no folder for it, as neither DSRL_DATASET_DIR nor HOME is set") as caught:
        mirrors.find("BallRun", mirrors=(f"{host.url}/good/",))
    assert "is not in any folder" in str(caught.value) and not host.asked
    monkeypatch.setenv("DSRL_DATASET_DIR", "~/data")
    with pytest.raises(ValueError, match="DSRL_DATASET_DIR, which is ~/data begins with ~, and there is no such home"):
        mirrors.find("BallRun")
    monkeypatch.setenv("DSRL_DATASET_DIR", str(tmp_path / "here"))
    assert mirrors.find("BallRun", mirrors=(f"{host.url}/good/",)) == tmp_path / "here" / BALL_RUN


def test_folders_that_may_not_be_entered(host, home, tmp_path, monkeypatch):
    closed = {"scandir": os.scandir, "stat": os.stat}

    def refusing(name):
        def call(path, *arguments, **keywords):
            if "closed" in os.fsdecode(path):
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return closed[name](path, *arguments, **keywords)

        return call

    monkeypatch.setenv("DSRL_DATASET_DIR", str(tmp_path / "closed" / "data"))
    for name in closed:
        monkeypatch.setattr(os, name, refusing(name))
    with pytest.raises(ValueError, match=r"closed/data \(which cannot be reached \(Permission denied\)\)"):
        mirrors.find("BallRun", mirrors=())
    with pytest.raises(ValueError, match=r"closed/x, named as the dataset of BallRun, cannot be reached \(Permission"):
        mirrors.find("BallRun", tmp_path / "closed" / "x")


def test_a_download_needs_no_locks(host, home, monkeypatch, capsys):
    def no_locks(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    monkeypatch.setattr(files, "_warned", False)
    for task in ("BallRun", "BallRun"):
        assert mirrors.find(task, mirrors=(f"{host.url}/good/",)) == home / BALL_RUN
        (home / BALL_RUN).unlink()
    assert capsys.readouterr().err.count("has no locks (No locks available)") == 1

    def broken(file, how):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", broken)
    with pytest.raises(ValueError, match="cannot be written: Input/output error"):
        mirrors.find("BallRun", mirrors=(f"{host.url}/good/",))
