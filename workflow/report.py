"""What `snakemake --report` says below figures and tables: the captions that stand beside them, as reStructuredText."""

import re
from pathlib import Path


class Caption(str):
    """The path of a figure's caption or of a table's page, as a parameter of the rule that writes it.

    workflow/rules/caption.rst, which Snakemake renders when a report is made, asks for its `text`.
    """

    @property
    def text(self) -> str:
        """The caption; of a table's page what stands before its first table and after its last one."""
        text = Path(self).read_text(encoding="utf-8")
        return _literal(_plain(" ".join(_around_tables(text))) if self.endswith(".md") else text)


def _around_tables(page: str) -> list[str]:
    """Paragraphs of a page before its first table and after its last one, without what leads to a table."""
    blocks = [block for block in page.split("\n\n") if block.strip()]
    tables = [place for place, block in enumerate(blocks) if block.startswith("|")]
    first, last = (tables[0], tables[-1]) if tables else (len(blocks), len(blocks))
    around = [*blocks[:first], *blocks[last + 1 :]]
    return [" ".join(block.split()) for block in around if not block.startswith("#") and not block.endswith(":")]


def _plain(text: str) -> str:
    """Markdown without its marks of `code`, **bold** and *italics*."""
    return re.sub(r"\*(\S.*?)\*", r"\1", text.replace("**", "").replace("`", ""))


def _literal(text: str) -> str:
    """Text in which no sign means anything to reStructuredText."""
    return re.sub(r"([\\*`|_<>])", r"\\\1", text.strip())
