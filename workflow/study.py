"""A study's config, checked, and the run specs of its jobs: what the Snakefile asks, as plain functions.

Nothing here imports torch or a simulator: options are read from the source of the functions they belong to.
"""

import json
import shlex
from functools import cached_property

from marvel.errors import InputError
from marvel.hyperparameters import FIELDS, OFFICIAL, nearest, resolve
from marvel.multipliers import controller
from marvel.tasks import get_task
from workflow.figure_entries import figure_entries
from workflow.resources import check_collect, collector, expand_tasks, memory_mb, ranks_section
from workflow.validation import (
    COLLECT,
    HYPERPARAMETERS,
    ROOT,
    check_schema,
    options_of,
    read_table,
    tuned_tasks,
    with_numbers,
)

WIRING = ("train", "start", "offline", "prealign", "dataset", "official", "rule", "cost_limit")


class Study:
    """One config file's tasks, seeds, methods and specs.

    Args:
        config: The parsed YAML.

    Raises:
        InputError: One sentence that names the key, its value and what was allowed.
    """

    def __init__(self, config: dict):
        config = with_numbers(config)
        check_schema(config)
        config = config | {"tasks": expand_tasks(config["tasks"])}
        self.config, self.name = config, config["study"]
        self.base = f"results/{self.name}"
        self.tasks, self.seeds, self.methods = config["tasks"], config["seeds"], list(config["methods"])
        self.cost_limit = config["cost_limit"]
        for name, entry in config["methods"].items():
            self._check_method(name, entry)
        for stage in ("offline", "prealign"):
            for name, entry in config.get(stage, {}).items():
                entry = stage_entry(stage, entry)
                self._split(name, entry)
                if "cost_limit" in entry and "cost_limit" not in options_of(entry["train"]):
                    raise InputError(
                        f"{name}: cost_limit is no option of {entry['train']}; a method's entry may have one."
                    )
        if config["dataset"]["source"] == "collect":
            check_collect(config["dataset"], self.tasks)
        self.ranks = ranks_section(config)
        self.figures = figure_entries(config | {"tasks": self.tasks})
        for task in config["dataset"].get("files", {}):
            get_task(task)

    def _check_method(self, name: str, entry: dict) -> None:
        if "rule" in entry:
            if not (ROOT / entry["rule"]).exists():
                raise InputError(f"methods: {name}: the rule file {entry['rule']} does not exist.")
            return
        if entry["start"] != "scratch":
            wanted = ["offline"] + ["prealign"] * (entry["start"] == "prealigned")
            for key in wanted:
                known = self.config.get(key, {})
                if entry.get(key) not in known:
                    given = f"is {entry[key]!r}" if key in entry else "is missing"
                    raise InputError(
                        f"methods: {name}: start {entry['start']} needs the key {key!r}, which {given}; "
                        f"{nearest(entry.get(key, ''), known)}."
                    )
        self._split(name, entry)

    @cached_property
    def _tuned(self) -> dict[str, dict]:
        return read_table(HYPERPARAMETERS, "hyperparameters")

    @cached_property
    def _budgets(self) -> dict[str, dict]:
        return read_table(COLLECT, "collect")

    def tuned(self, task: str) -> bool:
        """Whether the task's values were tuned by someone; if not, they are defaults by suite and episode length."""
        return task in tuned_tasks(HYPERPARAMETERS)

    def _split(self, name: str, entry: dict) -> tuple[dict, dict]:
        """(hyperparameters, options) of an entry: the function's options, and the keys that all methods share."""
        known = options_of(entry["train"])
        options = {key: value for key, value in entry.items() if key in known}
        shared = {key: value for key, value in entry.items() if key not in known and key not in WIRING}
        for key in shared:
            if key not in FIELDS:
                raise InputError(
                    f"{name}: {key!r} is neither an option of {entry['train']} nor a hyperparameter; "
                    f"{nearest(key, [*known, *FIELDS, *WIRING])}."
                )
        shared = (OFFICIAL if entry.get("official") else {}) | shared
        hp = resolve(self.config.get("hyperparameters", {}), shared, where=name)
        if "controller" in options:
            try:
                controller(options["controller"], self.cost_limit, hp)
            except ValueError as error:
                raise InputError(f"{name}: {error}") from None
        return shared, options

    def spec(self, name: str, entry: dict, task: str, seed: int, start: str | None, dataset: str | None) -> str:
        """The run spec of one job, as JSON; equal specs are equal strings."""
        shared, options = self._split(name, entry)
        layers = self._tuned.get(task, {}) | self.config.get("hyperparameters", {}) | shared
        spec = {
            "method": name,
            "train": entry["train"],
            "task": task,
            "seed": int(seed),
            "cost_limit": float(
                self.cost_limit if "cost_limit" in options else entry.get("cost_limit", self.cost_limit)
            ),
            "start": start,
            "dataset": dataset,
            "hyperparameters": layers,
            "options": options,
        }
        return json.dumps(spec, sort_keys=True)

    # Paths, one function a stage; the same literals stand in the rules.

    def dataset(self, task: str) -> str:
        """The data that the task's runs read."""
        return f"{self.base}/{'filtered' if self.config['dataset'].get('filters') else 'data'}/{task}/dataset.hdf5"

    def offline_checkpoint(self, algorithm: str, task: str, seed: int) -> str:
        """The offline checkpoint that belongs to the online seed `seed`."""
        shared = self.config.get("offline_seed", "paired")
        return f"{self.base}/offline/{algorithm}/{task}/seed{seed if shared == 'paired' else shared}/checkpoint.pt"

    def offline_progress(self, tasks: list[str]) -> list[str]:
        """progress.csv of all offline runs on these tasks that a method starts from."""
        used = dict.fromkeys(entry["offline"] for entry in self.config["methods"].values() if entry.get("offline"))
        runs = dict.fromkeys(self.offline_checkpoint(a, t, s) for a in used for t in tasks for s in self.seeds)
        return [path.replace("checkpoint.pt", "progress.csv") for path in runs]

    def start(self, method: str, task: str, seed: int) -> str | None:
        """The checkpoint that a method starts from, or None."""
        entry = self.config["methods"][method]
        if entry["start"] == "prealigned":
            return f"{self.base}/prealigned/{entry['prealign']}/{entry['offline']}/{task}/seed{seed}/checkpoint.pt"
        return self.offline_checkpoint(entry["offline"], task, seed) if entry["start"] == "offline" else None

    # Specs, one function a stage.

    def _collector(self, task: str) -> dict:
        """Options of a task's collector that are not the default: its row of collect.tsv, over it the config."""
        data, default = self.config["dataset"], options_of(collector(task))
        options = self._budgets.get(task, {}) | data.get("collect", {}) | data.get("collect_per_task", {}).get(task, {})
        return {key: value for key, value in options.items() if key in default and value != default[key]}

    def dataset_command(self, task: str) -> str:
        """The arguments of `python -m` that make a task's dataset."""
        data = self.config["dataset"]
        out = f"{self.base}/data/{task}"
        if data["source"] == "collect":
            entry = {"train": collector(task), **self._collector(task)}
            spec = json.loads(self.spec("collect", entry, task, data.get("seed", 0), None, None))
            # the collector reads its own options alone: tuning a method must not make new data
            spec["hyperparameters"] = {}
            return f"marvel.run {shlex.quote(json.dumps(spec, sort_keys=True))} --out {out}"
        given = data.get("files", {}).get(task)
        return f"marvel.datasets get {task} --out {out}/dataset.hdf5" + (
            f" --file {shlex.quote(given)}" if given else ""
        )

    def filter_command(self, task: str) -> str:
        """The arguments of `python -m` that filter a task's dataset."""
        data = self.config["dataset"]
        filters = shlex.quote(json.dumps(data["filters"], sort_keys=True))
        return (
            f"marvel.datasets.filters {self.base}/data/{task}/dataset.hdf5 --task {task} "
            f"--cost-limit {self.cost_limit} --seed {data.get('seed', 0)} --filters {filters} "
            f"--out {self.dataset(task)}"
        )

    def memory(self, stage: str, task: str, method: str | None = None) -> int:
        """Largest memory of a job in megabytes (workflow/resources.py); `method` for the stage "finetune"."""
        entry = self.config["methods"][method] if method else {}
        shared = self._split(method, entry)[0] if method else {}
        hp = resolve(self._tuned.get(task, {}), self.config.get("hyperparameters", {}), shared)
        data, steps = self.config["dataset"], None
        if stage == "finetune" and not entry.get("dataset"):
            steps = 0
        elif data["source"] == "collect":
            budget = options_of(collector(task)) | self._collector(task)
            steps = budget["steps"] + budget["rollout_steps"]
        return memory_mb(stage, get_task(task), hp, steps)

    def pretrain_spec(self, algorithm: str, task: str, seed: int) -> str:
        """Spec of an offline algorithm's run."""
        return self.spec(algorithm, self.config["offline"][algorithm], task, seed, None, self.dataset(task))

    def prealign_spec(self, variant: str, algorithm: str, task: str, seed: int) -> str:
        """Spec of a pre-alignment."""
        entry = stage_entry("prealign", self.config["prealign"][variant])
        start = self.offline_checkpoint(algorithm, task, seed)
        return self.spec(variant, entry, task, seed, start, self.dataset(task))

    def finetune_spec(self, method: str, task: str, seed: int) -> str:
        """Spec of an online run."""
        entry = self.config["methods"][method]
        dataset = self.dataset(task) if entry.get("dataset") else None
        return self.spec(method, entry, task, seed, self.start(method, task, seed), dataset)

    def finetune_inputs(self, method: str, task: str, seed: int) -> list[str]:
        """Files that an online run reads."""
        entry = self.config["methods"][method]
        inputs = [self.start(method, task, seed), self.dataset(task) if entry.get("dataset") else None]
        return [path for path in inputs if path]

    def ranks_inputs(self, task: str, seed: int) -> list[str]:
        """Files that the Monte-Carlo ranks of Table 1 read, the pre-alignment's record first."""
        folder = f"{self.base}/prealigned/{self.ranks['prealign']}/{self.ranks['offline']}/{task}/seed{seed}"
        offline = self.offline_checkpoint(self.ranks["offline"], task, seed)
        return [f"{folder}/run.json", f"{folder}/checkpoint.pt", offline, self.dataset(task)]

    def needs_data(self) -> bool:
        """Whether any method uses offline data."""
        entries = self.config["methods"].values()
        return any(entry.get("start", "scratch") != "scratch" or entry.get("dataset") for entry in entries)

    @property
    def own_methods(self) -> list[str]:
        """Methods that the generic rule runs."""
        return [name for name, entry in self.config["methods"].items() if "train" in entry]

    @property
    def rule_files(self) -> list[str]:
        """Snakefiles of the methods that are rules of their own."""
        return sorted({entry["rule"] for entry in self.config["methods"].values() if "rule" in entry})

    def online_episodes(self, task: str) -> int:
        """The task's online budget, for rules of their own."""
        return resolve(self._tuned.get(task, {}), self.config.get("hyperparameters", {})).online_episodes

    def code_files(self) -> list[str]:
        """Python files that a run may use, relative to the project's root."""
        return sorted(str(p.relative_to(ROOT)) for top in ("marvel", "baselines") for p in (ROOT / top).rglob("*.py"))


def stage_entry(stage: str, entry: dict) -> dict:
    """A entry of `offline` or `prealign` with its default function."""
    return {"train": "marvel.prealign"} | entry if stage == "prealign" else entry
