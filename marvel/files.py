"""Files that are whole or absent, locks on any file system, and hashes."""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from marvel.errors import InputError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_ACCESS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR)
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
_warned = False  # about missing locks, once per process


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path; what the block writes there becomes `path` when it ends well, and vanishes when it does not.

    Raises:
        InputError: The disk is full, or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
    except (OSError, ValueError) as error:  # a ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be written ({reason}); choose another folder.") from None
    try:
        yield temporary
        descriptor = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # a crash after the rename must not leave an empty file
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except OSError as error:
        full = error.errno in NO_SPACE or "No space left" in str(error)  # HDF5's errors have the words alone
        ours = str(temporary) in (str(error.filename), str(error.filename2))
        if not full and not ours and error.errno not in NO_ACCESS:
            raise
        remedy = "free some space" if full else "make its folder writable"
        reason = error.strerror or "No space left on device"
        raise InputError(f"{path} cannot be written ({reason}); {remedy} or choose another folder.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is either the old one or the whole new one, also after a crash.

    Raises:
        InputError: See `replacing`.
    """
    with replacing(path) as temporary, open(temporary, "wb", buffering=0) as file:
        view = memoryview(content)
        while view:
            view = view[file.write(view) :]


def sweep(folder: Path) -> None:
    """Remove what killed processes left unfinished in a folder; only its one writer may call this."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def link(source: Path, target: Path) -> None:
    """A second name for a file (a copy where the file system has no hard links)."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def lock(file, wait: bool = True) -> bool:
    """Lock an open file until it is closed; False if another process has it and `wait` is false.

    On a file system without locks the work goes on after a warning: it is then up to the user that only one process
    works in a folder.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        global _warned
        if not _warned:
            place = f"warning: the file system of {file.name} has no locks ({error.strerror})"
            print(f"{place}; start only one process at a time there.", file=sys.stderr)
            _warned = True
    return True
