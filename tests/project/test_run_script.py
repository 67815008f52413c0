"""The script ./run: what it refuses, where it makes its environment, and which command it runs in it."""

import os
import re
import sys

import pytest
from run_project import INSTALLED, PYTHON, Project, refused


@pytest.fixture
def project(tmp_path) -> Project:
    """A project in which ./run has not run yet."""
    return Project(tmp_path / "project")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('[ "$1" = -V ] && echo "Python 3.9.2"; exit 1', "Python 3.11 is needed, but .* is Python 3.9.2; set PYTHON="),
        ('case "$*" in *ensurepip*) exit 1;; esac', "has no venv module; install it"),
        ('case "$*" in *"-m venv"*) exit 1;; esac', "could not make a virtual environment in .*; see the lines above"),
        (f"touch offline; {PYTHON}", "pip could not install -r requirements.txt; is there a network"),
    ],
)
def test_faults_are_one_sentence_and_leave_nothing(project, body, sentence):
    result = project.run("true", PYTHON=project.tool("python-bad", body))
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("run: ") and re.search(sentence, last), result.stderr
    assert set(project.names()) <= {".venv.lock"}
    (project.folder / "offline").unlink(missing_ok=True)
    assert project.installed() == INSTALLED  # the next call tries again


def test_the_environment_is_made_once_and_commands_run_in_it(project):
    assert project.installed() == INSTALLED and project.installed() == []
    assert project.run("sh", "-c", "command -v python").stdout == f"{project.folder}/.venv.run1/bin/python\n"
    assert project.names() == [".venv", ".venv.run1"] and os.readlink(project.folder / ".venv") == ".venv.run1"
    assert "./run quick" in refused(project.run())


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_run_did_not_make_is_refused_and_kept(project, kind, tmp_path):
    mine = tmp_path / "env"
    kept = mine if kind == "file" else mine / "data.txt"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("keep")
    named = mine
    if kind == "link":
        named = tmp_path / "link"
        named.symlink_to("env")
    sentence = refused(project.run("true", VENV=f"{named}/" if kind == "folder" else str(named)))
    assert str(mine) in sentence and "set VENV to another folder" in sentence
    assert kept.read_text() == "keep" and sorted(tmp_path.iterdir()) == sorted({mine, named, project.folder})


@pytest.mark.parametrize("kind", ["new", "empty", "link"])
def test_venv_may_name_a_new_or_empty_folder_or_a_link_to_one(project, kind, tmp_path):
    named = place = tmp_path / "deep" / "env"
    if kind == "empty":
        place.mkdir(parents=True)
    if kind == "link":
        named = tmp_path / "link"
        named.symlink_to("deep/env")
    assert project.installed(VENV=str(named)) == INSTALLED and project.installed(VENV=str(named)) == []
    assert (place / ".stamp").exists() and os.readlink(place) == "env.run1" and project.names() == []
    assert kind != "link" or os.readlink(named) == "deep/env"


def test_a_call_through_links_runs_in_the_project(project, tmp_path):
    project.run("true")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "marvel").symlink_to("../elsewhere")
    (tmp_path / "elsewhere").symlink_to(project.folder / "run")
    script = str(tmp_path / "bin" / "marvel")
    assert project.run("pwd", script=script, cwd="/").stdout == f"{project.folder}\n"
    assert project.installed(script=script, cwd=tmp_path / "bin") == []
    assert os.listdir(tmp_path / "bin") == ["marvel"]


def test_the_command_marvel_is_that_of_this_checkout(project):
    """It is installed again, and nothing else, where pyproject.toml or the checkout is another one."""
    project.run("true")
    with open(project.folder / "pyproject.toml", "a") as file:
        file.write("# changed\n")
    (project.folder / "offline").touch()
    assert "pip could not install --no-deps --no-build-isolation -e ." in refused(project.run("true"))
    (project.folder / "offline").unlink()
    assert project.installed() == ["."] and project.installed() == []
    other = Project(project.folder.with_name("other"))
    shared = {"VENV": str(project.folder / ".venv")}
    assert other.installed(**shared) == ["."] and other.installed(**shared) == []
    assert project.installed() == ["."] and project.names() == [".venv", ".venv.run1"]


@pytest.mark.parametrize(("words", "workers"), [((), "3"), (("-n", "0"), "none")])
def test_tests_run_on_all_cores_unless_the_caller_says_otherwise(project, words, workers):
    project.run("true")
    (project.folder / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    project.tool("nproc", "echo ${OMP_NUM_THREADS:-3}")
    source = "import os\n\n\ndef test_workers():\n    print(os.environ.get('PYTEST_XDIST_WORKER_COUNT', 'none'))\n"
    (project.folder / "test_it.py").write_text(source)
    result = project.run("test", "-rP", "-p", "no:cacheprovider", *words, OMP_NUM_THREADS="1")
    assert result.returncode == 0 and workers in result.stdout.splitlines(), result.stdout + result.stderr
