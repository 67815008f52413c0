"""Run specs: as text, as files, as commands; and what only a run notices."""

import json

from malformed import World, save
from marvel.errors import InputError
from marvel.run.__main__ import main

TINY = {"hidden_units": 16, "online_episodes": 5, "eval_every": 2, "eval_episodes": 1, "updates_per_round": 1}
SPEC = {"train": "baselines.from_scratch", "task": "Toy", "seed": 0, "cost_limit": 5, "hyperparameters": TINY}
GOOD = json.dumps(SPEC)
COLLECT = {"train": "marvel.datasets.collect"}
WARM = {"train": "baselines.warm_start"}


def cpq(**options) -> dict:
    """CPQ on the world's dataset, with these options."""
    return {"train": "marvel.cpq", "dataset": "{dataset}", "options": {"steps": 2, "batch_size": 4} | options}


# A text is the spec as it stands, bytes are a file, a mapping changes SPEC; {dataset} and {offline} are the world's.
CASES = [
    ("", "cannot be read as a spec"),
    ("a\0b", "cannot be read as a spec (embedded null byte)"),
    ("x" * 5000, "cannot be read as a spec (File name too long)"),
    (
        "nowhere.json",
        "nowhere.json cannot be read as a spec (No such file or directory); give a JSON file or JSON text.",
    ),
    ("{}", "the spec: the key 'train' is missing."),
    (GOOD + "x", "the spec is no JSON: Extra data"),
    ("{'train': 'x'}", "the spec is no JSON: Expecting property name enclosed in double quotes"),
    ('{"options": ' + "[" * 100_000, "the spec is nested too deeply to be read."),
    ('{"options": ' + '{"a":' * 100_000, "the spec is nested too deeply to be read."),
    (GOOD.replace('"seed": 0', '"seed": 1' + "0" * 5000), "the spec is no JSON: Exceeds the limit (4300 digits)"),
    ('{"options": {"a": {"b": 1, "b": 2}}}', "the spec: given twice: b; keep one of each."),
    (b"[]", "spec.json is no JSON object: it is []; write a mapping in braces."),
    (b"", "spec.json is no JSON"),
    (b"\x00\x01", "spec.json is no JSON"),
    ('{"method": "café"}'.encode("latin-1"), "spec.json is no JSON: it is no text in UTF-8."),
    (GOOD.encode("utf-16"), "spec.json is no JSON: it is no text in UTF-8."),
    (b"study: quick\n", "spec.json is no JSON"),
    ({"Seed": 1}, "the spec: 'Seed' is no key of a spec; did you mean seed"),
    ({"method": ""}, "the spec: method is ''; it must be a name, on one line and not blank."),
    ({"method": "a\nb"}, "it must be a name"),
    ({"method": "\ud800"}, "it must be a name"),
    ({"method": 5}, "the spec: method is 5; it must be text or null."),
    ({"train": ["a"]}, "the spec: train is ['a']; it must be text."),
    ({"train": {}}, "the spec: train is {}; it must be text."),
    ({"train": ""}, "train: '' is no module"),
    ({"train": ".x"}, "train: '.x' is no module"),
    ({"train": "baselines/pex"}, "train: 'baselines/pex' is no module; write the file's dotted path"),
    ({"train": "baselines.pex.train"}, "is no module"),
    ({"train": "json"}, "train: json has no function train(context, hp, *, ...)."),
    ({"task": "toy"}, "there is no task 'toy'; did you mean Toy"),
    ({"seed": 2**63}, "seed is 9223372036854775808; it must be a whole number >= 0 and at most 2^63 - 1."),
    ({"seed": None}, "seed is null; it must be a whole number >= 0."),
    ({"cost_limit": [5]}, "cost_limit is [5]; it must be a finite number >= 0 or null."),
    ({"cost_limit": None, "stage": "dataset"}, "the key 'cost_limit' is missing; a multiplier needs one."),
    ({"stage": None}, "stage is null; it must be one of dataset, pretrain, prealign, finetune."),
    (cpq() | {"stage": "finetune"}, "marvel.cpq is of the stage pretrain, not finetune"),
    (COLLECT | {"stage": "finetune"}, "marvel.datasets.collect is of the stage dataset, not finetune"),
    ({"stage": "pretrain"}, "baselines.from_scratch returned no checkpoint (a dictionary with actor, kind), which"),
    ({"stage": "dataset"}, "baselines.from_scratch returned no dataset (a dictionary with observations), which"),
    ({"hyperparameters": {"discount": {"a": 1}}}, "discount is {'a': 1}; it must be a finite number >= 0 and < 1."),
    ({"hyperparameters": TINY | {"hidden_units": 2**63}}, "and at most 2^63 - 1."),
    ({"hyperparameters": TINY | {"hidden_units": 10**12}}, "does not fit into this machine's memory"),
    ({"hyperparameters": TINY | {"batch_size": 10**12}}, "lower hidden_units, batch_size or the budget"),
    ({"hyperparameters": TINY | {"online_episodes": 5 * 2**58}}, "has no room for the replay buffer of"),
    ({"options": {"controller": {"name": "pid", "delay": 2**63}}}, "controller pid: delay is 9223372036854775808"),
    ({"options": {"controller": {"name": []}}}, "controller [] does not exist"),
    ({"options": {"controller": {"rates": [1, None, 1]}}}, "a list of 3 values, each a finite number >= 0."),
    (
        {"options": {"controller": {"name": "dual_ascent", "value": 5, "maximum": 1}}},
        "the start 5 lies above its maximum, 1",
    ),
    (
        {"options": {"controller": {"name": "pid", "value": 5, "integral_maximum": 1}}},
        "the start 5 lies above its maximum",
    ),
    (COLLECT | {"options": {"multipliers": [2, 1]}}, "each a finite number > 0 and rising."),
    (COLLECT | {"options": {"multipliers": [0, 1]}}, "each a finite number > 0 and rising."),
    (COLLECT | {"train": "marvel.datasets.metadrive_driver", "options": {"speeds": [40, 5]}}, ">= 0 and rising."),
    (cpq(batch_size=10**13), "does not fit into this machine's memory"),
    (cpq() | {"start": "{offline}"}, "its spec names a start, but it yields rows without having read it"),
    (
        {"start": "{offline}"},
        "its spec names a start, but it yields rows without having read it (with context.read_start)",
    ),
    ({"dataset": "{dataset}"}, "its spec names a dataset, but it yields rows without having read it"),
    (cpq() | {"dataset": None}, "marvel.cpq reads a dataset, but its spec names none (key 'dataset')."),
    (cpq() | {"dataset": "/dev/zero"}, "/dev/zero is no regular file; name the file itself."),
    (WARM | {"start": "/dev/zero"}, "/dev/zero is no regular file; name the file itself."),
    (WARM | {"start": "/"}, "/ is no regular file"),
    (WARM | {"start": "x" * 5000}, "does not exist; run the stage that makes it first."),
    (WARM | {"start": "\0"}, "does not exist; run the stage that makes it first."),
    (WARM | {"start": "{dataset}"}, "is no checkpoint of this project"),
    (
        {"train": "baselines.pex", "start": "{offline}", "dataset": "{dataset}", "options": {"offline_share": 0.001}},
        "offline_share 0.001 of a batch of 64 rounds to 0 transitions; change the share or the batch.",
    ),
    (
        {"train": "marvel.bc", "dataset": "{dataset}", "options": {"std": 1e300}},
        "std is 1e+300; it must be a finite number > 0 and <= 7.",
    ),
]


def give(given, world: World, capfd) -> None:
    """Run a spec."""
    if isinstance(given, bytes):
        given = str(save(world.folder, "spec.json", given))
    elif isinstance(given, dict):
        files = {"{dataset}": str(world.dataset), "{offline}": str(world.offline)}
        given = SPEC | {
            key: files.get(value, value) if isinstance(value, str) else value for key, value in given.items()
        }
        given = json.dumps(given)
    assert main([given, "--out", str(world.folder / "out")]) == 1
    error = capfd.readouterr().err
    last = error.splitlines()[-1]  # after the progress of a run
    assert last.startswith("error: ") and "Traceback" not in error and not (world.folder / "out" / "run.json").exists()
    raise InputError(last.removeprefix("error: "))
