"""How long a cluster's scheduler should give a job, from the measured rates behind `marvel cost`."""

from functools import cache
from math import ceil

from marvel.cli.estimate import Estimate
from marvel.cli.plan import job_of
from marvel.cli.rates import read_rates

FACTOR = 4  # slower processors, and neighbours on the node; a job that runs out of time goes on where it was
AT_LEAST = 15  # minutes: Python and Snakemake may start from a slow file system


def minutes(study, folder: str) -> int:
    """Time limit of the job that makes files in `folder`, in minutes.

    Args:
        study: The `Study`.
        folder: Where the job leaves its outputs, such as `study.run_folder(...)`.
    """
    return _generous(Estimate(study, _rates()).seconds(job_of(study, folder)))


def ranks_minutes(study, task: str) -> int:
    """Time limit of the Monte-Carlo returns of a task and one seed, in minutes."""
    return _generous(Estimate(study, _rates()).ranks_seconds(task))


def _generous(seconds: float) -> int:
    return AT_LEAST + ceil(FACTOR * seconds / 60)


@cache
def _rates() -> dict[tuple[str, str], float]:
    return read_rates()[0]
