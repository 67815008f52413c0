"""The commands of all runs of a config as Snakemake would start them, specs included: their hashes, a row an entry.

    python tests/workflow/run_commands.py

writes run_commands.csv beside this file. A row that changes without a reason means that runs made before and after it
are not of one study.
"""

import hashlib
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ("quick", "comparison", "reference")
TABLE = Path(__file__).with_name("run_commands.csv")


def commands(config: str) -> list[str]:
    """Shell commands that start a run, of all jobs of a study."""
    words = ["-n", "-p", "-F", "--until", "finetune", "--cores", "1", "--workflow-profile", "none"]
    words += ["--configfile", f"workflow/config/{config}.yaml"]
    made = subprocess.run(
        [sys.executable, "-m", "snakemake", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return re.findall(r"^Shell command: (python -m marvel\.run .*)$", made.stdout + made.stderr, re.MULTILINE)


def hashes(config: str) -> pd.DataFrame:
    """Columns config, entry (its folder in the study), runs and sha256 (of its runs' sorted commands)."""
    found = defaultdict(list)
    for command in commands(config):
        words = shlex.split(command)
        out = Path(words[words.index("--out") + 1])  # results/STUDY/ENTRY/TASK[/seedN]
        parts = out.parts[2:-2] if out.name.startswith("seed") else out.parts[2:-1]
        found["/".join(parts)].append(command)
    rows = [
        {"config": config, "entry": entry, "runs": len(made)}
        | {"sha256": hashlib.sha256("\n".join(sorted(made)).encode()).hexdigest()}
        for entry, made in sorted(found.items())
    ]
    return pd.DataFrame(rows)


if __name__ == "__main__":
    pd.concat([hashes(config) for config in CONFIGS]).to_csv(TABLE, index=False)
