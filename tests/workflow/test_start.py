"""Snakemake is started after a look at its config files, and every value in a job's shell command is quoted."""

import re
from pathlib import Path

import pytest
from conftest import ROOT

from workflow import start

RULES = [*sorted((ROOT / "workflow" / "rules").glob("*.smk")), *sorted((ROOT / "baselines").glob("*.smk"))]
QUOTED_BEFORE = {"params.command", "params.methods"}  # by shlex, since they are several words


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ("--cores 2 --configfile a.yaml", ["a.yaml"]),
        ("--configfile a.yaml b.yaml --cores 2 all", ["a.yaml", "b.yaml"]),
        ("--configfile=a.yaml -n", ["a.yaml"]),
        ("--configfiles a.yaml -n --config study=x", ["a.yaml"]),
        ("-n --config seeds=[0]", []),
    ],
)
def test_the_config_files_of_a_command_line(words, files):
    assert start.config_files(words.split()) == [Path(file) for file in files]


def test_a_file_that_is_no_yaml_is_one_sentence_with_file_and_line(tmp_path, monkeypatch, capfd):
    started = []
    monkeypatch.setattr(start.os, "execv", lambda program, words: started.append(words))
    (tmp_path / "bad.yaml").write_text("study: x\ntasks: [Toy\n")
    (tmp_path / "good.yaml").write_text("study: x\n")
    for name in ("bad.yaml", "none.yaml"):
        assert start.main(["-n", "--configfile", str(tmp_path / "good.yaml"), str(tmp_path / name)]) == 1
        error = capfd.readouterr().err
        assert error.startswith(f"error: {tmp_path / name} ") and error.count("\n") == 1 and not started
        assert name != "bad.yaml" or "bad.yaml line 3 is no valid YAML (expected ',' or ']'" in error
    start.main(["-n", "--configfile", str(tmp_path / "good.yaml")])
    assert [words[1:] for words in started] == [["-m", "snakemake", "-n", "--configfile", str(tmp_path / "good.yaml")]]


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_values_in_shell_commands_are_quoted(path):
    commands = re.findall(r'shell:\n((?:\s+".*"\n)+)', path.read_text(encoding="utf-8"))
    values = [value for command in commands for value in re.findall(r"(?<!\{)\{([^{}]+)\}(?!\})", command)]
    bare = [value for value in values if not value.endswith(":q")]
    assert set(bare) <= QUOTED_BEFORE and (values or not commands)
    assert path.name in ("common.smk",) or commands
