"""The entries of a config's `offline`, `prealign` and `methods`: what each sets, and whether it may."""

from typing import NamedTuple

from marvel.errors import InputError
from marvel.hyperparameters import FIELDS, OFFICIAL, checked, resolve
from marvel.options import ROOT, options_of
from marvel.run.spec import check_options
from marvel.values import nearest

SECTIONS = {"pretrain": "offline", "prealign": "prealign", "finetune": "methods"}  # {stage: section of the config}
WIRING = {
    "pretrain": ("train", "official"),
    "prealign": ("train", "official"),
    "finetune": ("train", "official", "start", "offline", "prealign", "dataset", "cost_limit"),
}
STARTS = {"scratch": (), "offline": ("offline",), "prealigned": ("offline", "prealign")}  # and the entries they need


class Entry(NamedTuple):
    """What an entry sets."""

    train: str
    hyperparameters: dict
    options: dict
    cost_limit: float


def entries(config: dict, tuned: dict[str, dict]) -> dict[tuple[str, str], Entry]:
    """{(stage, name): entry} of all that the generic rules run.

    Args:
        config: Valid by the schema, tasks expanded.
        tuned: {task: hyperparameters} of the study's tasks.

    Raises:
        InputError: The first fault.
    """
    checked(config.get("hyperparameters", {}), "hyperparameters")
    found = {}
    for stage, section in SECTIONS.items():
        for name, entry in config.get(section, {}).items():
            if stage == "finetune":
                _check_wiring(config, name, entry)
            if "rule" not in entry:
                found[stage, name] = _entry(config, tuned, stage, name, entry)
    return found


def _check_wiring(config: dict, name: str, entry: dict) -> None:
    """Check what a method starts from, or the file of its own rule."""
    if "rule" in entry:
        if not (ROOT / entry["rule"]).is_file():
            raise InputError(f"methods: {name}: the rule file {entry['rule']} does not exist.")
        for key in entry:
            if key != "rule":
                raise InputError(f"methods: {name}: {key!r} means nothing beside `rule`; leave it out.")
        return
    needed = STARTS[entry["start"]]
    for key in ("offline", "prealign"):
        known = config.get(key, {})
        if key in entry and key not in needed:
            raise InputError(f"methods: {name}: start {entry['start']} reads no {key!r}; leave it out.")
        if key in needed and entry.get(key) not in known:
            given = f"is {entry[key]!r}" if key in entry else "is missing"
            raise InputError(
                f"methods: {name}: start {entry['start']} needs the key {key!r}, which {given}; "
                f"{nearest(entry.get(key, ''), known)}"
            )


def _entry(config: dict, tuned: dict[str, dict], stage: str, name: str, entry: dict) -> Entry:
    """Sort an entry's keys into hyperparameters and options of its function, and check their values."""
    train = entry.get("train", "marvel.prealign")
    known = options_of(train)
    options = {key: value for key, value in entry.items() if key in known}
    shared = {key: value for key, value in entry.items() if key not in known and key not in WIRING[stage]}
    for key in shared:
        if key == "cost_limit":
            raise InputError(f"{name}: cost_limit is no option of {train}; a method's entry may have one.")
        if key not in FIELDS:
            raise InputError(
                f"{name}: {key!r} is neither an option of {train} nor a hyperparameter; "
                f"{nearest(key, [*known, *FIELDS, *WIRING[stage]])}"
            )
    shared = checked((OFFICIAL if entry.get("official") else {}) | shared, name)
    hp = resolve(config.get("hyperparameters", {}), shared, where=name)
    if stage == "finetune":
        for task in config["tasks"]:
            resolve(tuned.get(task, {}), config.get("hyperparameters", {}), shared, where=f"{name} on {task}")
    limit = float(config["cost_limit"] if "cost_limit" in options else entry.get("cost_limit", config["cost_limit"]))
    return Entry(train, shared, check_options(train, known, options, limit, hp, name), limit)
