"""What a report's commands load and open of this project is what their rules compare."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from made_up import made_up

from workflow.code import PACKAGES, contents
from workflow.figures.kinds import KINDS, kind
from workflow.tables import TABLES

METHODS = ["marvel", "warm_start"]
SEEN = """
import json, runpy, sys
from pathlib import Path
opened = set()
sys.addaudithook(lambda event, words: opened.add(str(words[0])) if event == "open" else None)
sys.argv.pop(0)
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
loaded = {str(module.__file__) for module in sys.modules.values() if getattr(module, "__file__", None)}
Path(sys.argv[-1] + ".seen").write_text(json.dumps(sorted(opened | loaded)))
"""


@pytest.fixture(scope="module")
def scores(tmp_path_factory) -> Path:
    """Scores of a made-up study."""
    path = tmp_path_factory.mktemp("study") / "scores.csv"
    made_up(["BallRun", "CarGoal1"], METHODS, seeds=2, rounds=10).to_csv(path, index=False)
    return path


def seen(*command: str) -> set[str]:
    """Of the project's packages the modules that a command loads and the data files that it opens.

    Sources that it reads as text do not count: those of methods, on which the rule `scores` depends, and those of other
    kinds, for the command's help.
    """
    result = subprocess.run([sys.executable, "-c", SEEN, *command], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    paths = {Path(ROOT, name).resolve() for name in json.loads(Path(f"{command[-1]}.seen").read_text())}
    inside = {path.relative_to(ROOT) for path in paths if path.is_relative_to(ROOT)}
    found = {path.as_posix() for path in inside if path.parts[0] in PACKAGES and path.suffix not in ("", ".pyc")}
    return {name for name in found if not name.endswith(".py") or not read_as_text(name)}


def read_as_text(name: str) -> bool:
    """Whether a source is that of a method, or of a kind or table, whose literals are read."""
    module = name.removesuffix(".py").replace("/", ".")
    return name.startswith("baselines/") or module in KINDS.values()


@pytest.mark.parametrize("name", [name for name in TABLES if name != "ranks"])
def test_a_table_reads_nothing_that_its_rule_does_not_compare(scores, name, tmp_path):
    found = seen("workflow.tables", name, "--scores", str(scores), "--out-dir", str(tmp_path / "tables"))
    modules = ("workflow.tables.__main__", TABLES[name].module, *TABLES[name].code)
    assert {"workflow/tables/page.py", f"{TABLES[name].module.replace('.', '/')}.py"} <= found
    assert found <= {path for module in modules for path in contents(module)}


@pytest.mark.parametrize("name", [name for name in KINDS if set(kind(name).inputs) == {"scores"} and name != "limits"])
def test_a_figure_reads_nothing_that_its_rule_does_not_compare(scores, name, tmp_path):
    words = ["--methods", *METHODS] if "methods" in kind(name).keys else []
    found = seen("workflow.figures", name, "--scores", str(scores), *words, "--out", str(tmp_path / "figure"))
    modules = ("workflow.figures.__main__", KINDS[name])
    assert {"workflow/figures/style.py", "workflow/config/hyperparameters.tsv"} <= found
    assert found <= {path for module in modules for path in contents(module)}
