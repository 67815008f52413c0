"""One golden file and the ledger of what was compared with it."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch


class Result(NamedTuple):
    """Outcome for one array."""

    name: str
    deviation: float  # largest absolute difference; relative to the sequence's largest value for a PID's
    tolerance: float
    note: str = ""

    @property
    def passed(self) -> bool:
        """NaN never passes."""
        return self.deviation <= self.tolerance


class Recording:
    """Arrays and manifest of one file, and what became of each array.

    Args:
        path: The .npz file; its manifest is the .json beside it.

    Raises:
        ValueError: The manifest is missing, or the two disagree about which arrays there are, their shapes or dtypes.
    """

    def __init__(self, path: Path):
        self.name = path.stem
        manifest = path.with_suffix(".json")
        for part in (path, manifest):
            if not part.exists():
                raise ValueError(f"{part} is missing; a recording is a pair of .npz and .json.")
        self.manifest = json.loads(manifest.read_text(encoding="utf-8"))
        self.hp = self.manifest["hyperparameters"]
        with np.load(path) as arrays:
            self.arrays = {name: arrays[name] for name in arrays}
        declared = self.manifest["arrays"]
        for name in declared.keys() ^ self.arrays.keys():
            where = "manifest" if name in declared else "archive"
            raise ValueError(f"{path.name}: the array {name!r} is in the {where} alone.")
        for name, array in self.arrays.items():
            found, said = (list(array.shape), str(array.dtype)), (declared[name]["shape"], declared[name]["dtype"])
            if found != said:
                raise ValueError(f"{path.name}: {name!r} has shape and dtype {found}, the manifest says {said}.")
        self.inputs: set[str] = set()
        self.results: dict[str, Result] = {}

    def input(self, name: str) -> np.ndarray:
        """An array that the replay is fed with."""
        self.inputs.add(name)
        return self.arrays[name]

    def tensor(self, name: str) -> torch.Tensor:
        """The same as a tensor."""
        return torch.from_numpy(self.input(name))

    def unused(self, name: str, shape: tuple[int, ...]) -> None:
        """An input that the official code draws and throws away: only its shape can be wrong.

        Raises:
            ValueError: It is.
        """
        if self.input(name).shape != shape:
            raise ValueError(f"{self.name}: {name!r} has shape {self.arrays[name].shape} instead of {shape}.")

    def check(self, name: str, computed, relative: bool = False, where: np.ndarray | None = None) -> None:
        """Compare an array with what was computed in its place.

        Args:
            name: Array; one that the file lacks is not compared (files record different amounts).
            computed: Anything NumPy turns into an array of the same shape.
            relative: Measure against the largest value of each sequence (last axis), for a PID's values.
            where: Mask of the entries to compare; all others were recorded as not a number.
        """
        if name not in self.arrays:
            return
        golden = self.arrays[name].astype(np.float64)
        computed = np.asarray(computed, np.float64)
        if computed.shape != golden.shape:
            note = f"shape {computed.shape} instead of {golden.shape}"
            self.results[name] = Result(name, float("nan"), 0.0, note)
            return
        difference = np.abs(computed - golden)
        if where is not None:
            difference = difference[where]
        tolerance = 1e-5 + 10 * self.manifest["arrays"][name].get("float32_vs_float64_max_abs", 0.0)
        note = ""
        if relative:
            tolerance, note = 1e-9, "relative"
            scale = np.abs(golden).max(-1, keepdims=True)
            difference = difference / np.where(scale > 0, scale, np.finfo(np.float64).tiny)
        # max() passes NaN on, so one NaN among the differences fails the array
        self.results[name] = Result(name, float(difference.max(initial=0.0)), tolerance, note)

    def unknown(self) -> list[str]:
        """Arrays that no replay read or compared."""
        return [name for name in self.arrays if name not in self.inputs and name not in self.results]
