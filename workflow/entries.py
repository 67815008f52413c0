"""The entries of a config's `offline`, `prealign` and `methods`: what each sets, whether it may, and where it runs."""

import ast
from pathlib import Path
from typing import NamedTuple

from marvel.errors import InputError
from marvel.hyperparameters import FIELDS, OFFICIAL, checked, resolve
from marvel.options import ROOT, options_of, source_of, syntax
from marvel.run.spec import check_options, check_stage
from marvel.values import nearest
from workflow.names import label
from workflow.resources import tasks_of

RUNS = ("tasks", "seeds")  # a method's own: some of the study's
SECTIONS = {"pretrain": "offline", "prealign": "prealign", "finetune": "methods"}  # {stage: section of the config}
WIRING = {
    "pretrain": ("train", "official"),
    "prealign": ("train", "official"),
    "finetune": ("train", "official", "start", "offline", "prealign", "dataset", "cost_limit", "label", *RUNS),
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
    _check_used(config)
    _check_labels(config["methods"])
    return found


def _check_labels(methods: dict[str, dict]) -> None:
    """Refuse two methods that tables and figures would call the same."""
    named = {}
    for name, entry in methods.items():
        text = label(name, {name: entry.get("label")})
        if text in named:
            raise InputError(f"methods: {name}: label: {text!r} is what {named[text]} is called; give it another.")
        named[text] = name


def _check_used(config: dict) -> None:
    """Refuse entries of `offline` and `prealign` that no method starts from, and an offline_seed that none needs."""
    users = [entry for entry in config["methods"].values() if entry.get("start", "scratch") != "scratch"]
    users.append(config.get("ranks", {}))
    for section in ("offline", "prealign"):
        for name in config.get(section, {}):
            if all(user.get(section) != name for user in users):
                raise InputError(
                    f"{section}: {name}: no method starts from it, nor does `ranks` name it; leave it out."
                )
    if "offline_seed" in config and not config.get("offline"):
        raise InputError("offline_seed: no method of the study starts from an offline policy; leave it out.")


def runs(config: dict) -> list[tuple[str, str, int]]:
    """(method, task, seed) of all runs: each method on its own `tasks` and `seeds`, or else on all of the study's.

    Args:
        config: Valid by the schema, tasks expanded.

    Raises:
        InputError: A task or seed that is none of the study's, or one of the study's that no method has.
    """
    found = []
    for name, entry in config["methods"].items():
        seeds = entry.get("seeds", config["seeds"])
        for seed in seeds:
            if seed not in config["seeds"]:
                allowed = ", ".join(map(str, config["seeds"]))
                raise InputError(f"methods: {name}: seeds: {seed} is none of the study's ({allowed}).")
        tasks = tasks_of(entry, config["tasks"], f"methods: {name}: tasks")
        found += [(name, task, seed) for task in tasks for seed in sorted(seeds)]
    for key, index in (("tasks", 1), ("seeds", 2)):
        for value in config[key]:
            if all(run[index] != value for run in found):
                raise InputError(
                    f"{key}: no method runs on {value}; leave it out of the study, or put it in an entry's."
                )
    return found


def _check_wiring(config: dict, name: str, entry: dict) -> None:
    """Check what a method starts from, or the file of its own rule."""
    if "rule" in entry:
        if not (ROOT / entry["rule"]).is_file():
            raise InputError(f"methods: {name}: the rule file {entry['rule']} does not exist.")
        for key in entry:
            if key not in ("rule", "label", *RUNS):
                raise InputError(f"methods: {name}: {key!r} means nothing beside `rule`; leave it out.")
        text = _text(ROOT / entry["rule"])
        if "rule " not in text or not (f"/{name}/" in text or "method}" in text):
            raise InputError(
                f"methods: {name}: {entry['rule']} is no Snakefile with a rule for runs/{name}/; name a .smk file, and "
                "the entry as its rule's output does."
            )
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


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"the rule file {path} is no text in UTF-8, or may not be read.") from None


def _returns(train: str) -> bool:
    """Whether a function `train` hands something over at its end, as its source says."""
    waiting = [[node for node in syntax(source_of(train)).body if getattr(node, "name", "") == "train"][-1]]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.Return) and node.value is not None:
                return True
            if not isinstance(node, ast.FunctionDef | ast.Lambda):  # whose returns are its own
                waiting.append(node)
    return False


def _entry(config: dict, tuned: dict[str, dict], stage: str, name: str, entry: dict) -> Entry:
    """Sort an entry's keys into hyperparameters and options of its function, and check their values."""
    train = entry.get("train", "marvel.prealign")
    try:
        known = options_of(train)
    except InputError as reason:
        if str(reason).startswith("train: "):  # else it names the file
            raise InputError(f"{SECTIONS[stage]}: {name}: {reason}") from None
        raise
    check_stage(train, stage, f"{SECTIONS[stage]}: {name}")
    if stage != "finetune" and not _returns(train):
        raise InputError(f"{SECTIONS[stage]}: {name}: {train} returns no checkpoint to start from; name one that does.")
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
        for task in tasks_of(entry, config["tasks"], f"methods: {name}: tasks"):
            resolve(tuned.get(task, {}), config.get("hyperparameters", {}), shared, where=f"{name} on {task}")
    limit = float(config["cost_limit"] if "cost_limit" in options else entry.get("cost_limit", config["cost_limit"]))
    return Entry(train, shared, check_options(train, known, options, limit, hp, name), limit)
