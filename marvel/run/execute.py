"""Execute a run: from its spec to progress.csv, run.json and the stage's product, or on from where it was cut off."""

import contextlib
import fcntl
import json
import os
import resource
import shutil
from pathlib import Path

import torch

from marvel import datasets
from marvel.errors import InputError
from marvel.run import record
from marvel.run.context import Context, tensor_bytes, write_atomically
from marvel.run.progress import progress_bytes
from marvel.run.spec import load_train, resolve_spec
from marvel.tasks import get_task


def execute(spec: dict, out: Path) -> None:
    """Run a spec (see the module's docstring).

    Args:
        spec: From `read_spec`.
        out: Folder of the outputs; made if missing.
    """
    torch.set_num_threads(1)
    train = load_train(spec["train"])
    spec, hp = resolve_spec(spec, train)
    inputs = {}
    for key in ("start", "dataset"):
        if spec[key] is not None:
            if not Path(spec[key]).exists():
                raise InputError(
                    f"{spec['method']}: the {key} {spec[key]} does not exist; run the stage that makes it first."
                )
            inputs[spec[key]] = record.file_hash(Path(spec[key]))
    state = out / ".state"
    state.mkdir(parents=True, exist_ok=True)
    context = Context(
        task=get_task(spec["task"]),
        cost_limit=float(spec["cost_limit"]),
        seed=spec["seed"],
        method=spec["method"],
        start=None if spec["start"] is None else Path(spec["start"]),
        dataset=None if spec["dataset"] is None else Path(spec["dataset"]),
        scratch=state,
    )
    with only_one(state / "lock", context):
        code = record.code_of(spec["train"], type(context.env.simulator).__module__)
        context.fingerprint = record.fingerprint(spec, code, inputs)
        if finished(out, state, context):
            return
        rows, result = context.rows, None
        method = train(context, hp, **spec["options"])
        while True:
            try:
                rows.append(next(method))
            except StopIteration as stop:
                result = stop.value
                break
        context.env.close()
        write_outputs(out, state, context, spec, code, inputs, result)


@contextlib.contextmanager
def only_one(path: Path, context: Context):
    """Hold the run's own lock, so that an orphan of a killed study and its replacement never write together."""
    with open(path, "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            context.say("waiting for another process that is working on this run")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def finished(out: Path, state: Path, context: Context) -> bool:
    """True if this very run is complete; outputs that were taken away (Snakemake removes them) are linked back.

    Raises:
        InputError: `out` holds the outputs of another run.
    """
    here = out / "run.json"
    if here.exists():
        if json.loads(here.read_text()).get("record", {}).get("fingerprint") != context.fingerprint:
            raise InputError(
                f"{out} holds a finished run of another spec, input or version of the code; give another --out."
            )
        context.say(f"already finished in {out}")
        return True
    kept = state / "run.json"
    if not kept.exists() or json.loads(kept.read_text())["record"]["fingerprint"] != context.fingerprint:
        return False
    for name in [*json.loads(kept.read_text())["record"]["outputs"], "run.json"]:
        link(state / name, out / name)
        os.utime(out / name)
    context.say("finished before: outputs put back")
    return True


def link(source: Path, target: Path) -> None:
    """A second name for a file (a copy where the file system has no hard links)."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_outputs(out: Path, state: Path, context: Context, spec: dict, code: dict, inputs: dict, result) -> None:
    """Write progress.csv, the stage's product and run.json (last), keep links to them, clear the snapshot away."""
    outputs = {"progress.csv": progress_bytes(context.rows)}
    if isinstance(result, dict) and "kind" in result:
        outputs["checkpoint.pt"] = tensor_bytes(result)
    for name, content in outputs.items():
        write_atomically(out / name, content)
    if isinstance(result, dict) and "observations" in result:
        datasets.write(out / "dataset.hdf5", result)
        outputs["dataset.hdf5"] = None
    commit, dirty = record.commit()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    entry = {
        "fingerprint": context.fingerprint,
        "commit": commit,
        "dirty": dirty,
        "code": code,
        "versions": record.versions(),
        "cpu": record.processor(),
        "inputs": inputs,
        "outputs": {name: record.file_hash(out / name) for name in outputs},
        "peak_memory_mb": round(peak),
    } | {key: round(value, 1) for key, value in context.spent().items()}
    write_atomically(out / "run.json", (json.dumps(spec | {"record": entry}, indent=1) + "\n").encode())
    for name in [*outputs, "run.json"]:
        link(out / name, state / name)
    for name in ("snapshot.pt", "buffer.f32"):
        (state / name).unlink(missing_ok=True)
