"""`marvel tasks`: the tasks, their sizes, and what playing them needs."""

import json
from dataclasses import asdict

from marvel.cli.common import make_parser
from marvel.tasks import SUITES, TASKS


def main(arguments: list[str]) -> int:
    """Print the tasks, one a line; exit code 1 if a word names none."""
    from workflow.per_task import tuned_tasks
    from workflow.resources import expand_tasks, missing_simulator

    parser = make_parser(
        "tasks",
        "The tasks: suite, length of observation and action, time limit, whether tuned, DSRL's dataset.",
        "marvel tasks",
        "marvel tasks BallRun 'Car*' suite:velocity",
        "marvel tasks --json",
    )
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"name, pattern or suite:NAME ({', '.join(SUITES)})")
    options = parser.parse_args(arguments)
    names = expand_tasks(options.tasks or ["*"])
    tuned = tuned_tasks()
    rows = [
        asdict(TASKS[name]) | {"tuned": name in tuned, "playable": missing_simulator([name]) is None} for name in names
    ]
    if options.json:
        print(json.dumps(rows, indent=1))
        return 0
    print(f"{'task':20} {'suite':10} {'obs':>4} {'act':>4} {'steps':>5}  {'tuned':6} dataset")
    for row in rows:
        sizes = f"{row['observation_dim']:4} {row['action_dim']:4} {row['max_episode_steps']:5}"
        missing = "" if row["playable"] else "  (simulator missing: ./run install metadrive)"
        dataset = row["dataset_file"] or "none"
        print(f"{row['name']:20} {row['suite']:10} {sizes}  {'yes' if row['tuned'] else 'no':6} {dataset}{missing}")
    return 0
