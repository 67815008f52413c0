"""Run one spec, `marvel run SPEC --out DIR` (or `python -m marvel.run`), check a result, `marvel run --check FILE`, or
repeat a run and compare, `marvel run --verify run.json`.

SPEC is a JSON file, or JSON itself; a finished run's run.json is a spec too, so any run can be repeated from its own
record. DIR receives progress.csv, episodes.csv, run.json and, where the stage makes one, checkpoint.pt, actor.pt or
dataset.hdf5. An interrupted run goes on from DIR/.state when the same command is given again; finished outputs are
never overwritten.
"""

import argparse
import contextlib
import json
import sys
import traceback
from pathlib import Path

from marvel.cli.common import ENDINGS, ended_by
from marvel.errors import InputError
from marvel.run.execute import execute
from marvel.run.progress import check_budget, read_progress
from marvel.run.spec import KEYS, read_spec
from marvel.tasks import get_task
from marvel.values import check as check_value
from marvel.values import read_json

EXAMPLES = """\
examples:
  marvel run results/quick/runs/marvel/BallRun/seed0/run.json --out again
  marvel run results/quick/runs/marvel/BallRun/seed0/run.json --out again --json
  marvel run --check progress.csv --steps 50000 --task BallRun
"""


def main(arguments: list[str] | None = None, prog: str = "python -m marvel.run") -> int:
    """Command line; faults of the input end with one sentence and exit code 1, a signal with 128 and its number."""
    parser = argparse.ArgumentParser(
        prog=prog, description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("spec", nargs="?", help="JSON file or text; a run.json repeats its run")
    parser.add_argument("--out", help="folder for the outputs")
    parser.add_argument("--check", type=Path, metavar="FILE", help="check a progress.csv that another program wrote")
    parser.add_argument("--steps", type=int, help="with --check: the environment steps that had to be played")
    parser.add_argument("--task", help="with --check: the task, whose time limit no episode may exceed")
    parser.add_argument("--cost-limit", type=float, help="with --check: the limit that violations are counted from")
    parser.add_argument(
        "--verify", type=Path, metavar="run.json", help="as `marvel verify`: repeat this run and compare"
    )
    parser.add_argument(
        "--json", action="store_true", help="print JSON, for programs: what the run or the check came to"
    )
    parser.add_argument("--log", type=Path, help="append progress lines to this file as well")
    options = parser.parse_args(arguments)
    alone = next((name for name in ("check", "verify") if getattr(options, name) is not None), None)
    if alone and (options.spec is not None or options.out is not None or (options.check and options.verify)):
        parser.error(f"--{alone} FILE stands without a spec and without --out")
    if alone is None and (options.spec is None or not options.out):
        parser.error("give a spec and --out, or --check FILE, or --verify run.json")
    with contextlib.ExitStack() as stack:
        try:
            if options.log:
                log = stack.enter_context(opened(options.log))
                stack.enter_context(contextlib.redirect_stderr(Tee(sys.stderr, log)))
            if options.check:
                check(options.check, options.steps, options.task, options.cost_limit, options.json)
            elif options.verify:
                from marvel.cli.verify import main as verify  # here, since no run needs it

                return verify([str(options.verify), *["--json"] * options.json])
            else:
                execute(read_spec(options.spec), Path(options.out))
                if options.json:
                    print(json.dumps(outcome(Path(options.out)), indent=1))
        except ENDINGS as error:
            return ended_by(error)
        except Exception:
            traceback.print_exc()
            return 1
    return 0


def opened(log: Path):
    """A log file to append to.

    Raises:
        InputError: It cannot be written.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return open(log, "a", encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{log} cannot be written ({reason}); give another --log.") from None


def outcome(out: Path) -> dict:
    """What a run left, from its record: folder, status (finished or diverged), outputs with their SHA-256, seconds."""
    record = read_json((out / "run.json").read_text(encoding="utf-8"), str(out / "run.json"))["record"]
    facts = {"out": str(out), "status": record.get("status", "finished")}
    return facts | {key: record[key] for key in ("outputs", "seconds", "cpu_seconds", "reason") if key in record}


def check(path: Path, steps: int | None, task: str | None, cost_limit: float | None, as_json: bool = False) -> None:
    """Check a progress.csv, and its budget where one is given; prints what it holds.

    Raises:
        InputError: One sentence on what is wrong.
    """
    longest = None if task is None else get_task(task).max_episode_steps
    if cost_limit is not None:
        cost_limit = check_value(KEYS["cost_limit"], cost_limit, "--cost-limit")
    rows = read_progress(path, longest, cost_limit)
    if steps is not None:
        check_budget(path, rows, steps, longest)
    played = int(rows["env_steps"].iloc[-1])
    if as_json:
        print(json.dumps({"file": str(path), "sound": True, "rows": len(rows), "env_steps": played}, indent=1))
    else:
        print(f"{path}: sound, {len(rows)} rows, {played:,} environment steps")


class Tee:
    """Writes go to two text streams: the terminal shows progress while the log keeps it."""

    def __init__(self, *streams):
        self.streams = streams

    def write(self, text: str) -> int:
        """Write to both."""
        for stream in self.streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush both."""
        for stream in self.streams:
            stream.flush()

    def fileno(self) -> int:
        """The first stream's file descriptor."""
        return self.streams[0].fileno()


if __name__ == "__main__":
    sys.exit(main())
