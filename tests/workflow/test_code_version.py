"""The hash that re-runs a rule of the report: code and tables change it, comments and docstrings do not."""

import subprocess
import sys

import pytest
from studies import Copy

ASK = "from workflow.code import code_version; print(code_version('workflow.tables.final'))"


@pytest.fixture
def project(tmp_path):
    """A copy of the project, and its answer for a module."""
    Copy(tmp_path)

    def answer() -> str:
        words = [sys.executable, "-c", ASK]
        return subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    return tmp_path, answer


def test_code_and_tables_count_and_words_do_not(project):
    folder, answer = project
    before = answer()
    final, tasks = folder / "workflow/tables/final.py", folder / "marvel/tasks.py"
    final.write_text(final.read_text().replace('"""', '"""Another docstring. ', 1) + "\n# and a comment\n")
    assert answer() == before
    (folder / "workflow/figures/curves.py").write_text("unread = 1\n")  # no table imports it
    assert answer() == before
    tasks.write_text(tasks.read_text() + "\nCHANGED = 1\n")  # imported through others
    after = answer()
    assert after != before
    table = folder / "workflow/config/hyperparameters.tsv"
    table.write_text(table.read_text() + "\n")
    assert answer() not in (before, after)
    (folder / "workflow/tables/__init__.py").write_text("RUN_BY_EVERY_TABLE = 1\n")
    assert len({before, after, answer()}) == 3
