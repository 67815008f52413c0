"""Start Snakemake after a look at the config files: `python -m workflow.start ARGUMENTS` is `snakemake ARGUMENTS`.

Snakemake reads the files of --configfile before the Snakefile, and says of a faulty one neither the line nor, with more
than one, which it is. ./run starts it this way.
"""

import os
import sys
from pathlib import Path

from marvel.errors import InputError
from workflow.validation import check_file

OPTIONS = ("--configfile", "--configfiles")


def config_files(arguments: list[str]) -> list[Path]:
    """The files that Snakemake's arguments name as configs: all words after the option, up to the next one."""
    files, listing = [], False
    for word in arguments:
        option, _, value = word.partition("=")
        if option in OPTIONS and value:
            files, listing = [*files, Path(value)], False
        elif word.startswith("-"):
            listing = word in OPTIONS
        elif listing:
            files.append(Path(word))
    return files


def main(arguments: list[str]) -> int:
    """Check the files, then become Snakemake; returns the exit status where it does not come to that."""
    try:
        for path in config_files(arguments):
            check_file(path)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "snakemake", *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
