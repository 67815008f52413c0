"""The jobs of a study, from its config: what `marvel cost` counts and `marvel status` waits for."""

import heapq
import json
from pathlib import Path
from typing import NamedTuple

from marvel.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "workflow" / "config"
PLAN = ".plan.json"  # in a study's folder: its jobs and how long each may take, written whenever the study starts
FOLDERS = {"data": "dataset", "filtered": "filter", "offline": "pretrain", "prealigned": "prealign", "runs": "finetune"}
STAGES = tuple(FOLDERS.values())


class Job(NamedTuple):
    """One job that makes files in a folder of its own."""

    stage: str  # one of STAGES
    name: str  # the entry, such as "marvel" or "vpa/cpq"
    task: str
    seed: int | None  # None for data
    folder: str  # relative to where Snakemake runs
    needs: tuple[str, ...]  # folders of the jobs that it waits for
    spec: dict | None  # None where a program of its own does the work, and for data
    memory_mb: int


def read_study(path: Path):
    """The `Study` of a config file.

    Raises:
        InputError: The file cannot be read, or the first fault in it.
    """
    import yaml

    from workflow.study import Study
    from workflow.validation import check_file

    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in CONFIGS.glob("*.yaml")))
        raise InputError(f"{path} is no file; give a study's config, such as one of workflow/config: {known}.")
    check_file(path)
    return Study(yaml.safe_load(path.read_text(encoding="utf-8-sig")))


def find_config(word: str) -> Path | None:
    """The config that a word names: a file, the name of one of workflow/config, or the study that one is about."""
    if Path(word).is_file():
        return Path(word)
    name = Path(word).name
    for path in [CONFIGS / f"{name}.yaml", *sorted(CONFIGS.glob("*.yaml"))]:
        if path.is_file() and any(
            line.split("#")[0].strip() == f"study: {name}" for line in path.read_text(encoding="utf-8").splitlines()
        ):
            return path
    return None


def jobs_of(study) -> list[Job]:
    """All jobs of a study that make data or learn, those that others wait for first."""
    folders = dict.fromkeys(str(Path(file).parent) for file in study.run_files())
    jobs = {folder: _run(study, folder) for folder in folders}
    data = {need: None for job in jobs.values() for need in job.needs if need not in jobs}
    found = {}
    for folder in data:
        task = Path(folder).name
        if study.data.section.get("filters"):
            made = str(Path(study.data.made(task)).parent)
            found[made] = _data(study, "dataset", task, made, ())
            found[folder] = _data(study, "filter", task, folder, (made,))
        else:
            found[folder] = _data(study, "dataset", task, folder, ())
    return sorted([*found.values(), *jobs.values()], key=lambda job: STAGES.index(job.stage))


def job_of(study, folder: str) -> Job:
    """The job that makes files in one of the study's folders."""
    if (top := Path(folder).relative_to(study.base).parts[0]) in ("data", "filtered"):
        return _data(study, FOLDERS[top], Path(folder).name, folder, ())
    return _run(study, folder)


def _data(study, stage: str, task: str, folder: str, needs: tuple[str, ...]) -> Job:
    return Job(stage, study.data.section["source"], task, None, folder, needs, None, study.memory("dataset", task))


def _run(study, folder: str) -> Job:
    top, *names, task, seed = Path(folder).relative_to(study.base).parts
    stage, seed = FOLDERS[top], int(seed.removeprefix("seed"))
    spec = None
    if stage == "pretrain":
        spec = study.pretrain_spec(*names, task, seed)
    elif stage == "prealign":
        spec = study.prealign_spec(*names, task, seed)
    elif names[0] in study.own_methods:
        spec = study.finetune_spec(*names, task, seed)
    spec = None if spec is None else json.loads(spec)
    inputs = [spec[key] for key in ("start", "dataset") if spec[key]] if spec else []
    needs = tuple(str(Path(file).parent) for file in inputs)
    own = spec is not None
    memory = study.memory(stage, task, names[0] if stage == "finetune" else None) if own else 500
    return Job(stage, "/".join(names), task, seed, folder, needs, spec, memory)


def write_plan(study) -> None:
    """Write the jobs of a study, with the CPU seconds that each may take, into its folder."""
    from marvel.cli.estimate import Estimate
    from marvel.cli.rates import read_rates
    from marvel.files import write_atomically

    estimate = Estimate(study, read_rates()[0])
    rows = [job._asdict() | {"spec": None, "seconds": round(estimate.seconds(job), 1)} for job in jobs_of(study)]
    content = json.dumps({"study": study.name, "base": study.base, "jobs": rows})
    write_atomically(Path(study.base) / PLAN, content.encode())


def read_plan(folder: Path) -> tuple[list[Job], dict[str, float]] | None:
    """The jobs of the study in a folder and the seconds that each may take; None if it has no (readable) plan.

    Folders of jobs are relative to the study's.
    """
    try:
        plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        base, jobs, seconds = plan["base"], [], {}
        for row in plan["jobs"]:
            seconds_of_job = row.pop("seconds")
            row["folder"] = row["folder"].removeprefix(f"{base}/")
            row["needs"] = tuple(need.removeprefix(f"{base}/") for need in row["needs"])
            jobs.append(Job(**row))
            seconds[row["folder"]] = seconds_of_job
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return jobs, seconds


def found_jobs(folder: Path) -> list[Job]:
    """The jobs of a study without a plan: those whose folders are there."""
    jobs = []
    for top, stage in FOLDERS.items():
        names = {"data": 0, "filtered": 0, "offline": 1, "prealigned": 2, "runs": 1}[top]
        pattern = "/".join(["*"] * (names + 1)) + ("/seed*" if names else "")
        for path in sorted((folder / top).glob(pattern)):
            parts = path.relative_to(folder).parts
            seed = int(parts[-1].removeprefix("seed")) if names else None
            task = parts[1 + names]
            name = "/".join(parts[1 : 1 + names]) or "data"
            jobs.append(Job(stage, name, task, seed, "/".join(parts), (), None, 0))
    return jobs


def schedule(jobs: list[Job], seconds: dict[str, float], cores: int) -> tuple[float, int]:
    """Play a study on so many cores, a job on each, the deepest waiting chain first.

    Args:
        jobs: From `jobs_of`, or some of them; what a job needs that is not among them counts as there.
        seconds: {folder: time that its job takes}.
        cores: How many jobs run at once.

    Returns:
        Seconds until all are done, and the largest memory in MB that all jobs under way may take at once.
    """
    left = {job.folder: job for job in jobs}
    waits_for = {job.folder: [need for need in job.needs if need in left] for job in jobs}
    children: dict[str, list[str]] = {folder: [] for folder in left}
    for folder, needs in waits_for.items():
        for need in needs:
            children[need].append(folder)
    depth: dict[str, float] = {}
    for job in reversed(jobs):  # those that others wait for stand first
        depth[job.folder] = seconds[job.folder] + max((depth[child] for child in children[job.folder]), default=0.0)
    missing = {folder: len(needs) for folder, needs in waits_for.items()}
    ready = [(-depth[folder], folder) for folder, count in missing.items() if not count]
    heapq.heapify(ready)
    running, now, memory, most = [], 0.0, 0, 0
    while ready or running:
        while ready and len(running) < cores:
            _, folder = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[folder], folder))
            memory += left[folder].memory_mb
        most = max(most, memory)
        now, folder = heapq.heappop(running)
        memory -= left[folder].memory_mb
        for child in children[folder]:
            missing[child] -= 1
            if not missing[child]:
                heapq.heappush(ready, (-depth[child], child))
    return now, most
