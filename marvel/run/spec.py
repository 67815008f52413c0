"""Run specs: the JSON that names one run (method, stage, task, seed, start, dataset and every setting)."""

import importlib
import inspect
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters, resolve
from marvel.multipliers import controller
from marvel.options import read_options
from marvel.tasks import get_task
from marvel.values import REQUIRED, Option, check, check_all, nearest

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
WITHOUT_STAGE = {
    "marvel.prealign": "prealign",
    **dict.fromkeys(("marvel.cpq", "marvel.bear", "marvel.bc"), "pretrain"),
    **dict.fromkeys(RENAMED_MODULES.values(), "dataset"),
}


def in_current_words(spec: dict) -> dict:
    """A spec or record of an earlier version under the names of this one; a current one as it is."""
    spec = {RENAMED.get(key, key): value for key, value in spec.items()}
    if spec.get("train") in RENAMED_MODULES:
        spec["train"] = RENAMED_MODULES[spec["train"]]
    return {"stage": WITHOUT_STAGE.get(spec.get("train"), "finetune")} | spec


def read_spec(text: str) -> dict:
    """A spec from JSON text or from a JSON file, without the `record` of a finished run.

    Raises:
        InputError: Neither, keys missing, unknown or given twice, or a value of the wrong type or out of range.
    """
    source = "the spec"
    if not text.lstrip().startswith("{"):
        source = text
        try:
            text = Path(text).read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"{source} cannot be read as a spec ({error.strerror}); give a JSON file or JSON text."
            ) from None
        except UnicodeDecodeError:
            raise InputError(f"{source} is no JSON: it is no text in UTF-8.") from None

    def once(pairs: list[tuple[str, object]]) -> dict:
        keys = [key for key, _ in pairs]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise InputError(f"{source}: given twice: {', '.join(twice)}; keep one of each.")
        return dict(pairs)

    try:
        spec = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise InputError(f"{source} is no JSON: {error}.") from None
    if not isinstance(spec, dict):
        raise InputError(f"{source} is no JSON object; a spec has the keys {', '.join(KEYS)}.")
    spec = in_current_words(spec)
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
    return spec | {"method": spec["method"] or spec["train"]}


def load_train(name: str):
    """The function `train` of the module `name`.

    Raises:
        InputError: No such module, or no such function in it.
    """
    try:
        module = importlib.import_module(name)
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
    options = check_options(spec["train"], known, spec["options"], spec["cost_limit"], hp, spec["method"])
    defaults = {name: option.default for name, option in known.items()}
    return spec | {"hyperparameters": asdict(hp), "options": defaults | options}, hp
