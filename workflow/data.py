"""The datasets of a study: their source, the options of the collectors, and the commands that make them."""

import json

from marvel.datasets.sources import SOURCES
from marvel.errors import InputError
from marvel.options import defaults_of, options_of
from marvel.tasks import get_task
from marvel.values import check_all, nearest
from workflow.per_task import collect_options


class Data:
    """The `dataset` section of a config.

    Args:
        section: The section, valid by the schema.
        base: Folder of the study.
        tasks: The study's tasks.
        cost_limit: The study's; filters read it.

    Raises:
        InputError: A task that does not exist, a key that the source does not read, or a faulty option of a collector.
    """

    def __init__(self, section: dict, base: str, tasks: list[str], cost_limit: float):
        self.section, self.base, self.cost_limit = section, base, cost_limit
        self.source = SOURCES[section["source"]]
        self._check_keys(tasks)
        check_filters(section.get("filters", {}), cost_limit)
        for key in ("files", "collect_per_task"):
            for task in section.get(key, {}):
                get_task(task, where=f"config: dataset: {key}")
        self.budgets = collect_options()  # read in any case, so that a faulty table is reported early
        self.options = {}  # {task: options of its collector that are not the default}
        if any(self.source.collector(task) for task in tasks):
            check_collect(section, tasks, self.source.collector)
            self.options = {task: self._options(task) for task in tasks}

    def _check_keys(self, tasks: list[str]) -> None:
        """Refuse keys of the section that nobody would read."""
        collects = any(self.source.collector(task) for task in tasks)
        read = {"source", "filters"} | ({"collect", "collect_per_task"} if collects else {"files"})
        if collects or self.section.get("filters"):
            read.add("seed")
        for key in self.section:
            if key not in read:
                raise InputError(
                    f"config: dataset: {key!r} means nothing with source {self.section['source']}"
                    f"{' and without filters' if key == 'seed' else ''}; leave it out."
                )

    def _options(self, task: str) -> dict:
        """A task's row of collect.tsv, over it the config."""
        train = self.source.collector(task)
        given = self.section.get("collect", {}) | self.section.get("collect_per_task", {}).get(task, {})
        given = {key: value for key, value in given.items() if key in options_of(train)}
        options = self.budgets.get(task, {}) | check_all(options_of(train), given, f"dataset: {task}")
        return {key: value for key, value in options.items() if value != defaults_of(train)[key]}

    def made(self, task: str) -> str:
        """The task's data as its source makes it."""
        return f"{self.base}/data/{task}/dataset.hdf5"

    def path(self, task: str) -> str:
        """The task's data as its runs read it."""
        return f"{self.base}/filtered/{task}/dataset.hdf5" if self.section.get("filters") else self.made(task)

    def command(self, task: str) -> list[str]:
        """The arguments of `python -m` that make a task's data."""
        return self.source.command(task, self.section, f"{self.base}/data/{task}", self.options.get(task, {}))

    def missing(self, task: str) -> str | None:
        """Why a task's data cannot be had, or None."""
        return self.source.missing(task, self.section)

    def filter_command(self, task: str) -> list[str]:
        """The arguments of `python -m` that filter a task's data."""
        words = ["marvel.datasets.filters", self.made(task), "--task", task, "--cost-limit", str(self.cost_limit)]
        words += ["--seed", str(self.section.get("seed", 0)), "--out", self.path(task)]
        return [*words, "--filters", json.dumps(self.section["filters"], sort_keys=True)]

    def steps(self, task: str) -> int | None:
        """Most environment steps of a task's data if they are known before it is made, else None."""
        if (train := self.source.collector(task)) is None:
            return None
        budget = {"rollout_steps": 0} | defaults_of(train) | self.options[task]
        # both parts play whole episodes until their steps are played
        return budget["steps"] + budget["rollout_steps"] + 2 * get_task(task).max_episode_steps


def check_filters(filters: dict, cost_limit: float) -> None:
    """Refuse filters that no dataset could be given to.

    Raises:
        InputError: One is.
    """
    where = "config: dataset: filters"
    for part in filters.get("inpaint") or ():
        if part[0] > part[1] or part[2] > part[3]:
            raise InputError(
                f"{where}: inpaint: {part} has a lowest share above its highest; write [cost, cost, return, return]."
            )
    if filters.get("outliers") is not None and cost_limit < 1:
        raise InputError(
            f"{where}: outliers: their costs are drawn from below the cost limit, and cost_limit is {cost_limit:g}; it "
            "must be at least 1."
        )


def check_collect(section: dict, tasks: list[str], collector=SOURCES["collect"].collector) -> None:
    """Check a config's options of the collectors; one that only some collectors have goes to these alone.

    Args:
        section: The config's `dataset`.
        tasks: The study's tasks.
        collector: Of the source: (task) -> module.

    Raises:
        InputError: An option that no collector in use has, or the task's own has not, or a value that it does not take.
    """
    used = list(dict.fromkeys(map(collector, tasks)))
    places = [("dataset: collect", section.get("collect", {}), used)]
    for task, entry in section.get("collect_per_task", {}).items():
        places.append((f"dataset: collect_per_task: {task}", entry, [collector(task)]))
    for where, entry, modules in places:
        known = {name: option for module in modules for name, option in options_of(module).items()}
        for key in entry:
            if key not in known:
                raise InputError(f"{where}: {key!r} is no option of {' or '.join(modules)}; {nearest(key, known)}")
        check_all({key: known[key] for key in entry}, entry, where)
