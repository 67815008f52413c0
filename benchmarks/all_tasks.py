"""Every task through the whole pipeline on tiny budgets: data, offline training, pre-alignment, fine-tuning, score.

    ./run test-all-tasks [TASK | PATTERN | suite:SUITE ...] [--jobs 2] [--out FILE.tsv]

One process per task; a row per task with seconds, simulator steps per second, peak memory and whether all went well.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from marvel import datasets
from marvel.rollout import play_episode
from marvel.run.execute import execute
from marvel.run.spec import read_spec
from marvel.simulators import make_env
from marvel.tasks import TASKS, get_task, normalize_cost, normalize_return
from workflow.resources import expand_tasks

DATA_STEPS = 400  # at least; whole episodes
SHARED = {"hidden_units": 32, "online_episodes": 2, "episodes_per_round": 1, "updates_per_round": 4, "eval_every": 2}
COST_LIMIT = 20
COLUMNS = ("task", "seconds", "steps_per_s", "peak_mb", "ok")


def random_dataset(name: str, path: Path) -> float:
    """Write episodes of lasting random pushes in DSRL's schema; returns simulator steps per second, resets included."""
    task, rng, parts, steps = get_task(name), np.random.default_rng(0), [], 0
    env = make_env(task)
    began = time.monotonic()
    while steps < DATA_STEPS:
        push = rng.uniform(-1, 1, task.action_dim).astype(np.float32)

        def policy(observation, noise, push=push):
            return (push + rng.normal(0, 0.3, push.shape)).clip(-1, 1)

        episode = play_episode(env, policy, seed=len(parts))
        last = np.arange(len(episode.actions)) == len(episode.actions) - 1
        flags = (last & episode.terminated, last & (not episode.terminated))
        columns = (episode.observations[:-1], episode.observations[1:], *episode[1:4], *flags)
        keys = ("observations", "next_observations", "actions", "rewards", "costs", "terminals", "timeouts")
        parts.append(dict(zip(keys, columns, strict=True)))
        steps += len(last)
    rate = steps / (time.monotonic() - began)
    env.close()
    datasets.write(path, {key: np.concatenate([part[key] for part in parts]) for key in parts[0]})
    return rate


def whole_pipeline(name: str, folder: Path) -> dict:
    """Run all stages of one task in this process.

    Args:
        name: The task.
        folder: Receives the stages' outputs.

    Returns:
        "steps_per_s" of the simulator, and the "return" and "cost" of the last evaluation as DSRL normalises them.
    """
    rate = random_dataset(name, folder / "dataset.hdf5")
    offline, aligned = (str(folder / stage / "checkpoint.pt") for stage in ("offline", "prealigned"))
    shared = SHARED | {"eval_episodes": 1}
    for stage, train, start, options in (
        ("offline", "marvel.cpq", None, {"steps": 20, "batch_size": 32, "eval_every": 20}),
        ("prealigned", "marvel.prealign", offline, {"calls": 5}),
        ("online", "marvel.method", aligned, {}),
    ):
        spec = {"train": train, "task": name, "seed": 0, "cost_limit": COST_LIMIT, "start": start, "options": options}
        spec["dataset"] = None if stage == "online" else str(folder / "dataset.hdf5")
        execute(read_spec(json.dumps(spec | {"hyperparameters": shared})), folder / stage)
    with open(folder / "online" / "progress.csv", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    scores = {
        "return": normalize_return(TASKS[name], float(last["eval_return"])),
        "cost": normalize_cost(TASKS[name], float(last["eval_cost"]), COST_LIMIT),
    }
    if not np.isfinite(list(scores.values())).all() or scores["cost"] < 0:
        raise ValueError(f"{name}: the last evaluation scored {scores}.")
    return {"steps_per_s": rate} | scores


def one(name: str) -> dict:
    """A row of the table, from a process of its own."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", __spec__.name, "--inside", name], capture_output=True, text=True)
    row = {"task": name, "seconds": round(time.monotonic() - began, 1), "steps_per_s": "", "peak_mb": "", "ok": "yes"}
    if done.returncode == 0:
        row |= json.loads(done.stdout.splitlines()[-1])
    else:
        row["ok"] = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    print("\t".join(str(row[key]) for key in COLUMNS), flush=True)
    return row


def main() -> int:
    """Command line; exit status 1 if a task failed."""
    parser = argparse.ArgumentParser(prog="./run test-all-tasks", description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", default=["*"], help="names, patterns or suite:SUITE; default: all 38")
    parser.add_argument("--jobs", type=int, default=2, help="tasks at once")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        with tempfile.TemporaryDirectory() as folder:
            result = whole_pipeline(options.inside, Path(folder))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"steps_per_s": round(result["steps_per_s"]), "peak_mb": round(peak)}))
        return 0
    began, names = time.monotonic(), expand_tasks(options.tasks)
    print("\t".join(COLUMNS), flush=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(one, names))
    failed = [row["task"] for row in rows if row["ok"] != "yes"]
    if options.out:
        with open(options.out, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    print(f"{len(rows) - len(failed)} of {len(rows)} tasks ok in {(time.monotonic() - began) / 60:.1f} minutes")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
