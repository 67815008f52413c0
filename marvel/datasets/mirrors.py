"""Find a task's dataset: on this machine, else on the mirrors of DSRL.

A download lives in `FILE.part` beside its destination. A cut connection, or a killed process, leaves the part; the next
call asks for the rest with an HTTP Range. Nothing but a file that passed its checks ever bears the final name.
"""

import fcntl
import http.client
import os
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from marvel.datasets.validate import as_task, audit, load
from marvel.errors import InputError
from marvel.tasks import Task

MIRRORS = (
    "https://huggingface.co/datasets/YYY-45/DSRL/resolve/main/",  # where DSRL's repository points since 2025
    "http://data.offline-saferl.org/download/",  # written into the dsrl 0.1.0 package, failing since 2025
)
CONNECT_SECONDS = 6.0  # for name, connection and first answer together
READ_SECONDS = 15.0  # for each further piece
SIGNATURE = b"\x89HDF\r\n\x1a\n"  # the first 8 bytes of an HDF5 file
PIECE = 1 << 18


class Unavailable(Exception):
    """A mirror cannot give the file; the text says why in a few words."""


def locate(task: Task | str, given: str | Path | None = None) -> Path | None:
    """Look for a task's file on this machine: `given`, $DSRL_DATASET_DIR, then ~/.dsrl/datasets.

    Args:
        task: The task.
        given: A file, or a folder that holds DSRL's file or `{task}.hdf5`.

    Returns:
        The first file found, or None.

    Raises:
        InputError: `given` does not exist (another file must not take its place silently).
    """
    task = as_task(task)
    if given is not None and not Path(given).exists():
        raise InputError(
            f"{given}, named as the dataset of {task.name}, does not exist; correct the path or leave it out."
        )
    if given is not None and Path(given).is_file():
        return Path(given)
    names = [name for name in (task.dataset_file, f"{task.name}.hdf5") if name]
    places = [Path(given) / name for name in names] if given is not None else []
    places += [folder / task.dataset_file for folder in _folders() if task.dataset_file]
    return next((place for place in places if place.is_file()), None)


def find(
    task, given=None, download: bool = True, mirrors: tuple[str, ...] = MIRRORS, ask_only: bool = False
) -> Path | str:
    """Have a task's dataset: on this machine, else from a mirror into the first of DSRL's folders.

    Args:
        task: The task.
        given: See `locate`.
        download: Whether to ask the mirrors at all.
        mirrors: Addresses to which the file's name is appended, in order.
        ask_only: Only make sure that a mirror has the file, and return its address instead of a path.

    Returns:
        The file (its content is checked if it was downloaded; `read` checks it in any case).

    Raises:
        InputError: It cannot be had; one sentence with the file, where it was looked for and the ways out.
    """
    task = as_task(task)
    local = locate(task, given)
    if local is not None:
        return local
    if not task.dataset_file:
        raise InputError(f"{task.name} has no DSRL dataset; set `source: collect` in the config to make one.")
    folders = _folders()
    looked = ", ".join(dict.fromkeys(str(place) for place in ([given] if given is not None else []) + folders))
    reason = "downloading was not allowed"
    if download:
        try:
            if ask_only:
                return serving(task.dataset_file, mirrors)
            return fetch(task.dataset_file, folders[0], lambda part: audit(part, load(part), task), mirrors)
        except Unavailable as error:
            reason = str(error)
    raise InputError(
        f"{task.dataset_file}, the dataset of {task.name}, is not in {looked}, and no mirror gave it ({reason}): "
        f"put it in {folders[0]}, set DSRL_DATASET_DIR, or set `source: collect` in the config to make a "
        "DSRL-style one."
    )


def _folders() -> list[Path]:
    """DSRL's own folders, first the one that its environment variable names."""
    named = os.environ.get("DSRL_DATASET_DIR")
    return ([Path(named).expanduser()] if named else []) + [Path("~/.dsrl/datasets").expanduser()]


def fetch(file: str, folder: Path, check: Callable[[Path], None], mirrors: tuple[str, ...] = MIRRORS) -> Path:
    """Download `file` into `folder` from the first mirror that has it.

    Args:
        file: The file's name on every mirror, such as `SafetyBallRun-v0-80-940.hdf5`.
        folder: Where it goes; made if it is missing.
        check: Called with the complete temporary file; raises ValueError when its content is not what it should be.
        mirrors: Addresses that end in `/`, tried in order.

    Returns:
        The path of the finished file.

    Raises:
        Unavailable: No mirror could give it; the text holds one reason per mirror.
    """
    final = folder / file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = open(folder / f"{file}.part", "ab")  # noqa: SIM115  (closed by the `with` below)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written ({error.strerror})") from None
    with part:
        fcntl.flock(part, fcntl.LOCK_EX)  # a second process waits here and then finds the finished file
        if final.exists():
            return final
        if os.fstat(part.fileno()).st_nlink == 0:  # or finds that the first one failed and tidied up
            return fetch(file, folder, check, mirrors)
        reasons = []
        for mirror in mirrors:
            try:
                _complete(mirror + file, part, check)
            except Unavailable as reason:
                reasons.append(f"{mirror.split('/')[2]}: {reason}")
                continue
            os.replace(part.name, final)
            return final
        if part.tell() == 0:
            Path(part.name).unlink(missing_ok=True)
        raise Unavailable("; ".join(reasons))


def serving(file: str, mirrors: tuple[str, ...] = MIRRORS) -> str:
    """Ask, without downloading, which mirror has `file`; return its address or raise Unavailable."""
    reasons = []
    for mirror in mirrors:
        try:
            with _open(urllib.request.Request(mirror + file, method="HEAD")) as answer:
                if "html" not in (answer.headers.get("Content-Type") or ""):
                    return mirror + file
                reasons.append(f"{mirror.split('/')[2]}: a web page instead of the file")
        except Unavailable as reason:
            reasons.append(f"{mirror.split('/')[2]}: {reason}")
    raise Unavailable("; ".join(reasons))


def _complete(url: str, part, check: Callable[[Path], None]) -> None:
    """Bring `part` to the whole file and check it; a part that was resumed and fails is fetched once more from zero."""
    path = Path(part.name)
    while True:
        resumed = os.path.getsize(path) > 0
        _append(url, part)
        try:
            check(path)
            return
        except ValueError as fault:
            part.truncate(0)
            if not resumed:
                raise Unavailable(f"its content is wrong ({str(fault).rstrip('.')})") from None


def _append(url: str, part) -> None:
    """Append the missing bytes to `part`, going on after cut connections as long as bytes arrive."""
    idle = 0
    while True:
        have = part.seek(0, os.SEEK_END)
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        try:
            answer = _open(request)
        except urllib.error.HTTPError as error:  # 416: nothing lies beyond what is there
            if error.headers.get("Content-Range", "").endswith(f"/{have}"):
                return
            part.truncate(0)
            continue
        with answer:
            if have and answer.status != 206:  # a server that knows no Range sends the whole file again
                part.truncate(0)
                have = part.seek(0)
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length else None
            reason = _copy(answer, part, have, total)
        size = part.tell()
        if size and (total is None or size == total):
            return
        idle = 0 if size > have else idle + 1
        if idle == 2:
            raise Unavailable(f"the connection broke at {size:,} of {total or 0:,} bytes ({reason})")


def _copy(answer, part, have: int, total: int | None) -> str:
    """Copy the answer's body; return why it ended."""
    name = Path(part.name).name.removesuffix(".part")
    bar = tqdm(total=total, initial=have, desc=name, unit="B", unit_scale=True, mininterval=1.0)
    try:
        with bar:
            while piece := answer.read(PIECE):
                if part.tell() == 0 and not piece.startswith(SIGNATURE):
                    page = piece.lstrip()[:1] == b"<"
                    raise Unavailable("a web page instead of the file" if page else "not an HDF5 file")
                part.write(piece)
                bar.update(len(piece))
            return "it ended early"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        part.flush()


def _open(request: urllib.request.Request):
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
        if answer.code == 416:
            raise answer
        raise Unavailable(f"HTTP {answer.code}")
    if isinstance(answer, Exception):
        raise Unavailable(str(getattr(answer, "reason", answer)))
    return answer
