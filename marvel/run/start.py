"""Reading the files that a run starts from: a checkpoint, and whether a file is still what its run wrote."""

import json
import pickle
import struct
from pathlib import Path

import torch

from marvel.errors import Diverged, InputError
from marvel.files import file_hash
from marvel.run.finite import first_not_finite_tensor
from marvel.values import shown

# What torch.load raises for files that are none of its own or damaged.
LOAD_ERRORS = (
    *(OSError, RuntimeError, ValueError, EOFError, KeyError, TypeError, AttributeError, IndexError, MemoryError),
    *(AssertionError, RecursionError, struct.error, pickle.UnpicklingError),
)


def input_hash(path: Path) -> str:
    """SHA-256 of an input file, compared with the record of the run that wrote it, where one lies beside it.

    Raises:
        InputError: The file does not exist, cannot be read, or is not what its record says; or what lies beside it is
            no record.
    """
    try:
        if path.exists() and not path.is_file():  # a device or a pipe may never end
            raise InputError(f"{path} is no regular file; name the file itself.")
        found = file_hash(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); run the stage that makes it first.") from None
    beside = path.with_name("run.json")
    if beside.exists() and (written := _outputs(beside).get(path.name, found)) != found:
        raise InputError(
            f"{path} is not the file that its run wrote: its SHA-256 is {found[:12]}..., {beside} says "
            f"{str(written)[:12]}...; delete its folder and run the stage again."
        )
    return found


def _outputs(path: Path) -> dict:
    """{name: SHA-256} of the files that a run's record names.

    Raises:
        InputError: It is no record.
    """
    try:
        outputs = json.loads(path.read_text(encoding="utf-8"))["record"]["outputs"]
        if isinstance(outputs, dict):
            return outputs
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise InputError(
        f"{path} is not the record of a run, so the file beside it cannot be compared; run the stage again, or move "
        "your own file to another folder."
    )


def read_checkpoint(path: Path) -> dict:
    """The checkpoint in a file, on the CPU.

    Raises:
        InputError: It is no checkpoint of this project, or holds numbers that are not finite.
        Diverged: The stage that made it diverged.
    """
    again = "make it again with the stage that trains it, or name another file"
    try:
        if path.exists() and not path.is_file():
            raise OSError("it is no file")
        checkpoint = torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; {again}.") from None
    except LOAD_ERRORS as error:
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
    if (fault := _fault(checkpoint)) is not None:
        raise InputError(f"{path} is no checkpoint of this project ({fault}); {again}.")
    if checkpoint["kind"] == "diverged":
        raise Diverged(f"its start {path} diverged in round {checkpoint['round']}: {checkpoint['reason']}")
    if (name := first_not_finite_tensor(checkpoint)) is not None:
        raise InputError(f"{path} holds numbers that are not finite in {name}; {again}.")
    return checkpoint


def _fault(checkpoint: object) -> str | None:
    """What a checkpoint of any kind must have and this one has not; None if nothing."""
    if not isinstance(checkpoint, dict) or "kind" not in checkpoint:
        return "it has no key 'kind'"
    if not isinstance(checkpoint["kind"], str) or not checkpoint["kind"]:
        return f"its kind is {shown(checkpoint['kind'])}, no text"
    if checkpoint["kind"] == "diverged":
        told = isinstance(checkpoint.get("round"), int) and isinstance(checkpoint.get("reason"), str)
        return None if told else "it does not say where it diverged"
    if "actor" not in checkpoint:
        return "it holds no actor"
    if not isinstance(checkpoint.get("form", {}), dict):
        return "its form is no mapping"
    for name, part in checkpoint.items():
        if name == "actor" or str(name).endswith(("_critic", "_target")):
            if not isinstance(part, dict) or not part:
                return f"its {name} is no mapping of names and tensors"
            for key, value in part.items():
                if not isinstance(value, torch.Tensor) or value.dtype != torch.float32 or value.is_sparse:
                    what = value.dtype if isinstance(value, torch.Tensor) else type(value).__name__
                    return f"{name}.{key} is no dense tensor of float32, but {what}"
    return None
