"""`marvel datasets`: the command line of `python -m marvel.datasets`."""

import argparse
import json
import sys

from marvel.errors import InputError

EXAMPLES = """\
examples:
  marvel datasets check results/quick/data/BallRun/dataset.hdf5
  marvel datasets check results/quick/data/*/dataset.hdf5 --json     cards as a JSON list, for programs
  marvel datasets card BallRun.hdf5 --task BallRun
  marvel datasets get BallRun --out data/BallRun/dataset.hdf5
"""


def main(arguments: list[str]) -> int:
    """See `marvel.datasets.__main__`; `check --json` prints the cards as a JSON list instead of text."""
    from marvel.datasets.__main__ import card, main, parser

    known = parser()
    known.prog, known.epilog = "marvel datasets", EXAMPLES
    known.formatter_class = argparse.RawDescriptionHelpFormatter
    if "--json" not in arguments:
        known.parse_args(arguments)  # its help has examples
        return main(arguments)
    options = known.parse_args([word for word in arguments if word != "--json"])
    if options.command != "check":
        raise InputError("only `marvel datasets check` has --json; `card` and `get` keep the card as card.json.")
    cards, status = [], 0
    for file in options.files:
        try:
            facts, _ = card(file, options.task)
            cards.append({"file": str(file), "sound": True} | facts)
        except InputError as fault:
            cards.append({"file": str(file), "sound": False, "fault": str(fault)})
            print(f"error: {fault}", file=sys.stderr)
            status = 1
    print(json.dumps(cards, indent=1))
    return status
