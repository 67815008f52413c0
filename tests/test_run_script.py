"""The script ./run: the environments that it makes, keeps and removes, with a Python and a pip that take no time."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

REQUIREMENTS = [f"requirements{part}.txt" for part in ("", "-nodeps", "-metadrive")]
INSTALLED = [*REQUIREMENTS[:2], "."]  # in a new environment; the last is the project itself
# `-m venv FOLDER` makes a Python that notes the last word it is called with (pip's requirements file). It fails where
# there is a file "offline", and does not end where there is a file "hanging".
PYTHON = """case "$*" in *"-m venv"*)
    for folder; do :; done
    mkdir -p "$folder/bin"
    cat >"$folder/bin/python" <<'END'
#!/bin/sh
[ ! -e offline ] || exit 1
[ ! -e hanging ] || exec %s -c "import time; open('started', 'w'); time.sleep(60)"
sleep "${PIP_SECONDS:-0}"
echo "${*##* }" >>installed
END
    chmod +x "$folder/bin/python" ;;
esac""".replace("%s", sys.executable)


class Project:
    """A copy of ./run and the requirements in a folder of its own."""

    def __init__(self, folder: Path):
        (folder / "tools").mkdir(parents=True)
        self.folder = folder
        for name in ("run", "pyproject.toml", *REQUIREMENTS):
            shutil.copy(ROOT / name, folder)
        self.environment = {"PATH": f"{folder}/tools:/usr/bin:/bin", "HOME": str(folder)}
        self.environment["PYTHON"] = self.tool("python-fake", PYTHON)

    def tool(self, name: str, body: str) -> str:
        """A shell script of that name on the PATH."""
        path = self.folder / "tools" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return str(path)

    def start(self, *words: str, script="./run", cwd=None, **environment: str) -> subprocess.Popen:
        """Start `./run WORDS` in the project's folder."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(
            [script, *words],
            cwd=cwd or self.folder,
            env=self.environment | environment,
            start_new_session=True,
            **pipes,
        )

    def run(self, *words: str, **options) -> subprocess.CompletedProcess:
        """The same, to its end."""
        process = self.start(*words, **options)
        stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def installed(self, *words: str, **options) -> list[str]:
        """The requirements files that `./run WORDS` installs."""
        log = self.folder / "installed"
        log.unlink(missing_ok=True)
        result = self.run(*(words or ("true",)), **options)
        assert result.returncode == 0, result.stderr
        return log.read_text().split() if log.exists() else []

    def change(self, line: str) -> None:
        """Other requirements, as after `git pull`."""
        (self.folder / "requirements.txt").write_text(f"{line}\n")

    def names(self) -> list[str]:
        """What there is of environments."""
        return sorted(path.name for path in self.folder.glob(".venv*"))


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


def refused(result: subprocess.CompletedProcess) -> str:
    """The one sentence of a refusal."""
    assert result.returncode == 1 and result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("run: ")
    return line


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


@pytest.mark.parametrize(("words", "workers"), [((), "3"), (("-n", "0"), "none")])
def test_tests_run_on_all_cores_unless_the_caller_says_otherwise(project, words, workers):
    project.run("true")
    (project.folder / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    project.tool("nproc", "echo ${OMP_NUM_THREADS:-3}")
    source = "import os\n\n\ndef test_workers():\n    print(os.environ.get('PYTEST_XDIST_WORKER_COUNT', 'none'))\n"
    (project.folder / "test_it.py").write_text(source)
    result = project.run("test", "-rP", "-p", "no:cacheprovider", *words, OMP_NUM_THREADS="1")
    assert result.returncode == 0 and workers in result.stdout.splitlines(), result.stdout + result.stderr
