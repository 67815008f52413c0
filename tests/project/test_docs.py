"""The documentation: links resolve, files that it names are there, commands take the options that they are given.

What the commands do is tested where it belongs: docs/command-line.md in tests/cli/test_cli_docs.py, the examples of
README and docs/extending.md in test_packaging.py, test_extension.py and tests/figures/test_new_kind.py.
"""

import importlib.util
import re
import shlex
import subprocess
import sys
from functools import cache

import pytest
from conftest import ROOT
from documents import blocks
from studies import environment

from marvel.cli import COMMANDS

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in (
        "*.md",
        "docs/*.md",
        "results/*/README.md",
        "tests/goldens/README.md",
        "workflow/reference/README.md",
    )
    for path in ROOT.glob(pattern)
)
PLACES = re.compile(r"\b(NAME|CMD|COMMAND|FILE|DIR|FOLDER|STUDY|TASK|N|LIMIT)\b|\.\.\.|\$|/path/|[*{]")
SCRIPT = (ROOT / "run").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Every command of the pages that starts with ./run, snakemake, marvel or python -m, without its comment."""
    found = {}
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        joined = "\n".join(part for language, part in blocks(page) if language in ("sh", "")).replace("\\\n", " ")
        inline = re.findall(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)", re.sub(r"```.*?```", "", text, flags=re.S))
        for line in [*joined.splitlines(), *(" ".join(code.split()) for code in inline)]:
            line = re.sub(r"\s+#.*", "", line).strip().removeprefix("nice -n 10 ")
            if re.match(r"(\./run|snakemake|marvel|python -m) \S", line):
                found[line.split(" || ")[0]] = None
    return list(found)


@cache
def help_of(*words: str) -> str:
    """What a program of this project prints for --help."""
    command = [sys.executable, "-m", *words, "--help"]
    result = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert result.returncode == 0, f"{words}: {result.stderr}"
    return result.stdout


def flags_are_known(words: list[str], text: str) -> None:
    for word in words:
        if word.startswith("--") and len(word) > 2:
            assert word.partition("=")[0] in text, f"{word} is no option"


def test_there_are_commands():
    assert len(commands()) > 40


@pytest.mark.parametrize("line", commands())
def test_a_command_names_what_is_there(line):
    words = shlex.split(re.sub(r"\[.*?\]", "", line))
    if words[0] == "./run":
        words = words[1:]
        script = re.search(rf"^    (?:\w+ \| )*{re.escape(words[0])}(?: \| \w+)*\)", SCRIPT, flags=re.M)
        assert script or words[0] in ("CMD", "COMMAND", "...", "marvel", "python", "true", "pip"), line
    files = [word for word in words if re.search(r"\.(ya?ml|md|py|tsv|csv|txt)$", word) or word.startswith("profiles/")]
    for name in files:
        if not PLACES.search(name) and not name.startswith("results/") and "/" in name:
            assert (ROOT / name).exists(), f"{line}: {name} is not there"
    if words[0] == "marvel" and not PLACES.search(words[1]):
        assert words[1] in COMMANDS, line
        known = help_of("marvel", words[1])
        if words[1] != "datasets":
            flags_are_known(words[2:], known)
    if words[:2] == ["python", "-m"] and not PLACES.search(words[2]):
        module, *rest = words[2:]
        assert importlib.util.find_spec(module), line
        if module not in ("pytest", "snakemake", "pip") and any(word.startswith("--") for word in rest):
            sub = [rest[0]] if module in ("workflow.figures", "marvel.datasets", "marvel") else []
            flags_are_known(rest, help_of(module, *sub))


SNAKEMAKE = [
    line
    for line in commands()
    if "snakemake" in line.split()[:2] and "--configfile" in line and not PLACES.search(line) and "--lint" not in line
]


@pytest.mark.slow
@pytest.mark.parametrize("line", SNAKEMAKE)
def test_snakemake_takes_a_documented_command(line, tmp_path):
    """A dry run, on collected data where DSRL's is asked for, which may not be here."""
    words = shlex.split(line)
    words = words[words.index("snakemake") + 1 :]
    words = [word for word in words if word != "-n"]
    extra = ["--config", "dataset={'source': 'collect'}"] if "dsrl.yaml" in line else []
    command = [sys.executable, "-m", "snakemake", "-n", *extra, *words]
    result = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def anchors(text: str) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_resolve(page):
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http:", "https:")):
            continue
        name, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / name) if name else ROOT / page
        assert target.exists(), f"{page}: {link}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{page}: {link}"


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith("results/")])  # those tell of the past
def test_files_that_a_page_names_are_there(page):
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.S)
    folders = "tests|marvel|workflow|baselines|benchmarks|profiles|container|docs"
    for name in re.findall(rf"`((?:{folders})/[\w/.-]+)`", text):
        assert (ROOT / name).exists(), f"{page}: {name}"


def test_the_index_names_every_page():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs").glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in index, path.name
