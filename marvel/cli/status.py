"""`marvel status`: how far a study is, live, from its files alone."""

import json
import sys
import time
from pathlib import Path

from marvel.cli.common import duration, make_parser
from marvel.cli.plan import CONFIGS, FOLDERS
from marvel.cli.state import STATES, Progress
from marvel.errors import InputError

RESULTS = Path("results")
ROWS = 16  # of jobs in a table


def main(arguments: list[str]) -> int:
    """Show a study; 1 if one of its jobs failed."""
    parser = make_parser(
        "status",
        "How far a study is: jobs by stage, what runs and how it learns, what failed and why, the time left. Reads\n"
        "files only: from another terminal, on a cluster, after a crash. On a terminal the table is live until the\n"
        "study is finished or Ctrl-C. Exit code 1 if a job failed or diverged.",
        "marvel status",
        "marvel status quick",
        "marvel status results/quick --once",
        "marvel status quick --json",
    )
    parser.add_argument("study", nargs="?", help="the study's name or folder; by default the one that moved last")
    parser.add_argument("--once", action="store_true", help="print the table once")
    parser.add_argument("--cores", type=int, help="reckon the time left for so many jobs at once")
    parser.add_argument("--every", type=float, default=2.0, metavar="SECONDS", help="between looks (%(default)g)")
    options = parser.parse_args(arguments)
    if options.every <= 0 or (options.cores is not None and options.cores < 1):
        parser.error("--every must be above 0, --cores at least 1")
    progress = Progress(folder_of(options.study))
    found = progress.look(options.cores)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        show(progress, found, options)
    return 1 if found["failed"] or found["diverged"] else 0


def folder_of(word: str | None) -> Path:
    """The folder of a study, by its name, folder or config; of the latest one without a word.

    Raises:
        InputError: There is none.
    """
    there = [path for path in RESULTS.glob("*") if any((path / top).is_dir() for top in (*FOLDERS, "logs"))]
    if word is None:
        if not there:
            raise InputError("there is no study in results; run this in the folder where Snakemake runs, or name one.")
        return max(there, key=lambda path: (path / ".lock").stat().st_mtime if (path / ".lock").exists() else 0.0)
    for path in (Path(word), RESULTS / word, RESULTS / Path(word).stem):
        if path.is_dir() and path.resolve() != CONFIGS:
            return path
    names = ", ".join(sorted(path.name for path in there)) or "none"
    raise InputError(f"there is no study {word!r}; give its folder, or one of those in results: {names}.")


def show(progress: Progress, found: dict, options) -> None:
    """Print the tables; on a terminal, until the study is finished."""
    from rich.console import Console

    console = Console()
    if options.once or not sys.stdout.isatty() or found["finished"]:
        console.print(tables(found))
        return
    from rich.live import Live

    with Live(tables(found), console=console, auto_refresh=False) as live:
        while not found["finished"]:
            try:
                time.sleep(options.every)
            except KeyboardInterrupt:
                break
            found.update(progress.look(options.cores))
            live.update(tables(found), refresh=True)


def tables(found: dict):
    """The tables of a study's state."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    stages = Table(title=f"study {found['study']}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    stages.add_column("stage")
    for state in STATES:
        stages.add_column(state, justify="right", style={"failed": "red", "stopped": "yellow"}.get(state))
    total = dict.fromkeys(STATES, 0)
    for stage, counts in found["stages"].items():
        stages.add_row(stage, *(str(counts[state] or "·") for state in STATES))
        total = {state: total[state] + counts[state] for state in STATES}
    stages.add_row("all", *(str(total[state] or "·") for state in STATES), style="bold")
    parts = [stages, Text(summary(found))]
    if found["running"]:
        parts += [Text(), running_table(found["running"])]
    for kind, style in (("failed", "red"), ("diverged", "red"), ("stopped", "yellow")):
        lines = [f"{kind} {words(job)}: {job.get('reason') or 'its process is gone'}" for job in found[kind]]
        more = [f"... and {len(lines) - ROWS} more {kind}"] if len(lines) > ROWS else []
        parts += [Text(line, style=style) for line in lines[:ROWS] + more]
    return Group(*parts)


def summary(found: dict) -> str:
    """One line: the time left, or what is to be done."""
    if found["finished"]:
        return "all runs are done"
    note = (
        "" if found["planned"] else "; only what has begun is known, since this study has no plan (Snakemake writes it)"
    )
    if found["running"] and found["seconds_left"] is not None:
        return f"about {duration(found['seconds_left'])} left with {len(found['running'])} jobs at once{note}"
    again = "; the command that started the study goes on with it" if found["stopped"] else ""
    return f"nothing is running; about {duration(found['work_left'])} of work for one core left{again}{note}"


def running_table(jobs: list[dict]):
    """What runs, a line a job."""
    from rich.table import Table

    hosts = len({job["host"] for job in jobs}) > 1
    table = Table(box=None, pad_edge=False)
    for name in ("running", "done", "return", "cost", "multiplier", "speed", "left", *(["host"] if hosts else [])):
        table.add_column(name, justify="left" if name in ("running", "host") else "right")
    for job in jobs[:ROWS]:
        values = job["values"] or {}
        share = f"{100 * (job['done'] or 0) / job['total']:.0f} %" if job["total"] else "starts"
        speed = (
            f"{job['per_second']:,.0f} {'steps' if job['unit'] == 'env_steps' else job['unit']}/s"
            if job["per_second"]
            else ""
        )
        numbers = [_latest(values, "return"), _latest(values, "cost"), _number(values.get("multiplier"))]
        left = duration(job["seconds_left"])
        table.add_row(words(job), share, *numbers, speed, left, *([job["host"] or ""] if hosts else []))
    if len(jobs) > ROWS:
        table.add_row(f"... and {len(jobs) - ROWS} more")
    return table


def words(job: dict) -> str:
    """A job's name."""
    seed = "" if job["seed"] is None else f" seed {job['seed']}"
    return f"{job['stage']} {job['name']} {job['task']}{seed}"


def _latest(values: dict, what: str) -> str:
    """The return or cost of training, where there is none of the last evaluation."""
    return _number(values.get(f"train_{what}", values.get(f"eval_{what}")))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
