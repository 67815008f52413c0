"""What can be said of an HDF5 file before any of its values is read: kind of file, links, storage, shapes.

Nothing outside the file is opened: external links, external storage and virtual datasets are refused.
"""

import math
import operator
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

import h5py

from marvel.datasets.arrays import FLAGS, SCHEMA
from marvel.errors import InputError
from marvel.tasks import TASKS, Task

ANOTHER = "download it again or name another file"
WIDE = {"observations": "observation_dim", "next_observations": "observation_dim", "actions": "action_dim"}
MOST_LINKS = 16  # links to links that are followed
MOST_COMPRESSED = 1000  # gzip makes data at most 1,032 times smaller


def check_file(path: Path) -> None:
    """Raise InputError unless `path` is a regular, readable file that begins as an HDF5 file does."""
    try:
        if os.path.islink(path) and not os.path.exists(path):
            raise InputError(f"{path} is a link to {os.readlink(path)}, which is not there; name the HDF5 file.")
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path} is a folder; name the HDF5 file in it.")
        if not stat.S_ISREG(mode):
            raise InputError(f"{path} is no regular file; name the HDF5 file of the dataset.")
        with open(path, "rb") as file:
            start = file.read(512)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; name the HDF5 file of the dataset.") from None
    except PermissionError:
        raise InputError(f"{path} may not be read by this user; change its permissions or name another file.") from None
    except (OSError, ValueError) as error:  # a ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read ({reason}); name another file.") from None
    if not start:
        raise InputError(f"{path} is empty (0 bytes); {ANOTHER}.")
    if not h5py.is_hdf5(path):
        what = "a web page" if start.lstrip()[:1] == b"<" else "no HDF5 file, or its first bytes are damaged"
        raise InputError(f"{path} cannot be read as HDF5: it is {what}; {ANOTHER}.")


def find_arrays(path: Path, file: h5py.File) -> dict[str, h5py.Dataset]:
    """The schema's seven arrays, none of their values read yet.

    Raises:
        InputError: One is missing, lies in another file, is incomplete or holds no numbers.
    """
    missing = [key for key in SCHEMA if file.get(key, getlink=True) is None]
    if missing:
        raise InputError(_what_is_missing(path, file, missing))
    found = {key: _resolve(path, file, key) for key in SCHEMA}
    for key, data in found.items():
        _check_storage(path, key, data)
    claimed, size = sum(data.size * data.dtype.itemsize for data in found.values()), os.path.getsize(path)
    if claimed > MOST_COMPRESSED * size:
        raise InputError(f"{path} claims to hold {claimed:,} bytes of data, but has {size:,} bytes; {ANOTHER}.")
    return found


def check_shapes(path: Path, shapes: dict[str, tuple], task: Task | None) -> None:
    """All arrays must have as many rows as `rewards` and, if a task is given, its widths.

    Raises:
        InputError: The first array of another shape.
    """
    if shapes["rewards"] == ():
        raise InputError(f"{path}: rewards is one number, but must be an array with a row for every step; {ANOTHER}.")
    steps = shapes["rewards"][0]
    if steps == 0:
        raise InputError(f"{path} holds no steps; {ANOTHER}.")
    for key in SCHEMA:
        shape, width = shapes[key], ()
        if key in WIDE:
            width = (getattr(task, WIDE[key]),) if task else shape[1:2]
        if shape != (steps, *width) and (key in WIDE or shape != (steps, 1)):
            fits = [t.name for t in TASKS.values() if all(shapes[k][1:] == (getattr(t, WIDE[k]),) for k in WIDE)]
            hint = f"the file fits {some(fits, 4)}: name that task or another file" if fits else ANOTHER
            raise InputError(
                f"{path}: {key} has shape {shape}, but {task.name if task else 'a file'} with {steps:,} rewards needs "
                f"{(steps, *width)}; {hint}."
            )


def some(names: Iterable[str | bytes], most: int = 8) -> str:
    """The first few of some names as printable text, and how many more there are."""
    names = sorted(name.decode("latin1") if isinstance(name, bytes) else name for name in names)
    shown = [ascii(name)[1:-1][:30] for name in names[:most]]
    return ", ".join(shown) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def _what_is_missing(path: Path, file: h5py.File, missing: list[str]) -> str:
    """Why a file without these arrays cannot be used."""
    groups = sum(bool(re.fullmatch(r"episode_\d+", name)) for name in file if isinstance(name, str))
    if groups:
        return (
            f"{path} is in Minari's layout (a group for each of {groups:,} episodes), not in DSRL's; join the episodes "
            f"into {', '.join(SCHEMA)} (docs/datasets.md)."
        )
    lacking = "all of DSRL's arrays" if len(missing) == len(SCHEMA) else ", ".join(missing)
    return (
        f"{path} lacks {lacking} (it holds {some(file) or 'nothing'}); rename or add them at the top level of the file "
        "(docs/datasets.md)."
    )


def _resolve(path: Path, file: h5py.File, key: str) -> h5py.Dataset:
    """The dataset `key`, through soft links but never out of the file.

    Raises:
        InputError: A link leads nowhere or out of the file, or it is no dataset.
    """
    names = [key]
    for _ in range(MOST_LINKS):
        found = file
        for depth, name in enumerate(names):
            link = found.get(name, getlink=True) if isinstance(found, h5py.Group) else None
            if link is None:
                raise InputError(
                    f"{path}: {key} is a link to {some(['/'.join(names)])}, which is not there; store the array itself."
                )
            if isinstance(link, h5py.ExternalLink):
                there = "" if os.path.exists(path.parent / link.filename) else ", which is not there"
                raise InputError(
                    f"{path}: {key} points to another file, {some([link.filename])}{there}; copy the array here."
                )
            if isinstance(link, h5py.SoftLink):
                base = [] if link.path.startswith("/") else names[:depth]
                steps = [step for step in link.path.split("/") if step not in ("", ".")]
                names = [*base, *steps, *names[depth + 1 :]]
                break
            found = found[name]
        else:
            break
    else:
        raise InputError(f"{path}: {key} is a link that leads to itself; store the array itself.")
    if not isinstance(found, h5py.Dataset):
        held = f" of {some(found) or 'nothing'}" if isinstance(found, h5py.Group) else ""
        raise InputError(
            f"{path}: {key} is no array but a {type(found).__name__.lower()}{held}; store one array there."
        )
    return found


def _check_storage(path: Path, key: str, data: h5py.Dataset) -> None:
    """Raise InputError unless the values are numbers, all of them in this file."""
    layout, wanted = data.id.get_create_plist(), "bool" if key in FLAGS else "float32"
    if layout.get_external_count() or layout.get_layout() == h5py.h5d.VIRTUAL:
        kind = "external storage" if layout.get_external_count() else "a virtual dataset"
        raise InputError(f"{path}: the values of {key} lie in other files ({kind}); copy them into this one.")
    if data.shape is None:
        raise InputError(f"{path}: {key} is empty (a dataset without values); {ANOTHER}.")
    if data.dtype.kind not in "fiub":
        held = "values of variable length" if data.dtype.kind == "O" else f"dtype {data.dtype}"
        raise InputError(f"{path}: {key} has {held:.60}, not numbers; convert it to {wanted}.")
    kind = data.id.get_type()
    if kind.get_class() in (h5py.h5t.FLOAT, h5py.h5t.INTEGER) and kind != h5py.h5t.py_create(data.dtype):
        raise InputError(f"{path}: {key} has numbers of an unknown format; convert it to {wanted} or {ANOTHER}.")
    if key in FLAGS:  # a flag that is never set need not have been written
        return
    stored, needed, unit = data.id.get_storage_size(), data.size * data.dtype.itemsize, "bytes"
    if data.chunks:
        needed, unit = (
            math.prod(-(-rows // chunk) for rows, chunk in zip(data.shape, data.chunks, strict=True)),
            "chunks",
        )
        places = set()  # of the chunks within the array; what is not there would be read as 0
        data.id.chunk_iter(lambda chunk: places.add(chunk.chunk_offset))
        stored = sum(all(map(operator.lt, place, data.shape)) for place in places)
    if stored < needed:
        raise InputError(
            f"{path}: {key} claims shape {data.shape}, but {stored:,} of {needed:,} {unit} were written; {ANOTHER}."
        )
