"""Which tasks a config names, and what a job on one of them needs (memory, a simulator): plain functions."""

import importlib.util
from collections.abc import Iterable
from fnmatch import fnmatchcase

from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters
from marvel.options import constant_of
from marvel.tasks import SUITES, TASKS, Task, get_task
from marvel.values import nearest

METADRIVE = ("metadrive", "panda3d", "gltf", "cv2")  # what marvel/simulators/metadrive.py looks for


def expand_tasks(words: list[str], where: str = "tasks") -> list[str]:
    """Names of the tasks that the words of a config's `tasks` stand for, each once, in the order of the words.

    Args:
        words: A task's name (`CarGoal1`), a pattern (`CarGoal*`, `*` for the 38 of DSRL) or a suite (`suite:velocity`).
            A pattern never stands for the toy task.
        where: What messages call the list.

    Raises:
        InputError: A word that stands for no task, with the nearest names.
    """
    chosen = {}
    for word in words:
        if word.startswith("suite:"):
            suite = word.removeprefix("suite:")
            found = [task.name for task in TASKS.values() if task.suite == suite]
            if not found:
                raise InputError(f"{where}: there is no suite {suite!r}; {nearest(suite, SUITES)}")
        elif set(word) & set("*?["):
            found = [task.name for task in TASKS.values() if fnmatchcase(task.name, word) and task.suite != "toy"]
            if not found:
                raise InputError(f"{where}: the pattern {word!r} fits no task; known tasks: {', '.join(TASKS)}.")
        else:
            found = [get_task(word, where=where).name]
        chosen |= dict.fromkeys(found)
    return list(chosen)


def tasks_of(entry: dict, tasks: list[str], where: str) -> list[str]:
    """The tasks of an entry that may have `tasks` of its own: some of the study's `tasks`, in their order.

    Raises:
        InputError: A word of its own stands for none of the study's tasks.
    """
    own = {}
    for word in entry.get("tasks", tasks):
        found = set(expand_tasks([word], where)) & set(tasks)
        if not found:
            raise InputError(f"{where}: {word!r} is none of the study's ({', '.join(tasks)}).")
        own |= dict.fromkeys(found)
    return [task for task in tasks if task in own]


def ranks_section(config: dict) -> dict:
    """The `ranks` section of a config with its defaults; {} without one.

    Raises:
        InputError: It names a task, an offline or a prealign entry that does not exist, or an algorithm that hands no
            critics over.
    """
    if "ranks" not in config:
        return {}
    for key in ("offline", "prealign"):
        if (name := config["ranks"][key]) not in (known := config.get(key, {})):
            raise InputError(f"ranks: {key} is {name!r}; {nearest(name, known)}")
    train = config["offline"][config["ranks"]["offline"]]["train"]
    if not constant_of(train, "HANDS_CRITICS_OVER", False):
        raise InputError(f"ranks: {train} hands no critics over; name an offline entry whose algorithm does.")
    for task in config["ranks"].get("tasks", []):
        if task not in config["tasks"]:
            raise InputError(f"ranks: tasks: {task!r} is none of this study's; {nearest(task, config['tasks'])}")
    for seed in config["ranks"].get("seeds", []):
        if seed not in config["seeds"]:
            allowed = ", ".join(map(str, config["seeds"]))
            raise InputError(f"ranks: seeds: {seed} is none of this study's ({allowed}).")
    return {"tasks": config["tasks"], "seeds": config["seeds"], "points": 100, "rollouts": 2, "horizon": 300} | config[
        "ranks"
    ]


def missing_simulator(tasks: Iterable[str]) -> str | None:
    """Why the first of the tasks that this Python cannot play cannot be played; None if it can play all.

    The modules are looked for, not imported: that takes seconds and starts an engine's threads.
    """
    for name in tasks:
        if get_task(name).suite == "metadrive" and not all(map(importlib.util.find_spec, METADRIVE)):
            return f"task {name!r} needs MetaDrive, which is not installed: ./run install metadrive"
    return None


# Megabytes that a process has in use before it holds any data: Python, torch and the simulator, measured (peaks of runs
# with tiny budgets, rounded up: 345 to 420, MetaDrive 560 and 0.2 more per episode). Networks are within it.
BASE = {"toy": 400, "bullet": 500, "velocity": 500, "navigation": 500, "metadrive": 900}
MARGIN = 1.15  # what the parts below leave out


def report_mb(runs: int) -> int:
    """Largest memory of a job that makes a figure of the scores of so many runs, in megabytes.

    Measured: 270 of the curves of 1,155 runs with 100 rounds, 200 of the page of datasets.
    """
    return 500 + runs // 5


def memory_mb(stage: str, task: Task, hp: Hyperparameters, data_steps: int | None = None) -> int:
    """Largest memory of a job, in megabytes: base + the data that it holds.

    A replay buffer has one row per environment step of the online budget and of one episode more, since a run ends with
    a whole one; an offline stage holds the dataset twice (the file's arrays, and the buffer made of them), collecting
    its episodes and the arrays written.

    Args:
        stage: "finetune", or a stage that holds the dataset alone.
        task: The task.
        hp: `online_episodes` sets the replay buffer's size.
        data_steps: Environment steps of the dataset, 0 for a job that reads none; None takes DSRL's number of episodes
            at the time limit.
    """
    row = 4 * (2 * task.observation_dim + task.action_dim + 4)  # bytes; see ReplayBuffer
    data_steps = task.dataset_episodes * task.max_episode_steps if data_steps is None else data_steps
    online_steps = (hp.online_episodes + 1) * task.max_episode_steps if stage == "finetune" else 0
    return round(MARGIN * (BASE[task.suite] + row * (2 * data_steps + online_steps) / 2**20))
