"""Read and write HDF5 files of DSRL's schema (`marvel.datasets.arrays`).

A file may be damaged or made by anybody: its header is checked before any value is read (`marvel.datasets.header`), and
whatever the HDF5 library raises becomes one sentence.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from marvel.datasets.arrays import FLAGS, FLOATS, SCHEMA
from marvel.datasets.header import ANOTHER, WIDE, check_file, check_shapes, find_arrays, some
from marvel.errors import InputError
from marvel.files import replacing
from marvel.tasks import Task

H5_ERRORS = (OSError, RuntimeError, MemoryError, TypeError, KeyError, ValueError)
LARGEST = np.finfo(np.float32).max


def load(path: Path, task: Task | None = None) -> dict[str, np.ndarray]:
    """Read the schema's arrays as float32 and bool, with columns of width one made flat, as DSRL does.

    Args:
        path: The file.
        task: If given, the shapes must be those of this task.

    Raises:
        InputError: No readable HDF5 file, a missing array, other shapes, values that lie outside of the file or are no
            finite numbers.
    """
    check_file(path)
    with _one_sentence(path), h5py.File(path, "r", locking=False) as file:
        found = find_arrays(path, file)
        check_shapes(path, {key: data.shape for key, data in found.items()}, task)
        return {key: _values(path, key, data) for key, data in found.items()}


@contextlib.contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    """Turn whatever the HDF5 library raises into one sentence."""
    try:
        yield
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path} does not fit into this machine's memory; use a machine with more.") from None
    except H5_ERRORS as error:
        reason = re.sub(r"\s+", " ", str(error.args[0] if error.args else type(error).__name__))
        raise InputError(f"{path} cannot be read as HDF5, is damaged or cut short ({reason:.90}); {ANOTHER}.") from None


def _values(path: Path, key: str, dataset: h5py.Dataset) -> np.ndarray:
    """A dataset's values as float32 or bool."""
    try:
        data = dataset[()]
    except H5_ERRORS:
        if lacking := _missing_filters(dataset):
            raise InputError(
                f"{path}: {key} needs the compression filter {some(lacking)}, which is not installed; save the file "
                "again with gzip compression."
            ) from None
        raise
    if key not in WIDE:
        data = data.reshape(len(data))
    if key in FLAGS:
        odd = data[~np.isin(data, (0, 1))]
        if len(odd):
            raise InputError(f"{path}: {key} holds {odd[0]}, but a flag is 0 or 1; convert it to bool.")
        return data.astype(bool, copy=False)
    if data.dtype.kind == "f":
        bad = ~((data >= -LARGEST) & (data <= LARGEST))
        if bad.any():
            place = tuple(np.argwhere(bad)[0])
            where, fault = ", ".join(map(str, place)), "not finite"
            if np.isfinite(data[place]):
                fault = f"beyond float32's {LARGEST:.1e}"
            raise InputError(
                f"{path}: {key}[{where}] is {data[place]:g}, {fault} ({bad.sum():,} such values); {ANOTHER}."
            )
    return data.astype(np.float32, copy=False)


def _missing_filters(dataset: h5py.Dataset) -> list[str]:
    """Names of the dataset's compression filters that this HDF5 library lacks."""
    settings = dataset.id.get_create_plist()
    filters = [settings.get_filter(number) for number in range(settings.get_nfilters())]
    return [
        name.decode(errors="replace") or f"number {code}"
        for code, _, _, name in filters
        if not h5py.h5z.filter_avail(code)
    ]


def write(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a DSRL-schema file: whole or not at all, and the same arrays give the same bytes.

    Raises:
        InputError: An array of the schema is missing or another is there.
    """
    path = Path(path)
    if odd := set(arrays) ^ set(SCHEMA):
        raise InputError(f"{path}: a dataset holds exactly {', '.join(SCHEMA)}; add or drop {', '.join(sorted(odd))}.")
    with replacing(path) as temporary, h5py.File(temporary, "w", locking=False) as file:
        for key in sorted(arrays):
            data = np.asarray(arrays[key], dtype=np.float32 if key in FLOATS else bool)
            file.create_dataset(key, data=data, compression="gzip", shuffle=True, track_times=False)
