"""Where a dataset comes from: the sources in order, downloads that survive a cut."""

import functools
import http.server
import os
import re
import socket
import threading
import time

import pytest
from files import BALL_RUN, make

from marvel import datasets
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


class Host(http.server.BaseHTTPRequestHandler):
    """Serves one file with Range, as a folder of `mode` asks."""

    asked: list
    payload: bytes

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        mode, start = self.path.split("/")[1], 0
        self.asked.append((mode, self.headers.get("Range")))
        body = b"<html>Sign in</html>" if mode == "page" else self.payload
        if mode == "missing":
            return self.send_error(404)
        if match := re.match(r"bytes=(\d+)-", self.headers.get("Range", "")) if mode != "norange" else None:
            start = int(match[1])
        if start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            return self.end_headers()
        self.send_response(206 if start else 200)
        sent = body[start : len(body) // 2] if mode in ("cut", "stop") and start < len(body) // 2 else body[start:]
        if mode == "stop" and start:
            sent = b""
        if mode == "short":
            sent = body = body[: len(body) // 2]
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(sent)


@pytest.fixture
def host(tmp_path):
    """A mirror with the content of a good BallRun file of DSRL's name and promises."""
    datasets.write(tmp_path / "payload.hdf5", make(count=940))
    handler = type("Handler", (Host,), {"asked": [], "payload": (tmp_path / "payload.hdf5").read_bytes()})
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
