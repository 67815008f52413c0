# The study behind the rules: config checked once, wildcards constrained to what it names, one writer at a time.
import fcntl
from pathlib import Path

from marvel.datasets.mirrors import find
from workflow.resources import missing_simulator
from workflow.study import Study

try:
    STUDY = Study(config)
except ValueError as error:
    raise SystemExit(f"error: {error}")

BASE = STUDY.base


wildcard_constraints:
    task="|".join(STUDY.tasks),
    seed=r"\d+",
    method="|".join(STUDY.methods),
    algorithm="|".join(config.get("offline", {})) or "none",
    variant="|".join(config.get("prealign", {})) or "none",


def first_missing_dataset():
    """Why the first dataset that is neither here nor to be had cannot be had; None if all can."""
    if config["dataset"]["source"] != "dsrl" or not STUDY.needs_data():
        return None
    for task in STUDY.tasks:
        if not Path(STUDY.dataset(task)).exists():
            try:
                find(task, config["dataset"].get("files", {}).get(task), ask_only=True)
            except ValueError as error:
                return error


def tasks_played_here():
    """Tasks with a job to run that makes their simulator, in this machine's own Python; elsewhere the jobs say it."""
    if not workflow.local_exec or workflow.deployment_settings.deployment_method:
        return []
    rules = {"pretrain", "prealign", "finetune", "monte_carlo"} | (
        {"dataset"} if config["dataset"]["source"] == "collect" else set()
    )
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name in rules]
    return sorted({job.wildcards.task for job in jobs}, key=STUDY.tasks.index)


onstart:
    # Snakemake's own lock outlives a killed Snakemake (the default profile turns it off); the kernel drops this one.
    Path(BASE).mkdir(parents=True, exist_ok=True)
    study_lock = open(f"{BASE}/.lock", "a")
    try:
        fcntl.flock(study_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"error: another snakemake is running the study {STUDY.name}; wait for it or stop it.")
    globals()["study_lock"] = study_lock  # open, and so locked, until this process ends
    if (error := missing_simulator(tasks_played_here())) is not None:
        raise SystemExit(f"error: {error}")
    if (error := first_missing_dataset()) is not None:
        raise SystemExit(f"error: {error}")
