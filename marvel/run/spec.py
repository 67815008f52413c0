"""Run specs: the JSON that names one run (method, task, seed, start, dataset and every setting)."""

import importlib
import inspect
import json
from dataclasses import asdict
from pathlib import Path

from marvel.errors import InputError
from marvel.hyperparameters import nearest, resolve
from marvel.tasks import get_task

SPEC_KEYS = ("method", "train", "task", "seed", "cost_limit", "start", "dataset", "hyperparameters", "options")


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
    try:
        spec = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{source} is no JSON: {error}.") from None
    spec.pop("record", None)
    for key in spec:
        if key not in SPEC_KEYS:
            raise InputError(f"{source}: {key!r} is no key of a spec; {nearest(key, SPEC_KEYS)}.")
    for key in ("train", "task", "seed", "cost_limit"):
        if key not in spec:
            raise InputError(f"{source}: the key {key!r} is missing.")
    defaults = {"method": spec["train"], "start": None, "dataset": None, "hyperparameters": {}, "options": {}}
    return {key: spec.get(key, defaults.get(key)) for key in SPEC_KEYS}


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
    if not hasattr(module, "train"):
        raise InputError(f"train: {name} has no function train(context, hp, *, ...).")
    return module.train


def resolve_spec(spec: dict, train) -> tuple[dict, object]:
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
