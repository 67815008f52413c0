"""`marvel datasets`: the command line of `python -m marvel.datasets`."""

import json
import sys

from marvel.errors import InputError


def main(arguments: list[str]) -> int:
    """See `marvel.datasets.__main__`; `check --json` prints the cards as a JSON list instead of text."""
    from marvel.datasets.__main__ import card, main, parser

    if "--json" not in arguments:
        return main(arguments)
    options = parser().parse_args([word for word in arguments if word != "--json"])
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
