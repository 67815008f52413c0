"""A copy of the script ./run in a folder of its own, with a Python and a pip that take no time."""

import shutil
import subprocess
import sys
from pathlib import Path

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


def refused(result: subprocess.CompletedProcess) -> str:
    """The one sentence of a refusal."""
    assert result.returncode == 1 and result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("run: ")
    return line
