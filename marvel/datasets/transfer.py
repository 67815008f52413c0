"""Transfer one file over HTTP into a part, which grows over cut connections and from one process to the next."""

import contextlib
import http.client
import os
import queue
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

CONNECT_SECONDS = 6.0  # for name, connection and first answer together
READ_SECONDS = 15.0  # for each further piece
SLOW = (60.0, 1 << 16)  # fewer bytes than this in so many seconds are too few
ATTEMPTS = 50  # connections for one file, at most
SIGNATURE = b"\x89HDF\r\n\x1a\n"  # the first 8 bytes of an HDF5 file
PIECE = 1 << 18


class Unavailable(Exception):
    """A mirror cannot give the file; the text says why in a few words."""


class Unwritable(Unavailable):
    """A folder cannot take the file."""


def complete(url: str, part, check: Callable[[Path], None], most_bytes: float) -> None:
    """Bring `part` to the whole file and check it; a part that was resumed and fails is fetched once more from zero.

    Args:
        url: Where the file is.
        part: An unbuffered binary file open for appending.
        check: Called with the part's path when it seems whole; raises ValueError if its content is not right.
        most_bytes: Give up if the file is larger.

    Raises:
        Unwritable: The disk is full, or refuses for another reason.
        Unavailable: The server cannot give the file.
    """
    path = Path(part.name)
    while True:
        resumed = os.path.getsize(path) > 0
        _append(url, part, most_bytes)
        try:
            return check(path)
        except ValueError as fault:
            _empty(part)
            if not resumed:
                raise Unavailable(f"its content is wrong: {str(fault).removeprefix(str(path)):.80}") from None


def _append(url: str, part, most_bytes: float) -> None:
    """Append the missing bytes to `part`, going on after cut connections as long as it grows."""
    longest, idle, refused = part.seek(0, os.SEEK_END), 0, 0
    for _ in range(ATTEMPTS):
        have = part.seek(0, os.SEEK_END)
        with open_url(urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})) as answer:
            told = re.match(r"bytes (?:(\d{1,15})-\d+|\*)/(\d{1,15}|\*)", answer.headers.get("Content-Range") or "")
            if answer.status == 416 and have and told and told[2] == str(have):  # nothing lies beyond what is there
                return
            begins = 0  # the whole file: the server knows no Range
            if answer.status == 206 and have:
                begins = int(told[1]) if told and told[1] else None
            too_long = told and told[2].isdigit() and have > int(told[2])
            if answer.status == 416 or too_long or begins not in (0, have, None):
                refused += 1
                if refused == 2:
                    raise Unavailable(f"HTTP {answer.status} without the bytes asked for")
                _empty(part)
                continue
            total, reason = _copy(answer, part, begins, most_bytes)
        size = part.tell()
        if size and (total is None or size == total):
            return
        idle = 0 if size > longest else idle + 1
        longest = max(longest, size)
        if idle == 2:
            break
    raise Unavailable(f"the connection broke at {size:,} of {total or 0:,} bytes ({reason})")


def _copy(answer, part, begins: int | None, most_bytes: float) -> tuple[int | None, str]:
    """Copy an answer's body to the part's end, or over it if the body begins at 0.

    Args:
        answer: The server's answer.
        part: The part.
        begins: Place of the body's first byte in the file; None where the server did not say.
        most_bytes: See `complete`.

    Returns:
        (bytes of the whole file if that is known, why the body ended).
    """
    have, piece = part.tell(), b""
    total = None if answer.length is None else answer.length + (have if begins is None else begins)
    name = Path(part.name).name.removesuffix(".part")
    with tqdm(desc=name, unit="B", unit_scale=True, mininterval=1.0) as bar:
        while True:
            try:
                first = not piece
                piece = answer.read(len(SIGNATURE)) if first else answer.read1(PIECE)
            except (OSError, http.client.HTTPException) as error:
                return total, type(error).__name__
            if not piece:
                return total, "it ended early"
            if first:
                if begins is None and piece == SIGNATURE:
                    begins, total = 0, None if total is None else total - have
                if begins == 0:
                    _empty(part)
                    if piece != SIGNATURE:
                        page = piece.lstrip()[:1] == b"<"
                        raise Unavailable("a web page instead of the file" if page else "not an HDF5 file")
                since, then = time.monotonic(), part.tell()
                bar.total = total
                bar.update(then)
            _write(part, piece)
            bar.update(len(piece))
            if max(part.tell(), total or 0) > most_bytes:
                _empty(part)
                raise Unavailable(f"more than the {most_bytes:,} bytes that the file can have")
            if time.monotonic() - since > SLOW[0]:
                if part.tell() - then < SLOW[1]:
                    raise Unavailable(f"fewer than {SLOW[1]:,} bytes in {SLOW[0]:g} s")
                since, then = time.monotonic(), part.tell()


def _write(part, piece: bytes) -> None:
    """Write all of `piece`; if the disk is full, leave nothing on it and raise Unwritable."""
    try:
        while piece:
            piece = piece[part.write(piece) :]
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(part.name)
        raise Unwritable(f"{part.name} cannot be written: {error.strerror}") from None


def _empty(part) -> None:
    if part.seek(0, os.SEEK_END):
        part.truncate(0)
        part.seek(0)


def open_url(request: urllib.request.Request):
    """Open a URL within CONNECT_SECONDS, look-up of the name included: that has no time-out, so it gets a thread."""
    answers: queue.Queue = queue.Queue()

    def connect():
        try:
            answers.put(urllib.request.urlopen(request, timeout=READ_SECONDS))
        except Exception as error:  # handed to the caller below, whatever it is
            answers.put(error)

    threading.Thread(target=connect, daemon=True).start()
    try:
        answer = answers.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        raise Unavailable(f"no answer within {CONNECT_SECONDS:g} s") from None
    if isinstance(answer, urllib.error.HTTPError):
        if answer.code == 416:  # the range asked for is not there: for `_append` to judge
            return answer
        raise Unavailable(f"HTTP {answer.code}")
    if isinstance(answer, Exception):
        raise Unavailable(str(getattr(answer, "reason", answer))[:80])
    if not isinstance(answer, http.client.HTTPResponse):
        raise Unavailable("an answer by another protocol than HTTP")
    return answer
