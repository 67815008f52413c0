"""`marvel verify`: repeat a run from its record and compare."""

import json
import sys
from pathlib import Path

from marvel.cli.common import duration, make_parser
from marvel.errors import InputError


def main(arguments: list[str]) -> int:
    """Repeat and compare runs; 0 only if all came out equal."""
    parser = make_parser(
        "verify",
        "Repeat a run from its run.json in a temporary folder, in the recorded numerics mode, and compare what it\n"
        "leaves: progress.csv and episodes.csv row by row, all else by hash. Exit code 0 only if everything is equal\n"
        "and the run started from the recorded files; 1 if not, with what differs and why that may be.",
        "marvel verify results/quick/runs/marvel/BallRun/seed0/run.json",
        "marvel verify results/quick/runs/*/BallRun/seed0/run.json --json",
        "snakemake verify --configfile workflow/config/quick.yaml --config verify=5 --cores 2    a sample of a study's",
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="run.json")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the repeated run in this new folder")
    options = parser.parse_args(arguments)
    if options.keep and len(options.runs) > 1:
        parser.error("--keep takes one run")
    from marvel.run.verify import verify

    reports = []
    for path in options.runs:
        try:
            reports.append(verify(path, options.keep))
        except InputError as fault:  # the others are still to be told
            reports.append({"run": str(path), "equal": False, "fault": str(fault)})
            print(f"error: {fault}", file=sys.stderr)
        if not options.json and "fault" not in reports[-1]:
            print(text(reports[-1]), flush=True)
    if options.json:
        json.dump(reports, sys.stdout, indent=1)
        print()
    return 0 if all(report["equal"] for report in reports) else 1


def text(report: dict) -> str:
    """A report in words."""
    from marvel.run.verify import sentences

    verdict = "equal" if report["equal"] else "NOT EQUAL"
    lines = [f"{verdict}: {report['run']}, repeated in {duration(report['seconds'])}"]
    for name, file in report["files"].items():
        lines.append(f"  {name}: {file_text(file)}")
    reasons = sentences(report)
    if not report["equal"] and not reasons:
        reasons = ["the record names nothing that differs: chance that is not seeded, or a fault of the machine"]
    if reasons:
        lines.append("  what differs all the same:" if report["equal"] else "  why that may be:")
    return "\n".join(lines + [f"  - {reason}" for reason in reasons])


def file_text(file: dict) -> str:
    """One file's comparison in words."""
    words = "equal" if file["equal"] else "other bytes"
    if "rows" in file:
        old, new = file["rows"]
        words = (
            f"equal, {old} rows"
            if file["equal"]
            else f"{old} rows then, {new} now, the first {file['equal_rows']} equal"
        )
        if file["columns"]:
            words += f"; not in both: the column(s) {', '.join(file['columns'])}"
        if first := file.get("first"):
            words += f"; row {first['row']} has {first['column']} {first['recorded']} then, {first['now']} now"
        if largest := file.get("largest"):
            place = f"{largest['column']}, row {largest['row']}"
            words += f"; largest relative difference {largest['relative']:.2g} ({place})"
    return words + (f" ({file['note']})" if "note" in file else "")
