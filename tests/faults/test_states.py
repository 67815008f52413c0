"""Files of a finished study that were damaged, taken away or swapped: made again or refused by name, never believed."""

import re
import shutil

import pytest
from studies import Copy

from faults import BASE, assert_goes_on, study

pytestmark = pytest.mark.slow
MARVEL, WARM, SCRATCH = (f"runs/{name}/Toy/seed0" for name in ("marvel", "warm_start", "from_scratch"))
OFFLINE, PREALIGNED = "offline/cpq/Toy/seed0", "prealigned/vpa/cpq/Toy/seed0"


@pytest.fixture
def base(copied, whole):
    """The folder of the finished study, in a copy of its own."""
    for name in ("results", ".snakemake"):
        shutil.copytree(whole.folder / name, copied.folder / name)
    return copied.folder / BASE


def again(base, run: str) -> None:
    """Take away what a run made, so that it runs again."""
    shutil.rmtree(base / run)


def test_what_is_missing_is_made_again(copied, base, undisturbed):
    (base / MARVEL / "run.json").unlink()
    (base / WARM / "progress.csv").unlink()
    again(base, SCRATCH)
    shutil.rmtree(base / OFFLINE / ".state")
    (base / OFFLINE / "checkpoint.pt").unlink()
    (base / "tables" / "final.md").unlink()
    shutil.rmtree(copied.folder / ".snakemake")
    assert_goes_on(copied, study(), undisturbed)


def test_damaged_and_swapped_checkpoints_are_refused_by_name(copied, base, undisturbed):
    one, other = base / OFFLINE / "checkpoint.pt", base / PREALIGNED / "checkpoint.pt"
    content = one.read_bytes()
    one.unlink()  # its second name in .state stays what it was
    one.write_bytes(other.read_bytes())
    for run in (MARVEL, WARM, PREALIGNED):
        again(base, run)
    result = copied.run(study())
    assert result.returncode == 1
    assert refused(result.stdout) == {str(BASE / OFFLINE)}
    one.write_bytes(content[:1000])
    result = copied.run(study())
    assert result.returncode == 1 and refused(result.stdout) == {str(BASE / OFFLINE)}
    shutil.rmtree(base / OFFLINE)  # as the sentence says
    assert_goes_on(copied, study(), undisturbed)


def refused(output: str) -> set[str]:
    """Folders of checkpoints that jobs refused."""
    words = (
        r"error: (\S+)/checkpoint\.pt is not the file that its run wrote: .*; delete its folder and run the stage again"
    )
    return set(re.findall(words, output))


def test_an_edited_result_is_no_result(copied: Copy, base, undisturbed):
    path = base / SCRATCH / "progress.csv"
    lines = path.read_text().splitlines()
    path.unlink()
    path.write_text("\n".join([*lines[:-1], lines[-1].replace("1", "2")]) + "\n")
    result = copied.run(study())
    assert re.search(
        r"from_scratch/Toy/seed0/progress\.csv (is not the file that its run wrote|has another)", result.stdout
    )
    assert result.returncode == 1, result.stdout
    path.unlink()
    assert_goes_on(copied, study(), undisturbed)
