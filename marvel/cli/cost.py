"""`marvel cost`: what a study will cost, before it starts."""

import json
import os
from pathlib import Path

from marvel.cli.common import duration, make_parser, size
from marvel.cli.estimate import Estimate
from marvel.cli.plan import STAGES, find_config, jobs_of, read_study, schedule
from marvel.cli.rates import FILE, read_rates


def main(arguments: list[str]) -> int:
    """Estimate a study."""
    parser = make_parser(
        "cost",
        "What a study will cost before it starts: jobs, core-hours, memory, disk and the time on so many cores, from\n"
        "measured rates (marvel/cli/rates.csv). Runs that are there already are counted as well; downloads are not.",
        "marvel cost workflow/config/quick.yaml",
        "marvel cost paper --cores 32 --json",
        "python -m benchmarks.rates                 measures the rates anew, on this machine",
    )
    parser.add_argument("config", metavar="CONFIG", help="a study's config, or the name of one in workflow/config")
    parser.add_argument(
        "--cores", type=int, default=os.cpu_count() or 1, help="how many jobs at once (here %(default)s)"
    )
    parser.add_argument("--rates", type=Path, default=FILE, metavar="FILE", help="another table of rates")
    options = parser.parse_args(arguments)
    if options.cores < 1:
        parser.error("--cores must be at least 1")
    found = cost(read_study(find_config(options.config) or Path(options.config)), options.cores, options.rates)
    print(json.dumps(found, indent=1) if options.json else text(found))
    return 0


def cost(study, cores: int, rates: Path = FILE) -> dict:
    """A study's cost.

    Args:
        study: From `read_study`.
        cores: How many jobs run at once.
        rates: The table of rates.

    Returns:
        "study", "cores", "stages" (a dictionary each: jobs, core_hours, longest_hours, memory_mb, disk_mb), "jobs",
        "core_hours", "wall_hours", "shortest_wall_hours" (on any number of cores), "memory_mb" (of all jobs at once, by
        what they ask the scheduler for), "disk_mb" (kept), "scratch_mb" (while it runs, on top), "machines" and
        "unknown" (what has no measured rate, and what it is counted as).
    """
    table, machines = read_rates(rates)
    estimate, jobs = Estimate(study, table), jobs_of(study)
    seconds = {job.folder: estimate.seconds(job) for job in jobs}
    disk = {job.folder: estimate.disk(job) for job in jobs}
    stages = []
    for stage in STAGES:
        if mine := [job for job in jobs if job.stage == stage]:
            times = [seconds[job.folder] for job in mine]
            row = {
                "stage": stage,
                "jobs": len(mine),
                "core_hours": sum(times) / 3600,
                "longest_hours": max(times) / 3600,
            }
            row |= {
                "memory_mb": max(job.memory_mb for job in mine),
                "disk_mb": sum(disk[job.folder][0] for job in mine),
            }
            stages.append(row)
    reports = estimate.report_seconds()
    wall, memory = schedule(jobs, seconds, cores)
    shortest, _ = schedule(jobs, seconds, len(jobs))
    return {
        "study": study.name,
        "cores": cores,
        "stages": stages,
        "jobs": len(jobs),
        "core_hours": (sum(seconds.values()) + reports) / 3600,
        "report_core_hours": reports / 3600,
        "wall_hours": (wall + reports / cores) / 3600,
        "shortest_wall_hours": shortest / 3600,
        "memory_mb": memory,
        "disk_mb": sum(kept for kept, _ in disk.values()),
        "scratch_mb": sum(sorted((scratch for _, scratch in disk.values()), reverse=True)[:cores]),
        "machines": machines,
        "unknown": sorted(estimate.unknown),
    }


def text(found: dict) -> str:
    """A cost in words."""
    lines = [f"{'stage':10} {'jobs':>6} {'core-hours':>11} {'longest job':>13} {'memory a job':>13} {'disk':>9}"]
    for row in found["stages"]:
        longest = duration(3600 * row["longest_hours"])
        sizes = f"{size(row['memory_mb']):>13} {size(row['disk_mb']):>9}"
        lines.append(f"{row['stage']:10} {row['jobs']:6,} {row['core_hours']:11,.2f} {longest:>13} {sizes}")
    lines.append(f"{'reports':10} {'':6} {found['report_core_hours']:11,.2f}")
    lines.append(f"{'all':10} {found['jobs']:6,} {found['core_hours']:11,.2f}")
    cores = "1 core" if found["cores"] == 1 else f"{found['cores']} cores"
    wall, shortest = (duration(3600 * found[key]) for key in ("wall_hours", "shortest_wall_hours"))
    lines += [
        "",
        f"on {cores}: {wall}, up to {size(found['memory_mb'])} of memory",
        f"on any number of cores: {shortest}, the longest chain of jobs",
        f"disk: {size(found['disk_mb'])}, and up to {size(found['scratch_mb'])} more while it runs",
        "downloads of DSRL's files are not counted",
        f"rates: {', '.join(found['machines'])}; other processors, and other work on the machine, change them",
    ]
    lines += [f"no rate measured: {each}" for each in found["unknown"]]
    return "\n".join(lines)
