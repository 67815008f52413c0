"""Run one card, `python -m marvel.run CARD --out DIR`, or check a result, `python -m marvel.run --check FILE`.

CARD is a JSON file, or JSON itself; a finished run's run.json is a card too, so any run can be repeated from its own
record. DIR receives progress.csv, run.json and, where the stage makes one, checkpoint.pt or dataset.hdf5. An
interrupted run goes on from DIR/.state when the same command is given again; finished outputs are never overwritten.
"""

import argparse
import contextlib
import fcntl
import importlib
import inspect
import json
import os
import resource
import shutil
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

import torch

from marvel import datasets, record
from marvel.hyperparameters import nearest, resolve
from marvel.problem import Problem, tensor_bytes, write_atomically
from marvel.progress import progress_bytes, read_progress
from marvel.tasks import get_task

CARD_KEYS = ("method", "train", "task", "seed", "cost_limit", "start", "dataset", "hyperparameters", "knobs")


def read_card(text: str) -> dict:
    """A card from JSON text or from a JSON file, without the `record` of a finished run.

    Raises:
        ValueError: Neither, or keys missing or unknown.
    """
    source = "the card"
    if not text.lstrip().startswith("{"):
        source = text
        try:
            text = Path(text).read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(
                f"{source} cannot be read as a card ({error.strerror}); give a JSON file or JSON text."
            ) from None
    try:
        card = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{source} is no JSON: {error}.") from None
    card.pop("record", None)
    for key in card:
        if key not in CARD_KEYS:
            raise ValueError(f"{source}: {key!r} is no key of a card; {nearest(key, CARD_KEYS)}.")
    for key in ("train", "task", "seed", "cost_limit"):
        if key not in card:
            raise ValueError(f"{source}: the key {key!r} is missing.")
    defaults = {"method": card["train"], "start": None, "dataset": None, "hyperparameters": {}, "knobs": {}}
    return {key: card.get(key, defaults.get(key)) for key in CARD_KEYS}


def load_train(name: str):
    """The function `train` of the module `name`.

    Raises:
        ValueError: No such module, or no such function in it.
    """
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        raise ValueError(
            f"train: {name!r} is no module; write the file's dotted path, as in baselines.warm_start."
        ) from None
    if not hasattr(module, "train"):
        raise ValueError(f"train: {name} has no function train(problem, hp, *, ...).")
    return module.train


def resolve_card(card: dict, train) -> tuple[dict, object]:
    """The card with all defaults written out, and its hyperparameters.

    Raises:
        ValueError: An unknown task, hyperparameter or knob.
    """
    signature = inspect.signature(train)
    known = {name: p.default for name, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY}
    for name in card["knobs"]:
        if name not in known:
            raise ValueError(f"{card['method']}: {name!r} is no knob of {card['train']}.train; {nearest(name, known)}.")
    hp = resolve(card["hyperparameters"], where=card["method"])
    get_task(card["task"])
    return card | {"hyperparameters": asdict(hp), "knobs": known | card["knobs"]}, hp


def execute(card: dict, out: Path) -> None:
    """Run a card (see the module's docstring).

    Args:
        card: From `read_card`.
        out: Folder of the outputs; made if missing.
    """
    torch.set_num_threads(1)
    train = load_train(card["train"])
    card, hp = resolve_card(card, train)
    inputs = {}
    for key in ("start", "dataset"):
        if card[key] is not None:
            if not Path(card[key]).exists():
                raise ValueError(
                    f"{card['method']}: the {key} {card[key]} does not exist; run the stage that makes it first."
                )
            inputs[card[key]] = record.file_hash(Path(card[key]))
    state = out / ".state"
    state.mkdir(parents=True, exist_ok=True)
    problem = Problem(
        task=get_task(card["task"]),
        cost_limit=float(card["cost_limit"]),
        seed=card["seed"],
        method=card["method"],
        start=None if card["start"] is None else Path(card["start"]),
        dataset=None if card["dataset"] is None else Path(card["dataset"]),
        scratch=state,
    )
    with only_one(state / "lock", problem):
        code = record.code_of(card["train"], type(problem.env.simulator).__module__)
        problem.fingerprint = record.fingerprint(card, code, inputs)
        if finished(out, state, problem):
            return
        rows, result = problem.rows, None
        method = train(problem, hp, **card["knobs"])
        while True:
            try:
                rows.append(next(method))
            except StopIteration as stop:
                result = stop.value
                break
        problem.env.close()
        write_outputs(out, state, problem, card, code, inputs, result)


@contextlib.contextmanager
def only_one(path: Path, problem: Problem):
    """Hold the run's own lock, so that an orphan of a killed study and its replacement never write together."""
    with open(path, "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problem.say("waiting for another process that is working on this run")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def finished(out: Path, state: Path, problem: Problem) -> bool:
    """True if this very run is complete; outputs that were taken away (Snakemake removes them) are linked back.

    Raises:
        ValueError: `out` holds the outputs of another run.
    """
    here = out / "run.json"
    if here.exists():
        if json.loads(here.read_text()).get("record", {}).get("fingerprint") != problem.fingerprint:
            raise ValueError(
                f"{out} holds a finished run of another card, input or version of the code; give another --out."
            )
        problem.say(f"already finished in {out}")
        return True
    kept = state / "run.json"
    if not kept.exists() or json.loads(kept.read_text())["record"]["fingerprint"] != problem.fingerprint:
        return False
    for name in [*json.loads(kept.read_text())["record"]["outputs"], "run.json"]:
        link(state / name, out / name)
        os.utime(out / name)
    problem.say("finished before: outputs put back")
    return True


def link(source: Path, target: Path) -> None:
    """A second name for a file (a copy where the file system has no hard links)."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_outputs(out: Path, state: Path, problem: Problem, card: dict, code: dict, inputs: dict, result) -> None:
    """Write progress.csv, the stage's product and run.json (last), keep links to them, clear the snapshot away."""
    outputs = {"progress.csv": progress_bytes(problem.rows)}
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
        "fingerprint": problem.fingerprint,
        "commit": commit,
        "dirty": dirty,
        "code": code,
        "versions": record.versions(),
        "cpu": record.processor(),
        "inputs": inputs,
        "outputs": {name: record.file_hash(out / name) for name in outputs},
        "peak_memory_mb": round(peak),
    } | {key: round(value, 1) for key, value in problem.spent().items()}
    write_atomically(out / "run.json", (json.dumps(card | {"record": entry}, indent=1) + "\n").encode())
    for name in [*outputs, "run.json"]:
        link(out / name, state / name)
    for name in ("snapshot.pt", "buffer.f32"):
        (state / name).unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> int:
    """Command line; faults of the input end with one sentence and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m marvel.run", description=__doc__)
    parser.add_argument("card", nargs="?", help="JSON file or text; a run.json repeats its run")
    parser.add_argument("--out", type=Path, help="folder for the outputs")
    parser.add_argument("--check", type=Path, metavar="FILE", help="check a progress.csv that another program wrote")
    parser.add_argument("--log", type=Path, help="append progress lines to this file as well")
    options = parser.parse_args(arguments)
    if options.check is None and (options.card is None or options.out is None):
        parser.error("give a card and --out, or --check FILE")
    with contextlib.ExitStack() as stack:
        if options.log:
            options.log.parent.mkdir(parents=True, exist_ok=True)
            log = stack.enter_context(open(options.log, "a", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stderr(Tee(sys.stderr, log)))
        try:
            if options.check:
                rows = read_progress(options.check)
                print(f"{options.check}: sound, {len(rows)} rows, {rows['env_steps'].iloc[-1]:,} environment steps")
            else:
                execute(read_card(options.card), options.out)
        except ValueError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        except Exception:
            traceback.print_exc()
            return 1
    return 0


class Tee:
    """Writes go to two text streams: the terminal shows progress while the log keeps it."""

    def __init__(self, *streams):
        self.streams = streams

    def write(self, text: str) -> int:
        """Write to both."""
        for stream in self.streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush both."""
        for stream in self.streams:
            stream.flush()

    def fileno(self) -> int:
        """The first stream's file descriptor."""
        return self.streams[0].fileno()


if __name__ == "__main__":
    sys.exit(main())
