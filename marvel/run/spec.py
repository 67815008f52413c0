"""Run specs: the JSON that names one run (method, task, seed, start, dataset and every setting)."""

import importlib
import inspect
import json
from dataclasses import asdict
from pathlib import Path

from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters, nearest, resolve
from marvel.tasks import get_task

STAGES = ("dataset", "pretrain", "prealign", "finetune")
DEFAULTS = {
    "method": None,  # the name of the module
    "stage": "finetune",
    "train": None,
    "task": None,
    "seed": None,
    "cost_limit": None,  # needed, but for collecting data
    "start": None,
    "dataset": None,
    "hyperparameters": {},
    "options": {},
}
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
        InputError: Neither, or keys missing or unknown.
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
    try:
        spec = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{source} is no JSON: {error}.") from None
    if not isinstance(spec, dict):
        raise InputError(f"{source} is no JSON object; a spec has the keys {', '.join(DEFAULTS)}.")
    spec = in_current_words(spec)
    spec.pop("record", None)
    for key in spec:
        if key not in DEFAULTS:
            raise InputError(f"{source}: {key!r} is no key of a spec; {nearest(key, DEFAULTS)}.")
    for key in ("train", "task", "seed"):
        if key not in spec:
            raise InputError(f"{source}: the key {key!r} is missing.")
    spec = DEFAULTS | spec
    if spec["stage"] not in STAGES:
        raise InputError(f"{source}: stage is {spec['stage']!r}; it must be one of {', '.join(STAGES)}.")
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


def resolve_spec(spec: dict, train) -> tuple[dict, Hyperparameters]:
    """The spec with all defaults written out, and its hyperparameters.

    Raises:
        InputError: An unknown task, hyperparameter or option.
    """
    signature = inspect.signature(train)
    known = {name: p.default for name, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY}
    for name in spec["options"]:
        if name not in known:
            raise InputError(
                f"{spec['method']}: {name!r} is no option of {spec['train']}.train; {nearest(name, known)}."
            )
    hp = resolve(spec["hyperparameters"], where=spec["method"])
    get_task(spec["task"])
    return spec | {"hyperparameters": asdict(hp), "options": known | spec["options"]}, hp
