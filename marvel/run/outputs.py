"""What a run leaves in its folder: whether it is there, whole and this run's; and how it is written.

Outputs are written to the scratch folder and linked from there, run.json last: they are whole or absent, and can be put
back when Snakemake has removed them.
"""

import json
import os
import resource
from pathlib import Path

from marvel import datasets
from marvel.errors import InputError
from marvel.files import file_hash, link, write_atomically
from marvel.run import record
from marvel.run.context import Context
from marvel.run.progress import episodes_bytes, progress_bytes
from marvel.run.snapshot import tensor_bytes

# All that a run can leave in its folder, beside .state.
OUTPUTS = ("progress.csv", "episodes.csv", "checkpoint.pt", "actor.pt", "dataset.hdf5", "run.json")


def clear(out: Path, state: Path) -> None:
    """Remove the outputs of an earlier run whose record was taken away; nothing else is ever deleted.

    Raises:
        InputError: `out` holds a file that no run wrote there.
    """
    for path in (out / name for name in OUTPUTS):
        ours = state / path.name
        if path.exists():
            if not ours.exists() or file_hash(ours) != file_hash(path):
                raise InputError(f"{path} was not written by a run in this folder; move it away or give another --out.")
            path.unlink()


def finished(out: Path, state: Path, context: Context, identity: dict) -> str | None:
    """How this very run ended, if it did; outputs that were taken away (Snakemake removes them) are linked back.

    Raises:
        InputError: `out` holds the outputs of another run.
    """
    here = read_record(out / "run.json")
    if here is not None:
        if here["fingerprint"] != context.fingerprint:
            other = ", ".join(record.differences({name: here.get(name) for name in identity}, identity)[:4])
            raise InputError(
                f"{out} holds a finished run of another spec, input or version of the code ({other or 'all'}); "
                "give another --out."
            )
        if holds_all(out, here):
            context.say(f"already finished in {out}")
            return here["status"]
    kept = read_record(state / "run.json")
    if kept is None or kept["fingerprint"] != context.fingerprint or not holds_all(state, kept):
        return None
    for name in [*kept["outputs"], "run.json"]:
        link(state / name, out / name)
        os.utime(out / name)
    context.say("finished before: outputs put back")
    return kept["status"]


def read_record(path: Path) -> dict | None:
    """The `record` of a run.json with its spec as "spec"; None if there is none that can be read."""
    try:
        spec = json.loads(path.read_text(encoding="utf-8"))
        found = spec.pop("record")
        return {"status": "finished", "spec": spec} | found if "fingerprint" in found else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def holds_all(folder: Path, found: dict) -> bool:
    """Whether a folder holds the outputs that a record names, with the bytes that it names."""
    return all((folder / n).is_file() and file_hash(folder / n) == digest for n, digest in found["outputs"].items())


def write_outputs(out: Path, state: Path, context: Context, identity: dict, outcome: dict, product) -> None:
    """Write the outputs and run.json (last) to the scratch folder, link them to `out`, clear the snapshot away."""
    outputs = {"progress.csv": progress_bytes(context.rows), "episodes.csv": episodes_bytes(context.episodes)}
    if isinstance(product, dict) and "kind" in product:
        outputs["checkpoint.pt"] = tensor_bytes(product)
    if context.actor is not None and outcome["status"] == "finished":
        outputs["actor.pt"] = tensor_bytes({"kind": "actor", "actor": context.actor.state_dict()})
    for name, content in outputs.items():
        write_atomically(state / name, content)
    if isinstance(product, dict) and "observations" in product:
        datasets.write(state / "dataset.hdf5", product)
        outputs["dataset.hdf5"] = None
    commit, dirty = record.commit()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    entry = (
        {"fingerprint": context.fingerprint}
        | outcome
        | {"commit": commit, "dirty": dirty, "cpu": record.processor()}
        | {name: part for name, part in identity.items() if name != "spec"}
        | {"outputs": {name: file_hash(state / name) for name in outputs}, "peak_memory_mb": round(peak)}
        | {key: round(value, 1) for key, value in context.spent().items()}
    )
    content = json.dumps(identity["spec"] | {"record": entry}, indent=1) + "\n"
    write_atomically(state / "run.json", content.encode())
    for name in [*outputs, "run.json"]:
        link(state / name, out / name)
    for name in ("snapshot.pt", "buffer.f32"):
        (state / name).unlink(missing_ok=True)
