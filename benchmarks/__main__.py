"""Speed of what this suite does, against others that do the same: `./run bench [PART ...]`.

A part's candidates are processes of their own. They learn for some minibatches first, because values, dead units and
with them the time of a step change while a network learns; then they work in turns, so that other work on the machine
hits all alike, and only their CPU time counts. Reported are medians over the turns; a ratio is the median of the turns'
ratios (with its quartiles), how many times as fast ours is. "At most" is the ratio of an implementation that took time
for nothing but the matrix products of ours, or but the simulator's own steps. Absolute times are those of one machine
at one hour.
"""

import argparse
import csv
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks import choice, startup
from marvel import numerics
from marvel.run import record

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = ("part", "sizes", "unit", "ours", "ours_low", "ours_high", "peer", "peers", "peers_low", "peers_high")
COLUMNS += ("ratio", "ratio_low", "ratio_high", "products", "at_most")
SIZES = {"8 / 2": (8, 2), "17 / 6": (17, 6)}  # observations and actions of BallCircle and of HalfCheetahVelocity

# part -> (name of the candidate, hidden layers, sizes, who does the same, minibatches in a step)
UPDATES = {
    "VPA call, 4 x 64": ("vpa", 2, tuple(SIZES), "published code's style", 4),
    "SAC-Lag call, 4 x 64": ("sac", 2, tuple(SIZES), "published code's style", 4),
    "SAC-Lag minibatch, 64": ("sac_minibatch", 2, tuple(SIZES), "fast-safe-rl 0.1.0", 1),
    "CPQ step, 512, 2 x 256": ("cpq", 2, ("8 / 2",), "osrl-lib 0.1.0", 1),
    "CPQ step, 512, 3 x 256": ("cpq", 3, ("8 / 2",), "osrl-lib 0.1.0", 1),
    "BEAR-Lag step, 512, 2 x 256": ("bear", 2, ("8 / 2",), "osrl-lib 0.1.0", 1),
}
STARTUP, ROLLOUTS = "a job until its first row", "rollout"
CHOICE = "PEX's choice of an action"
MISSING = "not measured here"


class Worker:
    """A candidate in a process of its own (`benchmarks.serve`)."""

    def __init__(self, *command: str):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        self.command = command
        self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, **pipes)

    def ask(self, steps: int) -> None:
        """Have it work; `answer` waits for the end."""
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()

    def answer(self) -> float:
        """CPU seconds of what was asked."""
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"benchmarks: {' '.join(self.command)} has ended; run it by hand to see why.")
        return float(line)

    def stop(self) -> None:
        """End it."""
        self.process.stdin.close()
        self.process.wait()


def measure(part: str, sizes: str, options: argparse.Namespace) -> dict:
    """One line of the table."""
    name, layers, _, peer, minibatches = UPDATES[part]
    arguments = (name, *map(str, SIZES[sizes]), str(layers))
    commands = {
        kind: (sys.executable, "-m", "benchmarks.candidates", kind, *arguments) for kind in ("ours", "products")
    }
    if peer.startswith("published"):
        commands["peers"] = (sys.executable, "-m", "benchmarks.candidates", "official", *arguments)
    elif (python := options.peers / "bin" / "python").exists():
        commands["peers"] = (str(python), "benchmarks/peers.py", *arguments)
    workers = {kind: Worker(*command) for kind, command in commands.items()}
    for kind, worker in workers.items():
        worker.ask(1 if kind == "products" else options.train // minibatches)
    for worker in workers.values():
        worker.answer()
    steps, times = {}, {kind: [] for kind in workers}
    for kind, worker in workers.items():
        worker.ask(2)
        steps[kind] = max(1, round(options.seconds / (worker.answer() / 2)))
    for _ in range(options.turns):
        for kind, worker in workers.items():
            worker.ask(steps[kind])
            times[kind].append(1e3 * worker.answer() / steps[kind])
    for worker in workers.values():
        worker.stop()
    return line(part, sizes, "ms", times["ours"], peer, times.get("peers"), times["products"])


def line(part: str, sizes: str, unit: str, ours: list, peer: str, peers: list | None, products: list | None) -> dict:
    """A part's turns as medians and quartiles; lists are turns, None what was not measured."""
    row = {"part": part, "sizes": sizes, "unit": unit, "peer": peer, "peers": MISSING}
    turns = {"ours": ours}
    if peers is not None:
        turns |= {"peers": peers, "ratio": np.divide(peers, ours)}
    for name, values in turns.items():
        row[f"{name}_low"], row[name], row[f"{name}_high"] = np.quantile(values, (0.25, 0.5, 0.75)).tolist()
    if products is not None:
        row["products"] = float(np.median(products))
    if products is not None and peers is not None:
        row["at_most"] = float(np.median(np.divide(peers, products)))
    return row


def rollout_line(task: str) -> dict:
    """A rollout's speed against the stock environment's, as a line."""
    from benchmarks import rollouts

    found = rollouts.compare(task)
    row = {"part": f"{ROLLOUTS} {task}", "sizes": "", "unit": "steps/s", "ours": found["rollout"]}
    row |= {"peer": "gym.make, a fixed action", "peers": found["stock"], "at_most": found["at_most"]}
    return row | {f"ratio{end}": found[f"rollout_ratio{end}"] for end in ("", "_low", "_high")}


def lines(part: str, options: argparse.Namespace) -> Iterator[dict]:
    """All lines of a part."""
    if part == STARTUP:
        jobs, imports = startup.turns(options.turns)
        yield line(part, "", "s", jobs, "import torch, alone", imports, None)
    elif part == CHOICE:
        for sizes, dims in SIZES.items():
            own, peers = choice.turns(options.turns, *dims, options.train)
            yield line(part, sizes, "us", own, "torch calls", peers, None)
    elif part in UPDATES:
        for sizes in UPDATES[part][2]:
            yield measure(part, sizes, options)
    else:
        from benchmarks import rollouts

        yield from map(rollout_line, rollouts.DEFAULT)


def facts(options: argparse.Namespace) -> list[str]:
    """The machine and what ran on it."""
    commit, dirty = record.commit()
    versions = ", ".join(f"{name} {version}" for name, version in record.versions().items())
    numerics.pin()
    settings = ", ".join(f"{name} {value}" for name, value in numerics.settings().items() if value is not None)
    return [
        f"{date.today()}, commit {commit}{' and changes' if dirty else ''}",
        f"{record.processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"load {os.getloadavg()[0]:.1f}",
        versions,
        settings,
        f"{options.turns} turns of {options.seconds:g} s after {options.train} minibatches",
    ]


def number(value: object) -> str:
    """A cell of the Markdown table: three digits, whole from 1,000 on."""
    if value in ("", None, MISSING):
        return str(value or "")
    return f"{float(value):,.0f}" if float(value) >= 1000 else f"{float(value):.3g}"


def markdown(rows: list[dict], notes: list[str]) -> str:
    """The table for readers."""
    text = [f"# Speed\n\n{__doc__.partition(chr(10))[2].strip()}\n", *(f"- {note}" for note in notes), ""]
    text += [
        "| part | observation / action | ours | peer | peer's | ratio | at most |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [row["part"], row["sizes"], f"{number(row['ours'])} {row['unit']}", row["peer"], number(row["peers"])]
        spread = f" ({number(row['ratio_low'])} to {number(row['ratio_high'])})" if row.get("ratio") else ""
        cells += [number(row.get("ratio")) + spread, number(row.get("at_most"))]
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parts = [*UPDATES, STARTUP, CHOICE, *([ROLLOUTS] if importlib.util.find_spec("benchmarks.rollouts") else [])]
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"beginnings of: {'; '.join(parts)} (default: all)")
    parser.add_argument("--turns", type=int, default=15, help="turns of every candidate (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="CPU time of a turn (default %(default)s)")
    parser.add_argument("--train", type=int, default=1400, help="minibatches before measuring (default %(default)s)")
    where = "environment made by benchmarks/peers.sh (default .peers); without it those columns stay empty"
    parser.add_argument("--peers", type=Path, default=ROOT / ".peers", help=where)
    where = "the two files' name without ending (default benchmarks/results); lines of other parts are kept"
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help=where)
    options = parser.parse_args(arguments)
    chosen = [part for part in parts if not options.parts or part.startswith(tuple(options.parts))]
    if not chosen:
        parser.error(f"no part begins with {' or '.join(options.parts)}; there are: {'; '.join(parts)}")
    table, rows = options.out.with_suffix(".csv"), {}
    if options.parts and table.exists():
        with open(table, newline="") as file:
            rows = {(row["part"], row["sizes"]): row for row in csv.DictReader(file)}
    notes = facts(options)
    for part in chosen:
        for row in lines(part, options):
            rows[row["part"], row["sizes"]] = row
            print(f"{row['part']} ({row['sizes']}): {number(row['ours'])} {row['unit']}, ", end="")
            print(f"{row['peer']} {number(row['peers'])}, ratio {number(row.get('ratio'))}", flush=True)
    with open(table, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows.values())
    options.out.with_suffix(".md").write_text(markdown(list(rows.values()), notes))


if __name__ == "__main__":
    main()
