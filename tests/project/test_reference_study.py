"""The reference study is frozen while it runs: its specs, its rules' commands and the code of its runs."""

import hashlib
import json
import re
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT

from marvel.run.record import code_hash
from workflow.study import Study
from workflow.tables import TABLES, files_of

# SHA-256 of the specs of all its runs and stages, one a line, at the tag reference-freeze.
SPECS = "44d2e74f6536d984979e2834475bb53a516cdc55b471f11c9d732be1e94bf05d"
COMMAND = '"python -m marvel.run {params.spec:q} --out {params.out:q} --log {log:q}"'
RECORDS = sorted((ROOT / "results" / "reference").rglob("run.json"))


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(yaml.safe_load((ROOT / "workflow/config/reference.yaml").read_text(encoding="utf-8")))


def specs(study: Study) -> dict[str, str]:
    """{folder of a run or stage: its spec as JSON}."""
    found = {}
    for folder in dict.fromkeys(file.rpartition("/")[0] for file in study.run_files()):
        stage, *names, task, seed = folder.removeprefix(f"{study.base}/").split("/")
        make = {"offline": study.pretrain_spec, "prealigned": study.prealign_spec, "runs": study.finetune_spec}[stage]
        found[folder] = make(*names, task, int(seed.removeprefix("seed")))
    return found


def test_its_specs_are_those_of_the_freeze(study):
    text = "\n".join(f"{folder} {spec}" for folder, spec in sorted(specs(study).items()))
    assert hashlib.sha256(text.encode()).hexdigest() == SPECS


def test_its_rules_run_them_by_the_same_command():
    for file, rules in (("offline.smk", 2), ("online.smk", 1)):
        assert len(re.findall(re.escape(COMMAND), (ROOT / "workflow/rules" / file).read_text())) == rules


def test_the_committed_runs_are_of_these_specs(study):
    wanted = specs(study)
    runs = [path for path in RECORDS if "data" not in path.parts]
    assert runs
    for path in runs:
        spec = json.loads(wanted[path.parent.relative_to(ROOT).as_posix()])
        made = json.loads(path.read_text(encoding="utf-8"))
        assert {key: made[key] for key in spec if key not in ("hyperparameters", "options")} == {
            key: value for key, value in spec.items() if key not in ("hyperparameters", "options")
        }
        for part in ("hyperparameters", "options"):  # a record has the defaults, too
            assert spec[part].items() <= made[part].items(), path


def test_the_code_of_the_committed_runs_has_not_changed():
    recorded = {
        pair
        for path in RECORDS
        if "data" not in path.parts
        for pair in json.loads(path.read_text(encoding="utf-8"))["record"]["code"].items()
    }
    changed = {name for name, value in recorded if not (ROOT / name).is_file() or code_hash(ROOT / name) != value}
    assert not changed, "the reference study would have to be run again: see docs/reference-study.md"


@pytest.mark.slow  # half a minute to two, by how many blocks are committed
def test_a_fresh_clone_redraws_everything_without_training(tmp_path, study):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    command = [sys.executable, "-m", "workflow.redraw", "workflow/config/reference.yaml"]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    folder = clone / "results" / "reference"
    made = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert {"scores.csv", "report/index.html"} | {
        f"tables/{file}" for name in TABLES for file in files_of(name)
    } <= made
    undrawn = set(re.findall(r"figures/(\w+) is not drawn", done.stdout))
    drawn = {name for name in study.figures if f"figures/{name}.png" in made}
    assert drawn and drawn | undrawn == set(study.figures)
    changed = subprocess.run(["git", "diff", "--name-only"], cwd=clone, capture_output=True, text=True, check=True)
    assert changed.stdout == "" and not list(folder.rglob("*.pt"))
