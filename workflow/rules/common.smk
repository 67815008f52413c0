# The study behind the rules: config checked once, wildcards constrained to what it names, one writer at a time.
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from marvel.cli.plan import write_plan
from marvel.files import lock
from marvel.tasks import get_task
from snakemake.utils import update_config
from workflow.code import ROOT, code_version, here, version_of_runs
from workflow.resources import missing_simulator
from workflow.runtime import minutes, ranks_minutes
from workflow.study import Study
from workflow.validation import check_file, from_command_line

try:
    for file in workflow.configfiles:
        check_file(file)
    update_config(config, from_command_line(workflow.config_settings.config))
    STUDY = Study(config)
except ValueError as error:
    raise SystemExit(f"error: {error}")

BASE = STUDY.base
NUMERICS = config.get("numerics", os.environ.get("MARVEL_NUMERICS", "native"))


def job_prefix():
    """What every job's shell does first: it finds the project from any folder and writes UTF-8 in any locale, and its
    Python is the one that runs Snakemake, whatever PATH says, unless jobs get an environment of their own."""
    words = [
        "set -euo pipefail;",
        # output into a log, errors to the terminal as well: Snakemake shows no log of a failed job in this profile
        'logged() { : > "$1"; "${@:2}" 2>&1 >> "$1" | tee -a "$1" >&2; };',
        f"export MARVEL_NUMERICS={shlex.quote(NUMERICS)};",
        f"export PYTHONUTF8=1 PYTHONPATH={shlex.quote(str(ROOT))}${{PYTHONPATH:+:$PYTHONPATH}};",
    ]
    if not workflow.deployment_settings.deployment_method:
        words.append(f'python() {{ {shlex.quote(sys.executable)} "$@"; }};')
    return " ".join(words).replace("{", "{{").replace("}", "}}") + " "


shell.prefix(job_prefix())


wildcard_constraints:
    task="|".join(STUDY.tasks),
    seed=r"\d+",
    method="|".join(STUDY.methods),
    algorithm="|".join(config.get("offline", {})) or "none",
    variant="|".join(config.get("prealign", {})) or "none",


def facts(wildcards):
    """The task's row of tasks.tsv: as a parameter of the rules that read it, so that they run again when it changes."""
    return asdict(get_task(wildcards.task))


def time_limit(folder):
    """Resource `runtime` of the jobs that leave their outputs in a folder such as "{BASE}/data/{task}"."""
    return lambda wildcards, attempt: attempt * minutes(STUDY, folder.format(**wildcards))


def first_missing_dataset():
    """Why the first dataset that is neither here nor to be had cannot be had; None if all can."""
    tasks = STUDY.tasks if STUDY.needs_data() else []
    absent = (task for task in tasks if not Path(STUDY.dataset(task)).exists())
    return next(filter(None, map(STUDY.data.missing, absent)), None)


def tasks_played_here():
    """Tasks with a job to run that makes their simulator, in this machine's own Python; elsewhere the jobs say it."""
    if not workflow.local_exec or workflow.deployment_settings.deployment_method:
        return []
    rules = {"pretrain", "prealign", "finetune", "monte_carlo"} | ({"dataset"} if STUDY.data.options else set())
    jobs = [job for job in workflow.dag.needrun_jobs() if job.rule.name in rules]
    return sorted({job.wildcards.task for job in jobs}, key=STUDY.tasks.index)


onstart:
    # Snakemake's own lock outlives a killed Snakemake (the default profile turns it off); the kernel drops this one.
    try:
        Path(BASE).mkdir(parents=True, exist_ok=True)
        study_lock = open(f"{BASE}/.lock", "ab")
    except OSError as error:
        raise SystemExit(
            f"error: {BASE} cannot be written ({error.strerror}); make it writable or choose another folder (--directory)."
        )
    if not lock(study_lock, wait=False):
        raise SystemExit(f"error: another snakemake is running the study {STUDY.name}; wait for it or stop it.")
    globals()["study_lock"] = study_lock  # open, and so locked, until this process ends
    if (error := missing_simulator(tasks_played_here())) is not None:
        raise SystemExit(f"error: {error}")
    try:
        write_plan(STUDY)  # for `marvel status`, which waits for what is not there yet
    except Exception as error:  # no reason to stop a study
        print(f"warning: marvel status will not know what is still to come ({error!r}).", file=sys.stderr)
    if (error := first_missing_dataset()) is not None:
        raise SystemExit(f"error: {error}")
