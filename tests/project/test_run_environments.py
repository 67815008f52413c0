"""Environments of ./run: kept, reused or removed as requirements change, installs fail and studies run."""

import os
import signal
import subprocess
import sys
import time

import pytest
from run_project import INSTALLED, REQUIREMENTS, Project, refused


@pytest.fixture
def project(tmp_path) -> Project:
    """A project in which ./run has not run yet."""
    return Project(tmp_path / "project")


# What a study may show of its environment: the PATH that ./run gave it, its command, the libraries that it has loaded.
MAPPED = "import mmap, time; f = open('.venv.run1/bin/python'); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)"
STUDIES = {
    "path": ["sh", "-c", "echo up; exec sleep 100"],
    "command": ["sh", "-c", "exec env -i sh -c 'echo up; sleep 100' $PWD/.venv.run1/bin/snakemake"],
    "libraries": ["env", "-i", sys.executable, "-c", f"{MAPPED}; print('up', flush=True); time.sleep(100)"],
}


@pytest.fixture
def study(project):
    """study(kind): starts something that runs in the environment until the test ends; returns its process."""
    started = []

    def start(kind: str) -> subprocess.Popen:
        process = project.start(*STUDIES[kind])
        started.append(process)
        assert process.stdout.readline() == "up\n", process.stderr.read()
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_an_install_that_fails_leaves_the_old_environment(project):
    project.run("true")
    before = {path: path.stat().st_mtime_ns for path in (project.folder / ".venv.run1").rglob("*")}
    project.change("torch")
    (project.folder / "offline").touch()
    assert project.run("true").returncode == 1
    assert os.readlink(project.folder / ".venv") == ".venv.run1" and ".venv.run2" not in project.names()
    assert before == {path: path.stat().st_mtime_ns for path in (project.folder / ".venv.run1").rglob("*")}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_install_that_is_stopped_leaves_nothing(project, number, code):
    (project.folder / "hanging").touch()
    process = project.start("true")
    while not (project.folder / "started").exists():
        time.sleep(0.01)
    os.killpg(process.pid, number)
    process.communicate(timeout=10)
    assert process.returncode in (code, -number) and project.names() == [".venv.lock"]


@pytest.mark.parametrize("kind", STUDIES)
def test_a_study_keeps_its_environment_while_it_runs(project, study, kind):
    project.run("true")
    running = study(kind)
    for number, line in enumerate(("torch", "numpy", "scipy"), start=2):
        project.change(line)
        assert project.installed() == INSTALLED
        assert os.readlink(project.folder / ".venv") == f".venv.run{number}"
    assert project.names() == [
        ".venv",
        ".venv.run1",
        ".venv.run3",
        ".venv.run4",
    ]  # in use, the previous one, the new one
    assert (project.folder / ".venv.run1" / "bin" / "python").exists() and running.poll() is None
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    project.change("pandas")
    project.run("true")
    assert project.names() == [".venv", ".venv.run2", ".venv.run4"]


def test_a_return_to_the_last_requirements_installs_nothing(project):
    project.run("true")
    old = (project.folder / "requirements.txt").read_text()
    project.change("torch")
    project.run("true")
    (project.folder / "requirements.txt").write_text(old)
    assert project.installed() == [] and os.readlink(project.folder / ".venv") == ".venv.run1"


def test_what_could_not_be_removed_is_not_taken_for_an_environment(project):
    project.tool("rm", 'case "$*" in *run1) /bin/rm -r "$2/bin"; exit 1;; esac; exec /bin/rm "$@"')
    old = (project.folder / "requirements.txt").read_text()
    for line in (old, "torch", "numpy", old):
        project.change(line.strip())
        assert project.installed() == INSTALLED
    assert os.readlink(project.folder / ".venv") == ".venv.run4"


def test_a_folder_of_an_earlier_version_is_used_left_or_replaced(project, study):
    """There .venv was the environment itself."""
    project.run("true")
    (project.folder / ".venv").unlink()
    (project.folder / ".venv.run1").rename(project.folder / ".venv")
    assert project.installed() == [] and project.names() == [".venv"]
    running = study("path")
    project.change("torch")
    for installed in (INSTALLED, []):
        assert project.installed() == installed
        result = project.run("sh", "-c", "command -v python")
        assert result.stdout == f"{project.folder}/.venv.run1/bin/python\n"
        assert "/.venv stays as it is, because it is in use" in result.stderr
        assert not (project.folder / ".venv").is_symlink() and (project.folder / ".venv" / "bin" / "python").exists()
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert project.installed() == []
    assert project.names() == [".venv", ".venv.run1"] and os.readlink(project.folder / ".venv") == ".venv.run1"


def test_only_what_run_made_is_removed(project):
    for name, content in ((".venv.run1", ".unfinished"), (".venv.run2", "mine"), (".venv.runs", ".stamp")):
        (project.folder / name).mkdir()
        (project.folder / name / content).touch()
    (project.folder / ".venv.run3").symlink_to("elsewhere")
    (project.folder / "elsewhere").mkdir()
    (project.folder / "elsewhere" / ".stamp").touch()
    assert project.installed() == INSTALLED
    assert project.names() == [".venv", ".venv.run2", ".venv.run3", ".venv.run4", ".venv.runs"]
    assert (project.folder / "elsewhere" / ".stamp").exists()


def test_two_first_runs_at_once_install_once(project):
    both = [project.start("echo", "done", PIP_SECONDS="0.3") for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in both] == ["done\n"] * 2
    assert (project.folder / "installed").read_text().split() == INSTALLED
    assert project.names() == [".venv", ".venv.run1"]


def test_without_locks_it_warns_once_and_goes_on(project):
    project.tool("flock", 'echo "flock: 9: No locks available" >&2; exit 71')
    result = project.run("echo", "done")
    assert result.returncode == 0 and result.stdout == "done\n"
    warning, installing = result.stderr.splitlines()
    assert "has no locks" in warning and "installing" in installing
    project.change("torch")
    both = [project.start("echo", "done", PIP_SECONDS="0.3") for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in both] == ["done\n"] * 2
    assert (project.folder / ".venv" / ".stamp").exists()


def test_without_locks_nothing_is_removed(project):
    """What looks unfinished may be another run's; a moved folder of an earlier version is not used where it then is."""
    project.tool("flock", "exit 71")
    for folder, content in ((".venv", ".stamp"), (".venv.run1", ".unfinished")):
        (project.folder / folder).mkdir()
        (project.folder / folder / content).touch()
    assert project.installed() == INSTALLED
    assert project.names() == [".venv", ".venv.run1", ".venv.run2", ".venv.run3"]
    assert os.listdir(project.folder / ".venv.run3") == [".unfinished"]


def test_metadrive_survives_a_new_environment(project):
    assert project.installed() == INSTALLED
    assert project.installed("install", "metadrive") == REQUIREMENTS[2:]
    assert project.installed() == []
    project.change("torch")
    assert project.installed() == [*REQUIREMENTS, "."] and project.installed() == []
    (project.folder / "requirements-metadrive.txt").write_text("panda3d\n")
    assert project.installed() == [*REQUIREMENTS, "."] and project.installed() == []
    assert refused(project.run("install", "chess")) == "run: only MetaDrive is optional: ./run install metadrive"
