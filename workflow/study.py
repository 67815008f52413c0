"""A study's config, checked, and the run cards of its jobs: what the Snakefile asks, as plain functions.

Nothing here imports torch or a simulator: knobs are read from the source of the functions they belong to.
"""

import json
import shlex
from functools import cached_property

from marvel.hyperparameters import FIELDS, PUBLISHED, nearest, resolve
from marvel.multipliers import controller
from marvel.tasks import get_task
from workflow.checks import (
    COLLECT,
    HYPERPARAMETERS,
    ROOT,
    check_schema,
    knobs_of,
    read_table,
    tuned_tasks,
    with_numbers,
)
from workflow.choice import check_collect, collector, expand_tasks, memory_mb, ranks_section
from workflow.figure_lines import figure_lines

WIRING = ("train", "start", "offline", "prealign", "dataset", "published", "rule", "cost_limit")


class Study:
    """One config file's tasks, seeds, methods and cards.

    Args:
        config: The parsed YAML.

    Raises:
        ValueError: One sentence that names the key, its value and what was allowed.
    """

    def __init__(self, config: dict):
        config = with_numbers(config)
        check_schema(config)
        config = config | {"tasks": expand_tasks(config["tasks"])}
        self.config, self.name = config, config["study"]
        self.base = f"results/{self.name}"
        self.tasks, self.seeds, self.methods = config["tasks"], config["seeds"], list(config["methods"])
        self.cost_limit = config["cost_limit"]
        for name, line in config["methods"].items():
            self._check_method(name, line)
        for stage in ("offline", "prealign"):
            for name, line in config.get(stage, {}).items():
                line = stage_line(stage, line)
                self._split(name, line)
                if "cost_limit" in line and "cost_limit" not in knobs_of(line["train"]):
                    raise ValueError(f"{name}: cost_limit is no knob of {line['train']}; a method's line may have one.")
        if config["dataset"]["source"] == "collect":
            check_collect(config["dataset"], self.tasks)
        self.ranks = ranks_section(config)
        self.figures = figure_lines(config | {"tasks": self.tasks})
        for task in config["dataset"].get("files", {}):
            get_task(task)

    def _check_method(self, name: str, line: dict) -> None:
        if "rule" in line:
            if not (ROOT / line["rule"]).exists():
                raise ValueError(f"methods: {name}: the rule file {line['rule']} does not exist.")
            return
        if line["start"] != "scratch":
            wanted = ["offline"] + ["prealign"] * (line["start"] == "prealigned")
            for key in wanted:
                known = self.config.get(key, {})
                if line.get(key) not in known:
                    given = f"is {line[key]!r}" if key in line else "is missing"
                    raise ValueError(
                        f"methods: {name}: start {line['start']} needs the key {key!r}, which {given}; "
                        f"{nearest(line.get(key, ''), known)}."
                    )
        self._split(name, line)

    @cached_property
    def _tuned(self) -> dict[str, dict]:
        return read_table(HYPERPARAMETERS, "hyperparameters")

    @cached_property
    def _budgets(self) -> dict[str, dict]:
        return read_table(COLLECT, "collect")

    def tuned(self, task: str) -> bool:
        """Whether the task's values were tuned by someone; if not, they are defaults by suite and episode length."""
        return task in tuned_tasks(HYPERPARAMETERS)

    def _split(self, name: str, line: dict) -> tuple[dict, dict]:
        """(hyperparameters, knobs) of a line: a key that is a knob of the function goes to it, another is shared."""
        known = knobs_of(line["train"])
        knobs = {key: value for key, value in line.items() if key in known}
        shared = {key: value for key, value in line.items() if key not in known and key not in WIRING}
        for key in shared:
            if key not in FIELDS:
                raise ValueError(
                    f"{name}: {key!r} is neither a knob of {line['train']} nor a hyperparameter; "
                    f"{nearest(key, [*known, *FIELDS, *WIRING])}."
                )
        shared = (PUBLISHED if line.get("published") else {}) | shared
        hp = resolve(self.config.get("hyperparameters", {}), shared, where=name)
        if "controller" in knobs:
            try:
                controller(knobs["controller"], self.cost_limit, hp)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return shared, knobs

    def card(self, name: str, line: dict, task: str, seed: int, start: str | None, dataset: str | None) -> str:
        """The run card of one job, as JSON; equal cards are equal strings."""
        shared, knobs = self._split(name, line)
        layers = self._tuned.get(task, {}) | self.config.get("hyperparameters", {}) | shared
        card = {
            "method": name,
            "train": line["train"],
            "task": task,
            "seed": int(seed),
            "cost_limit": float(self.cost_limit if "cost_limit" in knobs else line.get("cost_limit", self.cost_limit)),
            "start": start,
            "dataset": dataset,
            "hyperparameters": layers,
            "knobs": knobs,
        }
        return json.dumps(card, sort_keys=True)

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
        used = dict.fromkeys(line["offline"] for line in self.config["methods"].values() if line.get("offline"))
        runs = dict.fromkeys(self.offline_checkpoint(a, t, s) for a in used for t in tasks for s in self.seeds)
        return [path.replace("checkpoint.pt", "progress.csv") for path in runs]

    def start(self, method: str, task: str, seed: int) -> str | None:
        """The checkpoint that a method starts from, or None."""
        line = self.config["methods"][method]
        if line["start"] == "prealigned":
            return f"{self.base}/prealigned/{line['prealign']}/{line['offline']}/{task}/seed{seed}/checkpoint.pt"
        return self.offline_checkpoint(line["offline"], task, seed) if line["start"] == "offline" else None

    # Cards, one function a stage.

    def _collector(self, task: str) -> dict:
        """Knobs of a task's collector that are not the default: its row of collect.tsv, over it the config."""
        data, default = self.config["dataset"], knobs_of(collector(task))
        knobs = self._budgets.get(task, {}) | data.get("collect", {}) | data.get("collect_per_task", {}).get(task, {})
        return {key: value for key, value in knobs.items() if key in default and value != default[key]}

    def dataset_command(self, task: str) -> str:
        """The arguments of `python -m` that make a task's dataset."""
        data = self.config["dataset"]
        out = f"{self.base}/data/{task}"
        if data["source"] == "collect":
            line = {"train": collector(task), **self._collector(task)}
            card = json.loads(self.card("collect", line, task, data.get("seed", 0), None, None))
            # the collector reads its own knobs alone: tuning a method must not make new data
            card["hyperparameters"] = {}
            return f"marvel.run {shlex.quote(json.dumps(card, sort_keys=True))} --out {out}"
        given = data.get("files", {}).get(task)
        return f"marvel.datasets get {task} --out {out}/dataset.hdf5" + (
            f" --file {shlex.quote(given)}" if given else ""
        )

    def filter_command(self, task: str) -> str:
        """The arguments of `python -m` that filter a task's dataset."""
        data = self.config["dataset"]
        filters = shlex.quote(json.dumps(data["filters"], sort_keys=True))
        return (
            f"marvel.filters {self.base}/data/{task}/dataset.hdf5 --task {task} --cost-limit {self.cost_limit} "
            f"--seed {data.get('seed', 0)} --filters {filters} --out {self.dataset(task)}"
        )

    def memory(self, stage: str, task: str, method: str | None = None) -> int:
        """Largest memory of a job in megabytes (workflow/choice.py); `method` for the stage "finetune"."""
        line = self.config["methods"][method] if method else {}
        shared = self._split(method, line)[0] if method else {}
        hp = resolve(self._tuned.get(task, {}), self.config.get("hyperparameters", {}), shared)
        data, steps = self.config["dataset"], None
        if stage == "finetune" and not line.get("dataset"):
            steps = 0
        elif data["source"] == "collect":
            budget = knobs_of(collector(task)) | self._collector(task)
            steps = budget["steps"] + budget["rollout_steps"]
        return memory_mb(stage, get_task(task), hp, steps)

    def pretrain_card(self, algorithm: str, task: str, seed: int) -> str:
        """Card of an offline algorithm's run."""
        return self.card(algorithm, self.config["offline"][algorithm], task, seed, None, self.dataset(task))

    def prealign_card(self, variant: str, algorithm: str, task: str, seed: int) -> str:
        """Card of a pre-alignment."""
        line = stage_line("prealign", self.config["prealign"][variant])
        start = self.offline_checkpoint(algorithm, task, seed)
        return self.card(variant, line, task, seed, start, self.dataset(task))

    def finetune_card(self, method: str, task: str, seed: int) -> str:
        """Card of an online run."""
        line = self.config["methods"][method]
        dataset = self.dataset(task) if line.get("dataset") else None
        return self.card(method, line, task, seed, self.start(method, task, seed), dataset)

    def finetune_inputs(self, method: str, task: str, seed: int) -> list[str]:
        """Files that an online run reads."""
        line = self.config["methods"][method]
        inputs = [self.start(method, task, seed), self.dataset(task) if line.get("dataset") else None]
        return [path for path in inputs if path]

    def ranks_inputs(self, task: str, seed: int) -> list[str]:
        """Files that the Monte-Carlo ranks of Table 1 read, the pre-alignment's record first."""
        folder = f"{self.base}/prealigned/{self.ranks['prealign']}/{self.ranks['offline']}/{task}/seed{seed}"
        offline = self.offline_checkpoint(self.ranks["offline"], task, seed)
        return [f"{folder}/run.json", f"{folder}/checkpoint.pt", offline, self.dataset(task)]

    def needs_data(self) -> bool:
        """Whether any method uses offline data."""
        lines = self.config["methods"].values()
        return any(line.get("start", "scratch") != "scratch" or line.get("dataset") for line in lines)

    @property
    def own_methods(self) -> list[str]:
        """Methods that the generic rule runs."""
        return [name for name, line in self.config["methods"].items() if "train" in line]

    @property
    def rule_files(self) -> list[str]:
        """Snakefiles of the methods that are rules of their own."""
        return sorted({line["rule"] for line in self.config["methods"].values() if "rule" in line})

    def online_episodes(self, task: str) -> int:
        """The task's online budget, for rules of their own."""
        return resolve(self._tuned.get(task, {}), self.config.get("hyperparameters", {})).online_episodes

    def code_files(self) -> list[str]:
        """Python files that a run may use, relative to the project's root."""
        return sorted(str(p.relative_to(ROOT)) for top in ("marvel", "baselines") for p in (ROOT / top).rglob("*.py"))


def stage_line(stage: str, line: dict) -> dict:
    """A line of `offline` or `prealign` with its default function."""
    return {"train": "marvel.prealign"} | line if stage == "prealign" else line
