"""Execute a run: from its spec to progress.csv, run.json and the stage's product, or on from where it was cut off."""

import contextlib
import math
import numbers
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from marvel.errors import Diverged, InputError, Interrupted
from marvel.files import lock, sweep
from marvel.hyperparameters import Hyperparameters
from marvel.run import record
from marvel.run.context import Context
from marvel.run.outputs import clear, finished, write_outputs
from marvel.run.progress import COLUMNS, COUNTS
from marvel.run.spec import load_train, resolve_spec
from marvel.run.start import input_hash
from marvel.tasks import get_task

# {stage: (what it makes, keys of that)}
PRODUCTS = {"dataset": ("dataset", {"observations"})}
PRODUCTS |= dict.fromkeys(("pretrain", "prealign"), ("checkpoint", {"kind", "actor"}))
HANDED = {"pretrain": {"dataset"}, "prealign": {"start", "dataset"}}  # to every method of the stage, needed or not
TOO_LARGE = ("can't allocate memory", "overflow", "invalid tensor size", "too large")  # of torch's RuntimeErrors


def execute(spec: dict, out: Path) -> str:
    """Run a spec; an interrupted run goes on from out/.state, a finished one is left alone.

    Args:
        spec: From `read_spec`.
        out: Folder of the outputs; made if missing.

    Returns:
        "finished" or "diverged".

    Raises:
        InputError: A fault of the spec, its inputs or the folder; `method_rows` says which of the method.
        Interrupted: A signal asked the run to stop.
    """
    train = load_train(spec["train"])
    spec, hp = resolve_spec(spec, train)
    inputs = {}
    for key in ("start", "dataset"):
        if spec[key] is not None:
            if not os.path.exists(spec[key]):
                raise InputError(
                    f"{spec['method']}: the {key} {spec[key]} does not exist; run the stage that makes it first."
                )
            inputs[spec[key]] = input_hash(Path(spec[key]))
    state = out / ".state"
    try:
        state.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # a ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{out} cannot be made ({reason}); give another --out.") from None
    context = Context(
        task=get_task(spec["task"]),
        cost_limit=None if spec["cost_limit"] is None else float(spec["cost_limit"]),
        seed=spec["seed"],
        method=spec["method"],
        stage=spec["stage"],
        start=None if spec["start"] is None else Path(spec["start"]),
        dataset=None if spec["dataset"] is None else Path(spec["dataset"]),
        scratch=state,
    )
    with only_one(state / "lock", context), gentle_stop(context):
        for folder in (out, state):
            sweep(folder)
        code = record.code_of(
            spec["train"], "marvel.run.execute", "marvel.numerics", type(context.env.simulator).__module__
        )
        identity = record.identity(spec, context.task, code, inputs)
        context.fingerprint = record.fingerprint(identity)
        if (status := finished(out, state, context, identity)) is not None:
            return status
        clear(out, state)
        try:
            context.write_status("running")
            outcome, product = play_through(context, hp, train, spec["options"])
            write_outputs(out, state, context, identity, outcome, product)
            context.write_status(outcome["status"])
        except BaseException as error:
            with contextlib.suppress(Exception):
                context.write_status("stopped" if isinstance(error, Interrupted) else "failed", reason=str(error))
            raise
    return outcome["status"]


def play_through(context: Context, hp: Hyperparameters, train, options: dict) -> tuple[dict, object]:
    """Let the method yield all its rows; returns how it ended ("status", and "round", "reason") and its product.

    Raises:
        InputError: What the method yields or returns breaks the contract, it does not read what its spec names, needs
            more memory than there is, or a collector diverged.
    """
    product = None
    try:
        method = train(context, hp, **options)
        if not isinstance(method, Iterator):
            raise InputError(f"{context.method}: train returned {method!r}; it must yield one row per round.")
        while True:
            try:
                row = next(method)
                check_read(context)
                context.rows.append(checked_row(context, row))
            except StopIteration as stop:
                product = stop.value
                break
        check_whole(context, hp)
        check_product(context, product)
    except SystemExit as end:
        raise InputError(f"{context.method} ended the process by itself (exit code {end.code}).") from None
    except Diverged as fault:
        if context.stage == "dataset":
            raise InputError(f"collecting data diverged: {fault}; lower the learning rate.") from None
        outcome = {"status": "diverged", "round": context.round or 0, "reason": str(fault)}
        context.say(f"diverged: {fault}")
        if not context.rows:
            context.rows.append(dict.fromkeys(COLUMNS) | dict.fromkeys(COUNTS, 0))
        # what starts from here must not take half-learned weights for a policy
        return outcome, None if context.stage == "finetune" else {"kind": "diverged"} | outcome
    except (MemoryError, OverflowError, RuntimeError) as fault:
        reason = str(fault).split(": ")[-1].splitlines()[0] if str(fault) else "out of memory"
        if isinstance(fault, RuntimeError) and not any(words in str(fault) for words in TOO_LARGE):
            raise
        raise InputError(
            f"{context.method} does not fit into this machine's memory ({reason.rstrip('.')}); lower hidden_units, "
            "batch_size or the budget, or use a machine with more."
        ) from None
    finally:
        context.env.close()
    return {"status": "finished"}, product


def check_read(context: Context) -> None:
    """Refuse a run that names a start or a dataset and is made without it.

    Raises:
        InputError: At its first row the method has not read it.
    """
    for key in {"start", "dataset"} - context.read - HANDED.get(context.stage, set()):
        if getattr(context, key) is not None:
            raise InputError(
                f"{context.method}: its spec names a {key}, but it yields rows without having read it (with "
                f"context.read_{key}); leave it out."
            )


def check_product(context: Context, product: object) -> None:
    """Refuse a stage that ends without what it is for.

    Raises:
        InputError: It does.
    """
    what, keys = PRODUCTS.get(context.stage, ("", set()))
    if keys and not (isinstance(product, dict) and keys <= set(product)):
        raise InputError(
            f"{context.method} returned no {what} (a dictionary with {', '.join(sorted(keys))}), which the stage "
            f"{context.stage} is for; return one, or name the stage that the method is of."
        )


def checked_row(context: Context, row: object) -> dict:
    """A method's row in plain Python numbers.

    Raises:
        InputError: It is no dictionary of numbers, or an online run's row lacks columns.
        Diverged: A number in it is not finite.
    """
    where = f"{context.method}, row {len(context.rows)}"
    if not isinstance(row, dict):
        raise InputError(f"{where}: {row!r} is no dictionary of column names and numbers.")
    plain = {}
    for name, value in row.items():
        value = value.item() if hasattr(value, "item") else value  # numbers of NumPy and torch
        if value is not None and (isinstance(value, bool) or not isinstance(value, numbers.Real)):
            raise InputError(f"{where}: {name} is {value!r}; it must be a number, or None where nothing was measured.")
        if isinstance(value, float) and not math.isfinite(value):
            raise Diverged(f"{name} is {value}")
        plain[name] = value
    if context.stage == "finetune" and (missing := [name for name in COLUMNS if name not in plain]):
        raise InputError(
            f"{where} lacks the column(s) {', '.join(missing)}; start from first_row and next_row of marvel.finetune "
            "(or name the stage in the spec, if it is another one)."
        )
    return plain


def check_whole(context: Context, hp: Hyperparameters) -> None:
    """Refuse a run whose method stopped before its budget was played.

    Raises:
        InputError: It did.
    """
    if not context.rows:
        raise InputError(f"{context.method} yielded no row; row 0 is the policy before any training.")
    if context.whole is False:
        raise InputError(f"{context.method} stopped in round {context.round}, before all its rounds were done.")
    last, longest = context.rows[-1], context.task.max_episode_steps
    if context.stage != "finetune" or (len(context.rows) == 1 and last["env_steps"] == 0):  # a policy, only evaluated
        return
    unit, budget, over = "env_steps", hp.online_episodes * longest, longest
    if hp.round_unit == "episodes":
        unit, budget, over = "episodes", hp.online_episodes, 1
    if not budget <= last[unit] < budget + over:
        raise InputError(
            f"{context.method} ends at {last[unit]:,} {unit}, but its budget is {budget:,}; use context.rounds and "
            "marvel.finetune, or play until the budget is reached."
        )


@contextlib.contextmanager
def only_one(path: Path, context: Context):
    """Hold the run's own lock, so that an orphan of a killed study and its replacement never write together."""
    with open(path, "a") as file:
        if not lock(file, wait=False):
            context.say("waiting for another process that is working on this run")
            lock(file)
        yield


@contextlib.contextmanager
def gentle_stop(context: Context):
    """Let SIGTERM and Ctrl-C end the run after the round under way, with a snapshot; the second one ends it at once."""

    def stop(number: int, frame) -> None:
        begun = context.round is not None and not context.stopping
        context.stopping = number
        if not begun:
            context.end_if_asked()

    old = {}
    with contextlib.suppress(ValueError):  # not in the main thread: whoever runs there decides
        old = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
