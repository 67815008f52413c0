"""Run specs: the JSON that names one run (method, stage, task, seed, start, dataset and every setting)."""

import importlib
import inspect
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters, resolve
from marvel.multipliers import controller
from marvel.options import read_options
from marvel.tasks import get_task
from marvel.values import REQUIRED, Option, check, check_all, nearest, read_json, shown

KEYS = [
    Option("method", str | None, None),  # by default the name of the module
    Option("stage", Literal["dataset", "pretrain", "prealign", "finetune"], "finetune"),
    Option("train", str, REQUIRED),
    Option("task", str, REQUIRED),
    Option("seed", Annotated[int, ">= 0"], REQUIRED),
    Option("cost_limit", float | None, None),  # needed, but for collecting data
    Option("start", str | None, None),
    Option("dataset", str | None, None),
    Option("hyperparameters", dict, {}),
    Option("options", dict, {}),
]
KEYS = {key.name: key for key in KEYS}
# Words of records that were made before this version.
RENAMED = {"knobs": "options"}
RENAMED_MODULES = {"marvel.collect": "marvel.datasets.collect", "marvel.drive": "marvel.datasets.metadrive_driver"}
STAGES = {  # of the modules that have one alone
    "marvel.prealign": "prealign",
    **dict.fromkeys(("marvel.cpq", "marvel.bear", "marvel.bc"), "pretrain"),
    **dict.fromkeys(RENAMED_MODULES.values(), "dataset"),
}


def in_current_words(spec: dict) -> dict:
    """A spec or record of an earlier version under the names of this one; a current one as it is."""
    spec = {RENAMED.get(key, key): value for key, value in spec.items()}
    train = spec.get("train")
    if not isinstance(train, str):  # a fault for whoever checks the spec
        return spec
    train = RENAMED_MODULES.get(train, train)
    return {"stage": STAGES.get(train, "finetune")} | spec | {"train": train}


def read_spec(text: str) -> dict:
    """A spec from JSON text or from a JSON file, without the `record` of a finished run.

    Raises:
        InputError: Neither, keys missing, unknown or given twice, or a value of the wrong type or out of range, or a
            stage that is not its module's.
    """
    source = "the spec"
    if not text.lstrip().startswith("{"):
        source = text
        try:
            text = Path(text).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise InputError(f"{source} is no JSON: it is no text in UTF-8.") from None
        except (OSError, ValueError) as error:  # a ValueError: a null byte in the path
            reason = getattr(error, "strerror", None) or error
            source = f"{source:.200}"
            raise InputError(f"{source} cannot be read as a spec ({reason}); give a JSON file or JSON text.") from None
    spec = in_current_words(read_json(text, source))
    spec.pop("record", None)
    for key in spec:
        if key not in KEYS:
            raise InputError(f"{source}: {key!r} is no key of a spec; {nearest(key, KEYS)}")
    for key, option in KEYS.items():
        if option.default is REQUIRED and key not in spec:
            raise InputError(f"{source}: the key {key!r} is missing.")
    spec = {key: check(option, spec.get(key, option.default), source) for key, option in KEYS.items()}
    if spec["cost_limit"] is None and spec["stage"] != "dataset":
        raise InputError(f"{source}: the key 'cost_limit' is missing.")
    if (name := spec["method"]) is not None and not (name.isprintable() and name.strip() == name != ""):
        raise InputError(f"{source}: method is {shown(name)}; it must be a name, on one line and not blank.")
    check_stage(spec["train"], spec["stage"], source)
    return spec | {"method": spec["method"] or spec["train"]}


def check_stage(train: str, stage: str, where: str) -> None:
    """Refuse a module of this project in another stage than its own.

    Raises:
        InputError: It is; `where` heads the message.
    """
    if STAGES.get(train, stage) != stage:
        raise InputError(f"{where}: {train} is of the stage {STAGES[train]}, not {stage}; name that or another module.")


def load_train(name: str):
    """The function `train` of the module `name`.

    Raises:
        InputError: No such module, or no such function in it.
    """
    try:
        if not all(map(str.isidentifier, name.split("."))):
            raise ModuleNotFoundError(name=name)
        module = importlib.import_module(name)
    except SyntaxError as error:
        raise InputError(f"train: {error.filename} line {error.lineno} is no valid Python ({error.msg}).") from None
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        raise InputError(
            f"train: {name!r} is no module; write the file's dotted path, as in baselines.warm_start."
        ) from None
    if not inspect.isfunction(getattr(module, "train", None)):
        raise InputError(f"train: {name} has no function train(context, hp, *, ...).")
    return module.train


def check_options(
    train: str, known: dict[str, Option], given: dict, cost_limit: float | None, hp: Hyperparameters, where: str
) -> dict:
    """The given options of a method with each value in its type; `controller` is tried out as well.

    Raises:
        InputError: An option that the method does not have, or a value that it does not take.
    """
    for name in given:
        if name not in known:
            raise InputError(f"{where}: {name!r} is no option of {train}.train; {nearest(name, known)}")
    options = check_all(known, given, where)
    if "controller" in options:
        try:
            controller(options["controller"], cost_limit or 0.0, hp)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
    return options


def resolve_spec(spec: dict, train) -> tuple[dict, Hyperparameters]:
    """The spec with all defaults written out, and its hyperparameters.

    Raises:
        InputError: An unknown task, hyperparameter or option, or a value that one does not take.
    """
    get_task(spec["task"])
    known = read_options(Path(inspect.getsourcefile(train)))
    hp = resolve(spec["hyperparameters"], where=spec["method"])
    if spec["cost_limit"] is None and "controller" in known:
        raise InputError(f"{spec['method']}: the key 'cost_limit' is missing; a multiplier needs one.")
    options = check_options(spec["train"], known, spec["options"], spec["cost_limit"], hp, spec["method"])
    defaults = {name: option.default for name, option in known.items()}
    return spec | {"hyperparameters": asdict(hp), "options": defaults | options}, hp
