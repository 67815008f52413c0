"""Reading the files that a run starts from: a checkpoint, and whether a file is still what its run wrote."""

import json
import pickle
from pathlib import Path

import torch

from marvel.errors import Diverged, InputError
from marvel.files import file_hash
from marvel.run.finite import first_not_finite_tensor


def input_hash(path: Path) -> str:
    """SHA-256 of an input file, compared with the record of the run that wrote it, where one lies beside it.

    Raises:
        InputError: The file does not exist, cannot be read, or is not what its record says.
    """
    try:
        found = file_hash(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); run the stage that makes it first.") from None
    beside = path.with_name("run.json")
    try:
        written = json.loads(beside.read_text(encoding="utf-8"))["record"]["outputs"].get(path.name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        written = None  # a file of the user's own has no record
    if written is not None and written != found:
        raise InputError(
            f"{path} is not the file that its run wrote: its SHA-256 is {found[:12]}..., {beside} says "
            f"{written[:12]}...; delete its folder and run the stage again."
        )
    return found


def read_checkpoint(path: Path) -> dict:
    """The checkpoint in a file, on the CPU.

    Raises:
        InputError: It is no checkpoint of this project, or holds numbers that are not finite.
        Diverged: The stage that made it diverged.
    """
    again = "make it again with the stage that trains it, or name another file"
    try:
        checkpoint = torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; {again}.") from None
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        head = path.open("rb").read(64) if path.is_file() else b""
        reason = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        if not head:
            reason = "it is empty" if path.is_file() else "it is no file"
        elif head.startswith(b"version https://git-lfs"):
            reason = "it is a Git LFS pointer; git lfs pull fetches the file itself"
        elif head.startswith(b"PK") and "Weights only load failed" not in reason:  # torch's format, a ZIP archive
            reason = "it is cut short or damaged"
        elif "Weights only load failed" in reason:
            reason = "it holds other objects than tensors and numbers"
        raise InputError(f"{path} is no checkpoint of this project ({reason}); {again}.") from None
    if not isinstance(checkpoint, dict) or "kind" not in checkpoint:
        raise InputError(f"{path} is no checkpoint of this project (it has no key 'kind'); {again}.")
    if checkpoint["kind"] == "diverged":
        raise Diverged(f"its start {path} diverged in round {checkpoint['round']}: {checkpoint['reason']}")
    if "actor" not in checkpoint:
        raise InputError(f"{path} is no checkpoint of this project (it holds no actor); {again}.")
    if (name := first_not_finite_tensor(checkpoint)) is not None:
        raise InputError(f"{path} holds numbers that are not finite in {name}; {again}.")
    return checkpoint
