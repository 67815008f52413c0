"""`marvel run`: the command line of `python -m marvel.run`."""


def main(arguments: list[str]) -> int:
    """See `marvel.run.__main__`."""
    from marvel.run.__main__ import main

    return main(arguments, prog="marvel run")
