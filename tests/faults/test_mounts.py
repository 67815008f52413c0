"""A study whose results lie on a disk that is full, or that may only be read; its own mounts, in a namespace."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from studies import Copy, environment, products

from faults import BASE, assert_goes_on, assert_same, study, temporary_files

pytestmark = pytest.mark.slow
WARM = "runs/warm_start/Toy/seed0"
SIZES = ("64k", "512k", "1m", "2m", "4m", "64m")  # of the disk, one after the other
FULL = """
mount -t tmpfs -o size=4k tmpfs results
for size in {sizes}; do
    mount -o remount,size=$size results
    "$@" > output.$size 2>&1; echo $? > status.$size
done
cp -a results kept
"""
READ_ONLY = """
mount --bind results results
mount -o remount,bind,ro results
exec "$@"
"""


def mounted(script: str, copied: Copy, namespace: list[str]) -> subprocess.CompletedProcess:
    """Run a script with mounts of its own in the copy's folder; its arguments are Snakemake on the study."""
    words = [*namespace, "bash", "-euc" if script == READ_ONLY else "-uc", script, "bash", *copied.command(study())]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.run(words, cwd=copied.folder, env=environment(), timeout=600, **pipes)


def test_a_study_on_a_disk_that_grows_ends_with_the_same_bytes(copied, undisturbed, namespace):
    (copied.folder / "results").mkdir()
    mounted(FULL.format(sizes=" ".join(SIZES)), copied, namespace)
    statuses = [int((copied.folder / f"status.{size}").read_text()) for size in SIZES]
    outputs = [(copied.folder / f"output.{size}").read_text() for size in SIZES]
    assert statuses[0] == 1 and statuses[-1] == 0, outputs[-1]
    assert {*statuses} == {0, 1}
    silent = [text for text, status in zip(outputs, statuses, strict=True) if status and "No space left" not in text]
    assert silent == []
    (copied.folder / "results").rmdir()
    (copied.folder / "kept").rename(copied.folder / "results")
    assert_same(products(copied.folder), undisturbed)
    assert temporary_files(copied.folder) == []


@pytest.mark.parametrize(
    ("removed", "sentence"),
    [
        ("tables/final.md", r"Write-protected output files .*\n.*results/toy/"),  # Snakemake's own
        (WARM, r"^error: results/toy cannot be written \(Read-only file system\); .*\.$"),
    ],
)
def test_results_that_may_only_be_read_are_named_and_stay_as_they_are(
    removed, sentence, copied, whole, undisturbed, namespace
):
    for name in ("results", ".snakemake"):
        shutil.copytree(whole.folder / name, copied.folder / name)
    reports = () if removed != WARM else ("tables", "figures", "report")  # else Snakemake names these
    for path in (BASE / name for name in (removed, *reports)):
        remove(copied.folder / path)
    (copied.folder / BASE / "scores.csv").unlink()
    before = written(copied.folder / "results")
    result = mounted(READ_ONLY, copied, namespace)
    assert result.returncode == 1
    assert re.search(sentence, result.stdout, re.MULTILINE), result.stdout
    assert "Traceback" not in result.stdout
    assert written(copied.folder / "results") == before
    assert_goes_on(copied, study(), undisturbed)


def written(folder: Path) -> dict[Path, int]:
    """{path below a folder: when it was written}."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def remove(path: Path) -> None:
    """Take away a file or folder."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()
