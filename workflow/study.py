"""A study's config, checked, and the run specs of its jobs: what the Snakefile asks, as plain functions.

Nothing here imports torch or a simulator: options are read from the source of the functions they belong to.
"""

import json
from collections.abc import Iterable

from marvel.hyperparameters import Hyperparameters, checked, resolve
from marvel.tasks import get_task
from workflow.data import Data
from workflow.entries import entries, runs
from workflow.figures.entries import figure_entries
from workflow.per_task import hyperparameters, tuned_tasks
from workflow.resources import expand_tasks, memory_mb, ranks_section
from workflow.validation import check_schema, plain


class Study:
    """One config file's tasks, seeds, methods and specs.

    Args:
        config: The parsed YAML.

    Raises:
        InputError: One sentence that names the key, its value and what was allowed.
    """

    def __init__(self, config: dict):
        config = plain(config)
        check_schema(config)
        config = config | {"tasks": expand_tasks(config["tasks"])}
        self.config, self.name, self.base = config, config["study"], f"results/{config['study']}"
        self.tasks, self.seeds, self.methods = config["tasks"], config["seeds"], list(config["methods"])
        self.cost_limit = config["cost_limit"]
        self.tuned_values = hyperparameters()
        self.runs = runs(config)
        self.entries = entries(config, self.tuned_values)
        self.given_values = checked(config.get("hyperparameters", {}), "hyperparameters")
        self.data = Data(config["dataset"], self.base, self.tasks, self.cost_limit)
        self.ranks = ranks_section(config)
        self.figures = figure_entries(config)

    def tuned(self, task: str) -> bool:
        """Whether the task's values were tuned by someone; if not, they are defaults by suite and episode length."""
        return task in tuned_tasks()

    # Paths, one function a stage; the same literals stand in the rules.

    def dataset(self, task: str) -> str:
        """The data that the task's runs read."""
        return self.data.path(task)

    def offline_checkpoint(self, algorithm: str, task: str, seed: int) -> str:
        """The offline checkpoint that belongs to the online seed `seed`."""
        shared = self.config.get("offline_seed", "paired")
        return f"{self.base}/offline/{algorithm}/{task}/seed{seed if shared == 'paired' else shared}/checkpoint.pt"

    def prealigned_checkpoint(self, variant: str, algorithm: str, task: str, seed: int) -> str:
        """The pre-aligned checkpoint of the online seed `seed`."""
        return f"{self.base}/prealigned/{variant}/{algorithm}/{task}/seed{seed}/checkpoint.pt"

    def run_folder(self, method: str, task: str, seed: int) -> str:
        """Where an online run leaves its outputs."""
        return f"{self.base}/runs/{method}/{task}/seed{seed}"

    def start(self, method: str, task: str, seed: int) -> str | None:
        """The checkpoint that a method starts from, or None."""
        entry = self.config["methods"][method]
        if entry.get("start") == "prealigned":
            return self.prealigned_checkpoint(entry["prealign"], entry["offline"], task, seed)
        return self.offline_checkpoint(entry["offline"], task, seed) if entry.get("start") == "offline" else None

    def offline_progress(self, tasks: list[str]) -> list[str]:
        """progress.csv of all offline runs on these tasks that a method starts from."""
        starts = {}
        for method, task, seed in self.runs:
            if task in tasks and (algorithm := self.config["methods"][method].get("offline")):
                starts[self.offline_checkpoint(algorithm, task, seed)] = None
        return [path.replace("checkpoint.pt", "progress.csv") for path in starts]

    def run_files(self) -> list[str]:
        """What all runs of the study leave, the stages that methods start from included."""
        return self._files(self.runs)

    def block_files(self, task: str, seed: int) -> list[str]:
        """What all runs on one task and seed leave, as `run_files`, with its Monte-Carlo ranks where it has any."""
        files = self._files(run for run in self.runs if run[1:] == (task, seed))
        ranked = self.ranks and task in self.ranks["tasks"] and seed in self.ranks["seeds"]
        return files + ([f"{self.base}/ranks/{task}/seed{seed}.csv"] if ranked else [])

    def repeated_run(self, task: str, seed: int) -> str:
        """Folder of the run of a block that is repeated when it is closed: another method from seed to seed."""
        runs = [run for run in self.runs if run[1:] == (task, seed) and run[0] in self.own_methods]
        return self.run_folder(*runs[(seed + self.tasks.index(task)) % len(runs)])

    def _files(self, runs: Iterable[tuple[str, str, int]]) -> list[str]:
        files = {}
        for method, task, seed in runs:
            entry = self.config["methods"][method]
            names = ["progress.csv"] + ["episodes.csv", "run.json"] * ("rule" not in entry)
            files |= dict.fromkeys(f"{self.run_folder(method, task, seed)}/{name}" for name in names)
            starts = [self.start(method, task, seed)]
            if entry.get("start") == "prealigned":
                starts.append(self.offline_checkpoint(entry["offline"], task, seed))
            for start in filter(None, starts):
                names = ("checkpoint.pt", "progress.csv", "run.json")
                files |= dict.fromkeys(start.replace("checkpoint.pt", name) for name in names)
        return list(files)

    # Specs, one function a stage.

    def spec(self, stage: str, name: str, task: str, seed: int, start: str | None, dataset: str | None) -> str:
        """The run spec of one job, as JSON; equal specs are equal strings."""
        entry = self.entries[stage, name]
        spec = {
            "method": name,
            "stage": stage,
            "train": entry.train,
            "task": task,
            "seed": int(seed),
            "cost_limit": entry.cost_limit,
            "start": start,
            "dataset": dataset,
            "hyperparameters": self.tuned_values.get(task, {}) | self.given_values | entry.hyperparameters,
            "options": entry.options,
        }
        return json.dumps(spec, sort_keys=True)

    def pretrain_spec(self, algorithm: str, task: str, seed: int) -> str:
        """Spec of an offline algorithm's run."""
        return self.spec("pretrain", algorithm, task, seed, None, self.dataset(task))

    def prealign_spec(self, variant: str, algorithm: str, task: str, seed: int) -> str:
        """Spec of a pre-alignment."""
        start = self.offline_checkpoint(algorithm, task, seed)
        return self.spec("prealign", variant, task, seed, start, self.dataset(task))

    def finetune_spec(self, method: str, task: str, seed: int) -> str:
        """Spec of an online run."""
        dataset = self.dataset(task) if self.config["methods"][method].get("dataset") else None
        return self.spec("finetune", method, task, seed, self.start(method, task, seed), dataset)

    def finetune_inputs(self, method: str, task: str, seed: int) -> list[str]:
        """Files that an online run reads."""
        dataset = self.dataset(task) if self.config["methods"][method].get("dataset") else None
        return [path for path in (self.start(method, task, seed), dataset) if path]

    def ranks_inputs(self, task: str, seed: int) -> list[str]:
        """Files that the Monte-Carlo ranks of Table 1 read, the pre-alignment's record first."""
        prealigned = self.prealigned_checkpoint(self.ranks["prealign"], self.ranks["offline"], task, seed)
        offline = self.offline_checkpoint(self.ranks["offline"], task, seed)
        return [prealigned.replace("checkpoint.pt", "run.json"), prealigned, offline, self.dataset(task)]

    def needs_data(self) -> bool:
        """Whether any method uses offline data."""
        methods = self.config["methods"].values()
        return any(entry.get("start", "scratch") != "scratch" or entry.get("dataset") for entry in methods)

    @property
    def runs_by_method(self) -> list[list[str]]:
        """[method, its tasks, its seeds] with commas, a method each: short enough for a command line."""
        own = {name: ({}, {}) for name in self.methods}
        for method, task, seed in self.runs:
            own[method][0][task] = own[method][1][str(seed)] = None
        return [[name, ",".join(tasks), ",".join(seeds)] for name, (tasks, seeds) in own.items()]

    @property
    def labels(self) -> dict[str, str]:
        """{method: what it is called in print} of the methods whose entries say so."""
        return {name: entry["label"] for name, entry in self.config["methods"].items() if "label" in entry}

    @property
    def own_methods(self) -> list[str]:
        """Methods that the generic rule runs."""
        return [name for name, entry in self.config["methods"].items() if "train" in entry]

    @property
    def rule_files(self) -> list[str]:
        """Snakefiles of the methods that are rules of their own."""
        return sorted({entry["rule"] for entry in self.config["methods"].values() if "rule" in entry})

    def shared(self, task: str, entry: dict | None = None) -> Hyperparameters:
        """Hyperparameters on a task, with those of an entry over the study's."""
        return resolve(self.tuned_values.get(task, {}), self.given_values, entry or {})

    def online_steps(self, task: str) -> int:
        """Environment steps that a rule of its own must play at least: the online budget at the time limit."""
        return self.shared(task).online_episodes * get_task(task).max_episode_steps

    def memory(self, stage: str, task: str, method: str | None = None) -> int:
        """Largest memory of a job in megabytes (workflow/resources.py); `method` for the stage "finetune"."""
        hp = self.shared(task, self.entries[stage, method].hyperparameters if method else None)
        reads = stage != "finetune" or self.config["methods"][method].get("dataset")
        return memory_mb(stage, get_task(task), hp, self.data.steps(task) if reads else 0)
