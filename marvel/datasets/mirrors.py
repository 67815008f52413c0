"""Find a task's dataset: on this machine, else on the mirrors of DSRL.

A download lives in `FILE.part` beside its destination. A cut connection, or a killed process, leaves the part; the next
call asks for the rest with an HTTP Range. Nothing but a file that passed its checks ever bears the final name.
"""

import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

from marvel.datasets.folders import folders, locate, out_of_reach
from marvel.datasets.hdf5 import load
from marvel.datasets.transfer import Unavailable, Unwritable, complete, open_url
from marvel.datasets.validate import as_task, audit, longest_episode
from marvel.errors import InputError
from marvel.files import lock
from marvel.tasks import Task

MIRRORS = (
    "https://huggingface.co/datasets/YYY-45/DSRL/resolve/main/",  # where DSRL's repository points since 2025
    "http://data.offline-saferl.org/download/",  # written into the dsrl 0.1.0 package, failing since 2025
)


def find(
    task: Task | str,
    given: str | Path | None = None,
    download: bool = True,
    mirrors: tuple[str, ...] = MIRRORS,
    ask_only: bool = False,
) -> Path | str:
    """Have a task's dataset: on this machine, else from a mirror into the first of DSRL's folders that can be written.

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
    if (local := locate(task, given)) is not None:
        return local
    if not task.dataset_file:
        raise InputError(f"{task.name} has no DSRL dataset; set `source: collect` in the config to make one.")
    places = folders()
    reasons = [] if download else ["downloading was not allowed"]
    if download and not places:
        reasons.append("there is no folder for it, as neither DSRL_DATASET_DIR nor HOME is set")
    try:
        if download and ask_only:
            return serving(task.dataset_file, mirrors)
        for folder in places if download else ():
            try:
                return fetch(task.dataset_file, folder, lambda part: _check(part, task), mirrors, _most_bytes(task))
            except Unwritable as error:
                reasons.append(str(error))
    except Unavailable as error:
        reasons.append(str(error))
    looked = [f"{place} (which {reason})" if (reason := out_of_reach(place)) else str(place) for place in places]
    looked += [] if given is None else [str(given)]
    raise InputError(
        f"{task.dataset_file}, the dataset of {task.name}, is not in {', '.join(looked) or 'any folder'}, and no "
        f"mirror gave it ({'; '.join(reasons)}): put it there or set `source: collect` in the config."
    )


def _check(part: Path, task: Task) -> None:
    audit(part, load(part, task), task)


def _most_bytes(task: Task) -> int:
    """More than the task's file can have: all its episodes at the time limit, uncompressed, in 8 bytes a number."""
    steps = task.dataset_episodes * longest_episode(task)
    return 8 * steps * (2 * task.observation_dim + task.action_dim + 4) + (1 << 20)


def fetch(
    file: str,
    folder: Path,
    check: Callable[[Path], None],
    mirrors: tuple[str, ...] = MIRRORS,
    most_bytes: float = float("inf"),
) -> Path:
    """Download `file` into `folder` from the first mirror that has it.

    Args:
        file: The file's name on every mirror, such as `SafetyBallRun-v0-80-940.hdf5`.
        folder: Where it goes; made if it is missing.
        check: Called with the complete temporary file; raises ValueError when its content is not what it should be.
        mirrors: Addresses that end in `/`, tried in order.
        most_bytes: A mirror that sends more is given up.

    Returns:
        The path of the finished file.

    Raises:
        Unwritable: The folder cannot be made or written, or its disk is full.
        Unavailable: No mirror could give it; the text holds one reason per mirror.
    """
    final = folder / file
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part = open(folder / f"{file}.part", "ab", buffering=0)  # noqa: SIM115  (closed by the `with` below)
        except OSError as error:
            raise Unwritable(f"{folder} cannot be written: {error.strerror}") from None
        with part:
            try:
                lock(part)  # a second process waits here and then finds the finished file
                if final.exists():
                    return final
                if not os.path.exists(part.name):  # or finds that the first one failed and tidied up
                    continue
                _from_mirrors(file, mirrors, part, check, most_bytes)
                os.replace(part.name, final)
                return final
            except OSError as error:
                raise Unwritable(f"{final} cannot be written: {error.strerror}") from None
            finally:
                if os.path.exists(part.name) and os.path.getsize(part.name) == 0:
                    os.unlink(part.name)


def _from_mirrors(file: str, mirrors: tuple[str, ...], part, check, most_bytes: float) -> None:
    """Bring `part` to the whole, checked file; raise Unavailable with one reason per mirror."""
    reasons = []
    for mirror in mirrors:
        try:
            return complete(mirror + file, part, check, most_bytes)
        except Unwritable:
            raise
        except Unavailable as reason:
            reasons.append(f"{mirror.split('/')[2]}: {reason}")
    raise Unavailable("; ".join(reasons))


def serving(file: str, mirrors: tuple[str, ...] = MIRRORS) -> str:
    """Ask, without downloading, which mirror has `file`; return its address or raise Unavailable."""
    reasons = []
    for mirror in mirrors:
        try:
            with open_url(urllib.request.Request(mirror + file, method="HEAD")) as answer:
                if "html" not in (answer.headers.get("Content-Type") or ""):
                    return mirror + file
                reasons.append(f"{mirror.split('/')[2]}: a web page instead of the file")
        except Unavailable as reason:
            reasons.append(f"{mirror.split('/')[2]}: {reason}")
    raise Unavailable("; ".join(reasons))
