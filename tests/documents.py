"""The fenced blocks of the documentation, which tests run."""

import re

from conftest import ROOT


def blocks(page: str, section: str | None = None) -> list[tuple[str, str]]:
    """(language, text) of the fenced blocks of a page, relative to the project, or of one of its sections."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found, heading = [], ""
    for part in re.finditer(r"^ *```(\w*)\n(.*?)^ *```|^#+ ([^\n]*)$", text, flags=re.S | re.M):
        if part[3] is not None:
            heading = part[3]
        elif section in (None, heading):
            found.append((part[1], part[2]))
    return found


def block(page: str, section: str, language: str) -> str:
    """The only block of a language in a section."""
    (found,) = [text for name, text in blocks(page, section) if name == language]
    return found
