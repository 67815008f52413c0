"""Configs, as YAML and as what it says, overrides on the command line, and the tables of values per task."""

import yaml
from studies import toy_config

from malformed import World, save
from marvel.tasks import FILE, read_tasks
from workflow import per_task
from workflow.study import Study
from workflow.validation import check_file, from_command_line

TASKS = FILE.read_text(encoding="utf-8").splitlines()
HEADER = "task\tcritic_lr\tsource"
SCRATCH = {"x": {"train": "baselines.from_scratch", "start": "scratch"}}
COLLECT = {"source": "collect"}
YAML = "study: toy\ntasks: [Toy]\n"
BC = {"bc": {"train": "marvel.bc"}}


def own(**entry) -> dict:
    """A method `x` with these keys beside `from_scratch`."""
    return {"methods": {"x": entry, "from_scratch": SCRATCH["x"]}}


def warm(**keys) -> dict:
    """The same, from the offline policy, with these keys."""
    return own(**{"train": "baselines.warm_start", "start": "offline", "offline": "cpq"} | keys)


def offline(train: str) -> dict:
    """Another module as the offline algorithm."""
    return {"offline": {"cpq": {"train": train}}}


def row(**cells) -> str:
    """The table of tasks with other cells in its first row."""
    names = TASKS[0].split("\t")
    return (
        "\n".join([TASKS[0], "\t".join((dict(zip(names, TASKS[1].split("\t"), strict=True)) | cells).values())]) + "\n"
    )


CHANGES = [
    ({"tasks": ["["]}, "tasks: the pattern '[' fits no task"),
    ({"tasks": ["suite:foo"]}, "tasks: there is no suite 'foo'"),
    ({"seeds": [2**70]}, "config: seeds: 0 is 1180591620717411303424; it must be a whole number >= 0."),
    ({"seeds": "0"}, "config: seeds is '0'; it must be a list."),
    ({"cost_limit": 10**400}, "it must be a finite number >= 0."),
    ({"study": "$(id)"}, "config: study: '$(id)' is no name"),
    ({"hyperparameters": [1]}, "config: hyperparameters is [1]; it must be a mapping."),
    ({"hyperparameters": {"a": {"b": {"c": 1}}}}, "hyperparameters: 'a' is no hyperparameter"),
    ({"dataset": {"source": "collect", "files": {"Toy": "x"}}}, "dataset: 'files' means nothing with source collect"),
    ({"dataset": {"source": "dsrl", "collect": {"steps": 5}}}, "dataset: 'collect' means nothing with source dsrl"),
    (
        {"dataset": {"source": "dsrl", "collect_per_task": {}}},
        "dataset: 'collect_per_task' means nothing with source dsrl",
    ),
    ({"dataset": {"source": "dsrl", "seed": 3}}, "dataset: 'seed' means nothing with source dsrl and without filters"),
    ({"dataset": {"source": "dsrl", "files": {"Toy": 5}}}, "config: dataset: files: Toy: 5 is no text"),
    ({"dataset": COLLECT | {"seed": -1}}, "config: dataset: seed is -1; it must be a whole number >= 0."),
    (
        {"dataset": COLLECT | {"collect": {"multipliers": [2, 1]}}},
        "a list of 2 values, each a finite number > 0 and rising.",
    ),
    ({"dataset": COLLECT | {"filters": {}}}, "config: dataset: filters: {} "),
    ({"dataset": COLLECT | {"filters": {"inpaint": []}}}, "config: dataset: filters: inpaint: [] "),
    ({"dataset": COLLECT | {"filters": {"inpaint": [[1, 2]]}}}, "config: dataset: filters: inpaint: 0: [1, 2] "),
    (
        {"methods": SCRATCH, "offline": BC, "prealign": {}},
        "offline: bc: no method starts from it, nor does `ranks` name it",
    ),
    (
        {"methods": SCRATCH, "offline": {}},
        "prealign: vpa: no method starts from it, nor does `ranks` name it; leave it out.",
    ),
    (
        {"methods": SCRATCH, "offline": {}, "prealign": {}, "offline_seed": 3},
        "offline_seed: no method of the study starts",
    ),
    (own(rule="/etc/passwd"), "methods: x: /etc/passwd is no Snakefile with a rule for runs/x/"),
    (own(rule="baselines/random_actions.smk"), "with a rule for runs/x/; name a .smk file"),
    (own(rule="baselines/random_actions.smk", temperature=1), "methods: x: 'temperature' means nothing beside `rule`"),
    (own(rule="a\0b"), "the rule file"),
    (own(train="marvel.cpq", start="scratch"), "methods: x: marvel.cpq is of the stage pretrain, not finetune"),
    (own(train="marvel.datasets.collect", start="scratch"), "is of the stage dataset, not finetune"),
    (
        own(train="marvel.errors", start="scratch"),
        "train: marvel/errors.py has no function train(context, hp, *, ...).",
    ),
    (offline("marvel.prealign"), "offline: cpq: marvel.prealign is of the stage prealign, not pretrain"),
    (offline("baselines.from_scratch"), "offline: cpq: baselines.from_scratch returns no checkpoint to start from"),
    (
        {"prealign": {"vpa": {"train": "marvel.cpq"}}},
        "prealign: vpa: marvel.cpq is of the stage pretrain, not prealign",
    ),
    (
        {"prealign": {"vpa": {"train": "baselines.pex"}}},
        "prealign: vpa: baselines.pex returns no checkpoint to start from",
    ),
    (warm(dataset="yes"), "config: methods: x: dataset is 'yes'; it must be true or false."),
    (
        {"dataset": COLLECT | {"filters": {"inpaint": [[0.5, 0.2, 0, 1]]}}},
        "config: dataset: filters: inpaint: [0.5, 0.2, 0, 1] has a lowest share above its highest; write [cost, cost",
    ),
    (
        {"dataset": COLLECT | {"filters": {"outliers": 0.1}}, "cost_limit": 0.5},
        "config: dataset: filters: outliers: their costs are drawn from below the cost limit, and cost_limit is 0.5",
    ),
    (warm(seeds=[7]), "methods: x: seeds: 7 is none of the study's (0, 1)."),
    (warm(prealign="vpa"), "methods: x: start offline reads no 'prealign'; leave it out."),
    ({"ranks": {"offline": "cpq", "prealign": "vpx"}}, "ranks: prealign is 'vpx'; did you mean vpa"),
    ({"figures": {"a": {"kind": "pie"}}}, "config: figures: a: kind: 'pie' is not one of curves"),
    ({"figures": {"a": {"methods": ["marvle"]}}}, "'marvle' is none of this study's; did you mean marvel"),
]
FILES = [
    (YAML + "x: [1\n", "c.yaml line 4 is no valid YAML (expected ',' or ']', but got '<stream end>')"),
    (YAML + "\tx: 1\n", "c.yaml line 3 is no valid YAML (found character '\\t' that cannot start any token)"),
    (YAML + "x: *y\n", "c.yaml line 3 is no valid YAML (found undefined alias 'y')"),
    (YAML + "x: !!python/object:os.system y\n", "c.yaml line 3 is no valid YAML (could not determine a constructor"),
    (YAML + "---\n" + YAML, "c.yaml line 3 is no valid YAML"),
    (YAML + "? [a, b]\n: 1\n", "c.yaml line 3 is no valid YAML (found unhashable key)"),
    (YAML + "x: \x07\n", "c.yaml is no valid YAML (special characters are not allowed)"),
    (YAML + "a: " + "[" * 5000, "c.yaml is nested too deeply, or within itself, to be a config."),
    (YAML.encode() + b"# caf\xe9\n", "c.yaml line 3 is no UTF-8 text; save the file as UTF-8."),
    (YAML.encode("utf-16"), "c.yaml line 1 is no UTF-8 text"),
    (YAML + "study: x\n", "c.yaml: given twice: study (lines 1 and 3); keep one of each."),
    (YAML + "seeds: [0, 1:30]\n", "c.yaml line 3: 1:30 is 90 to YAML; write that, or quote a text."),
    (YAML + "seeds: [010]\n", "c.yaml line 3: 010 is 8 to YAML"),
    (YAML + "seeds: [1_000]\n", "c.yaml line 3: 1_000 is 1000 to YAML"),
    ("", "c.yaml is no mapping of keys and values"),
    ("- a\n", "c.yaml is no mapping of keys and values"),
    ('{"study": "x", "study": "y"}', "c.yaml: given twice: study"),
]
OVERRIDES = [
    ({"seeds": ["x"]}, "config: seeds: 0 is 'x'; it must be a whole number >= 0."),
    ({"seeds": ["1:30"]}, "config: seeds: 0 is '1:30'; it must be a whole number >= 0."),
    ({"seeds": ["0x10"]}, "config: seeds: 0 is '0x10'"),
    ({"seeds": ["[1"]}, "config: seeds: 0 is '[1'"),
    ({"cost_limit": "x"}, "config: cost_limit is 'x'; it must be a finite number >= 0."),
    ({"tasks": "Toy"}, "config: tasks is 'Toy'; it must be a list."),
    ({"sedes": 1}, "config: 'sedes' is no key here; did you mean seeds"),
    ({"mine": {"train": "baselines.pex"}}, "config: 'mine' is no key here; an entry with `train` stands below"),
    ({"hyperparameters": {"tau": "big"}}, "hyperparameters: tau is 'big'; it must be a finite number > 0 and <= 1."),
]
TABLES = [
    (f"{HEADER}\nBallRun\t1\ta\0b\n", "h.tsv line 2 holds 'a\\x00b', which cannot be printed; type that cell again."),
    (f"{HEADER}\nBallRun\t٣\tx\n", "h.tsv line 2 (BallRun): critic_lr is '٣'; it must be a finite number > 0."),
    (f"{HEADER}\nBallRun\t1_0\tx\n", "critic_lr is '1_0'"),
    (f"{HEADER}\nToy\t1\tx\tmore\n", "h.tsv line 2 has 4 cells, the header 3; one tab stands between two."),
    (f"{HEADER}\n\tToy\t1\tx\n", "h.tsv line 2 has 4 cells"),
    (f"{HEADER}\nBallRun\t1\tx\u2028y\n", "which cannot be printed"),
    ("critic_lr,task\n", "h.tsv line 1: 'critic_lr,task' is no column of this table"),
    (TASKS[0] + "\n", "tasks.tsv has no rows; it needs one for every task."),
    (row(task="Ball Run"), "a task's name has letters, digits and _ alone, a letter first."),
    (row(max_episode_steps="1" + "0" * 400), "it must be a whole number >= 1."),
    (row(dataset_file="../../x"), "dataset_file is '../../x'; it has letters, digits, _, . and - alone."),
    (row(env_id="a;b"), "env_id is 'a;b'; it has letters"),
    (row(min_cost="-1"), "min_cost is '-1'; it must be a finite number >= 0."),
]
CASES = [(("config", given), words) for given, words in CHANGES]
CASES += [(("file", given), words) for given, words in FILES]
CASES += [(("command line", given), words) for given, words in OVERRIDES]
CASES += [(("table", given), words) for given, words in TABLES]


def give(given, world: World, capfd) -> None:
    """Read a config, a file of one, or a table."""
    kind, given = given
    if kind == "table":
        tasks = given.startswith(TASKS[0])
        path = save(world.folder, "tasks.tsv" if tasks else "h.tsv", given)
        (read_tasks if tasks else per_task.hyperparameters)(path)
    elif kind == "file":
        check_file(save(world.folder, "c.yaml", given))
    else:
        good = toy_config(world.dataset)
        check_file(save(world.folder, "good.yaml", yaml.safe_dump(good, sort_keys=False)))
        Study(good | (from_command_line(given) if kind == "command line" else given))
