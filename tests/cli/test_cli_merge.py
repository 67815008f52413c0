"""`marvel merge`: what is copied, and every conflict that stops it."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import make_spec

from marvel.cli import main
from marvel.run.execute import execute

OFFLINE = "offline/cpq/Toy/seed0"
RUNS = [f"runs/warm_start/Toy/seed{seed}" for seed in range(3)]


def play(study: Path, run: str) -> None:
    """Run warm_start of a seed in a study, under the paths that Snakemake would give."""
    start = str(study / OFFLINE / "checkpoint.pt")
    execute(make_spec("baselines.warm_start", start=start, seed=int(run[-1])), study / run)


@pytest.fixture(scope="module")
def made(toy_dataset, tmp_path_factory) -> Path:
    """Two halves, here/toy and there/toy: one offline model, seeds 0 and 1 here, 1 and 2 there."""
    folder = tmp_path_factory.mktemp("halves")
    here, there = folder / "here" / "toy", folder / "there" / "toy"
    spec = make_spec("marvel.cpq", dataset=str(toy_dataset), options={"steps": 4})
    execute(spec, here / OFFLINE)
    for run in RUNS:
        play(here, run)
    shutil.copytree(here, there)
    shutil.rmtree(here / RUNS[2])
    shutil.rmtree(there / RUNS[0])
    return folder


@pytest.fixture
def halves(made, tmp_path) -> tuple[Path, Path]:
    """Copies of both."""
    shutil.copytree(made, tmp_path / "halves")
    return tmp_path / "halves" / "there" / "toy", tmp_path / "halves" / "here" / "toy"


def merged(capsys, *words) -> tuple[int, dict]:
    """Exit code and JSON."""
    code = main(["merge", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def contents(study: Path) -> dict[str, bytes]:
    """Every file of a study."""
    return {path.relative_to(study).as_posix(): path.read_bytes() for path in study.rglob("*") if path.is_file()}


def edit(path: Path, **changes) -> None:
    """Change the record in a run.json."""
    spec = json.loads(path.read_text())
    spec["record"] |= changes
    path.write_text(json.dumps(spec))


def test_what_is_missing_is_copied_and_nothing_else_changes(halves, capsys):
    there, here = halves
    before = contents(here)
    code, found = merged(capsys, there, here, "--dry-run")
    assert code == 0 and found["copied"] == [RUNS[2]] and contents(here) == before
    code, found = merged(capsys, there, here)
    after = contents(here)
    assert code == 0 and found["copied"] == [RUNS[2]] and sorted(found["equal"]) == [OFFLINE, RUNS[1]]
    assert {name: after[name] for name in before} == before
    new = {name for name in after if name not in before}
    assert {f"{RUNS[2]}/{name}" for name in ("progress.csv", "episodes.csv", "actor.pt", "run.json")} <= new
    assert all(after[name] == contents(there)[name] for name in new)
    assert main(["merge", str(there), str(here)]) == 0
    assert "0 of 0 new jobs copied, 3 are in both and equal" in capsys.readouterr().out


def test_runs_that_differ_are_named_with_what_they_were_made_by(halves, capsys):
    there, here = halves
    rows = (there / RUNS[1] / "progress.csv").read_text().replace("30", "31")
    (there / RUNS[1] / "progress.csv").write_text(rows)
    before = contents(here)
    code, found = merged(capsys, there, here)
    assert code == 1 and any("is not the file that its run wrote" in each for each in found["conflicts"])
    from marvel.files import file_hash

    outputs = json.loads((there / RUNS[1] / "run.json").read_text())["record"]["outputs"]
    outputs["progress.csv"] = file_hash(there / RUNS[1] / "progress.csv")
    edit(there / RUNS[1] / "run.json", outputs=outputs, cpu="Pentium")
    code, found = merged(capsys, there, here)
    (conflict,) = found["conflicts"]
    assert code == 1 and conflict.startswith(f"{RUNS[1]} is in both and differs: progress.csv (cpu Pentium and ")
    assert contents(here) == before


def test_a_run_from_another_start_does_not_belong(halves, capsys):
    there, here = halves
    (name,) = json.loads((there / RUNS[2] / "run.json").read_text())["record"]["inputs"]
    edit(there / RUNS[2] / "run.json", inputs={name: "0" * 64})
    before = contents(here)
    code, found = merged(capsys, there, here)
    (conflict,) = found["conflicts"]
    assert code == 1 and conflict.startswith(f"{RUNS[2]} read another {OFFLINE}/checkpoint.pt (000000000000...)")
    assert contents(here) == before
    assert main(["merge", str(there), str(here)]) == 1
    out, err = capsys.readouterr()
    assert err.startswith("conflict: ") and "0 of 1 new jobs would be copied" in out


def test_what_was_begun_is_kept_and_other_machines_are_told(halves, capsys):
    there, here = halves
    edit(there / RUNS[2] / "run.json", cpu="Pentium")
    code, found = merged(capsys, there, here, "--dry-run")
    assert code == 0 and any("the halves have another cpu: Pentium" in note for note in found["notes"])
    (here / RUNS[2] / ".state").mkdir(parents=True)
    (here / RUNS[2] / ".state" / "snapshot.pt").write_bytes(b"half a run")
    code, found = merged(capsys, there, here)
    (conflict,) = found["conflicts"]
    assert code == 1 and "was begun in" in conflict
    assert (here / RUNS[2] / ".state" / "snapshot.pt").read_bytes() == b"half a run"


def test_folders_that_are_no_studies_are_refused(halves, tmp_path, capsys):
    _, here = halves
    assert main(["merge", str(tmp_path / "nothing"), str(here)]) == 1
    assert "is no study's folder" in capsys.readouterr().err
    assert main(["merge", str(here), str(here)]) == 1 and "are one folder" in capsys.readouterr().err
