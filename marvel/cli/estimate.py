"""What a job costs, from measured rates and its spec: CPU seconds, and megabytes that it leaves on the disk."""

from functools import cached_property

from marvel.cli.plan import Job
from marvel.hyperparameters import Hyperparameters, resolve
from marvel.options import defaults_of
from marvel.tasks import Task, get_task

REPORT_SECONDS = 4.0  # a table or a figure: pandas and Matplotlib are imported, little else happens
READING = 1.5e-6  # a row of an offline dataset: read, checked, copied into a buffer
MEASURED_SIZE = (2, 256)  # hidden layers and units for which the updates' rates hold
CHECKPOINT = 16  # a checkpoint in networks of the actor's size: critics, their targets and Adam's moments, or a VAE
PORTABLE = 2.0  # how many times an update takes under portable numerics; 1.7 to 2.2 measured (docs/numerics.md)
SAME_AS = "marvel.method"  # what a method costs that nobody has measured


class Estimate:
    """Costs of a study's jobs.

    Args:
        study: Whose `data` tells how many steps a dataset has.
        rates: From `read_rates`.
    """

    def __init__(self, study, rates: dict[tuple[str, str], float]):
        self.study, self.rates = study, rates
        self.slower = PORTABLE if study.config.get("numerics") == "portable" else 1.0
        self.unknown: set[str] = set()  # what has no rate of its own

    def seconds(self, job: Job) -> float:
        """CPU seconds of a job, its start included."""
        task = get_task(job.task)
        start = self.rate("start", task.suite, "bullet")
        if job.stage in ("dataset", "filter"):
            return start + self._data_seconds(job, task)
        if job.spec is None:  # a program of its own: at least the budget is played
            return start + self.study.online_steps(job.task) * self.step(task)
        work = Work(job.spec, task)
        step = self.step(task)
        added = self.rates.get(("added to a step", job.spec["train"]), 0.0)
        update = self.slower * self.rate("update", job.spec["train"], SAME_AS) * work.size if work.updates else 0.0
        reading = READING * (self.study.data.steps(job.task) or _published(task)) if job.spec["dataset"] else 0.0
        return start + reading + work.steps * (step + added) + work.eval_steps * step + work.updates * update

    def _data_seconds(self, job: Job, task: Task) -> float:
        """Collecting plays and learns; a file that is there or downloaded is read and described."""
        steps = self.study.data.steps(job.task)
        train = self.study.data.source.collector(job.task)
        if job.stage == "filter" or train is None:
            return 3 * READING * (steps or _published(task))
        options = defaults_of(train) | self.study.data.options[job.task]
        updates = options.get("update_ratio", 0.0) * options["steps"] if "rollout_steps" in options else 0.0
        step = self.step(task) + self.rates.get(("added to a step", train), 0.0)
        return steps * step + updates * self.slower * self.rates.get(("update", train), 0.0)

    def report_seconds(self) -> float:
        """CPU seconds of all tables, figures and cards."""
        study = self.study
        count = 5 + len(study.figures) + (1 + len(study.tasks) if study.needs_data() else 0)
        seconds = count * REPORT_SECONDS
        if study.ranks:
            seconds += len(study.ranks["seeds"]) * sum(map(self.ranks_seconds, study.ranks["tasks"]))
        return seconds

    def ranks_seconds(self, name: str) -> float:
        """CPU seconds of the Monte-Carlo returns of a task and seed: replay up to a moment, then play on."""
        task, ranks = get_task(name), self.study.ranks
        steps = ranks["points"] * ranks["rollouts"] * (ranks["horizon"] + task.max_episode_steps / 2)
        return self.rate("start", task.suite, "bullet") + steps * self.step(task)

    def step(self, task: Task) -> float:
        """CPU seconds of an environment step, with the choice of its action and the storing of the episode."""
        return self.rate("step", task.name, "BallRun")

    def rate(self, kind: str, name: str, instead: str) -> float:
        """A rate; `instead`'s where `name` has none, which is noted in `unknown`."""
        if (kind, name) not in self.rates:
            self.unknown.add(f"{kind} {name} (counted as {instead})")
            return self.rates[kind, instead]
        return self.rates[kind, name]

    def disk(self, job: Job) -> tuple[float, float]:
        """Megabytes that a job leaves, and those that it needs besides while it runs (snapshot and replay buffer)."""
        task = get_task(job.task)
        row = 4 * (2 * task.observation_dim + task.action_dim + 4) / 1e6
        if job.stage in ("dataset", "filter"):
            steps = self.study.data.steps(job.task)
            collected = self.study.data.source.collector(job.task) is not None
            kept = (steps or _published(task)) * row if collected or job.stage == "filter" else 0.0  # else a link
            return kept, (steps or 0) * row if collected and job.stage == "dataset" else 0.0
        if job.spec is None:
            return 0.1, 0.0
        work = Work(job.spec, task)
        network = work.parameters * 4 / 1e6
        if job.stage == "finetune":  # the actor, a line a round and an episode; learner and buffer while it runs
            text = 150e-6 * work.rounds + 50e-6 * (work.steps / task.max_episode_steps)
            return network + text, CHECKPOINT * network + work.steps * row
        return CHECKPOINT * network + 0.1, CHECKPOINT * network


class Work:
    """What a spec asks for: updates, environment steps and the size of the networks.

    Args:
        spec: A run spec.
        task: Its task.
    """

    def __init__(self, spec: dict, task: Task):
        self.task, self.stage = task, spec["stage"]
        self.hp: Hyperparameters = resolve(spec["hyperparameters"])
        self.options = defaults_of(spec["train"]) | spec["options"]
        self.plays = self.stage == "finetune" and spec["train"] != "baselines.offline_only"
        self.default_batch = defaults_of(spec["train"]).get("batch_size") or Hyperparameters().batch_size

    @property
    def rounds(self) -> int:
        """Rounds of the online loop."""
        return self.hp.rounds if self.plays else 0

    @property
    def steps(self) -> int:
        """Environment steps of training: the whole budget, also where episodes end early."""
        return self.hp.online_episodes * self.task.max_episode_steps if self.plays else 0

    @cached_property
    def updates(self) -> int:
        """Minibatches."""
        if self.stage == "prealign":
            return self.options["calls"] * self.options["minibatches"]
        if self.stage != "finetune":
            return self.options.get("steps", 0)
        ratio = self.options.get("update_ratio") if self.plays else None
        if ratio is None:
            return self.rounds * self.hp.updates_per_round
        each = self.hp.episodes_per_round * self.task.max_episode_steps
        warmup = -(-self.options.get("warmup_steps", 0) // each) * each  # in whole rounds
        return int(ratio * max(0, self.steps - warmup))

    @property
    def eval_steps(self) -> int:
        """Environment steps of all evaluations."""
        if self.stage == "finetune":
            count = 1 + -(-self.rounds // self.hp.eval_every)
        else:
            count = 1 + -(-self.updates // self.options.get("eval_every", self.updates or 1))
        return count * self.hp.eval_episodes * self.task.max_episode_steps

    @property
    def parameters(self) -> int:
        """Numbers in a network of the actor's size."""
        return _parameters(self.task, self.hp.hidden_layers, self.hp.hidden_units)

    @property
    def size(self) -> float:
        """How many times a measured update costs: by the products of the layers and the batch; a fifth is overhead."""
        batch = self.options.get("batch_size", self.hp.batch_size) or self.default_batch
        deep = _parameters(self.task, self.hp.cost_critic_layers or self.hp.hidden_layers, self.hp.hidden_units)
        networks = (2 * self.parameters + deep) / 3  # actor and reward critics, cost critic
        return 0.2 + 0.8 * networks / _parameters(self.task, *MEASURED_SIZE) * batch / self.default_batch


def _parameters(task: Task, layers: int, units: int) -> int:
    return (task.observation_dim + task.action_dim) * units + (layers - 1) * units**2


def _published(task: Task) -> int:
    """Steps of DSRL's dataset, at the time limit."""
    return task.dataset_episodes * task.max_episode_steps
