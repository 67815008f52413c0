"""Copy the small, citable part of a finished study to a folder that is committed.

python -m workflow.runs.publish results/comparison --target results/reference_comparison
"""

import argparse
import shutil
import sys
from pathlib import Path

from marvel.errors import InputError

KEPT = ("scores.csv", "tables/*", "figures/*", "report/*", "data/*/*.json", "data/*/*.png")
STAGES = ("offline", "prealigned", "runs")  # of these, records and progress


def publish(study: Path, target: Path) -> int:
    """Replace `target` by the study's scores, tables, figures, records and progress; returns the number of files.

    Raises:
        InputError: The study is not finished.
    """
    if not (study / "scores.csv").exists():
        raise InputError(f"{study} has no scores.csv; run the study to its end first.")
    found = [path for pattern in KEPT for path in study.glob(pattern)]
    for stage in STAGES:
        for name in ("run.json", "progress.csv"):
            found += [path for path in (study / stage).rglob(name) if ".state" not in path.parts]
    readme = target / "README.md"
    kept = readme.read_bytes() if readme.exists() else None
    shutil.rmtree(target, ignore_errors=True)
    for path in found:
        copy = target / path.relative_to(study)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    if kept is not None:
        readme.write_bytes(kept)
    return len(found)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("study", type=Path, help="folder of a finished study, such as results/quick")
    parser.add_argument("--target", type=Path, required=True)
    options = parser.parse_args(arguments)
    print(f"{publish(options.study, options.target)} files -> {options.target}")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"publish: {error}")
