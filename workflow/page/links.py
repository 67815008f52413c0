"""Links from the page to the files beside it."""

import os
from pathlib import Path

FOLDER = "report"  # of the page, in the study's folder


def link(study: Path, path: Path) -> str | None:
    """The way from the page to a file; None if it is not there."""
    return Path(os.path.relpath(path, study / FOLDER)).as_posix() if path.is_file() else None
