"""Slow (`./run test -m slow tests/run/test_flipped_bytes.py`): checkpoints, records, results with a few bytes changed.

What lies beside its run's record is always noticed. A file alone is refused in one sentence or read as sound numbers:
torch checks no sum of its own, so a changed weight is one. HDF5 files: tests/datasets/test_foreign_files.py.
"""

import random

import pytest
from toys import make_context, small

from marvel.errors import InputError
from marvel.finetune import load_agent
from marvel.run.finite import first_not_finite_tensor
from marvel.run.progress import read_progress
from marvel.run.start import input_hash
from workflow.runs.run_json import check_output, read_run_json

pytestmark = pytest.mark.slow
TRIES = 2000


def flipped(good: bytes, generator: random.Random, headers: int) -> bytes:
    """Bytes of which 1 to 8 are others, most of them among the first and last `headers`."""
    content = bytearray(good)
    for _ in range(generator.choice([1, 1, 2, 8])):
        place = generator.randrange(-headers, headers) if generator.random() < 0.7 else generator.randrange(len(good))
        content[place] ^= generator.randrange(1, 256)
    return bytes(content)


def one_sentence(error: Exception) -> None:
    """Assert that it is one."""
    assert "\n" not in str(error) and str(error).endswith((".", "?"))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["toy_offline", "toy_prealigned"])
def test_a_checkpoint_is_refused_or_loads_as_finite_numbers(name, seed, request, tmp_path):
    good = request.getfixturevalue(name)
    path, context = tmp_path / "checkpoint.pt", make_context(start=tmp_path / "checkpoint.pt")
    generator, counts = random.Random(seed), {"refused": 0, "loaded": 0}
    for _ in range(TRIES):
        path.write_bytes(flipped(good.read_bytes(), generator, 3000))
        try:
            agent = load_agent(context, small())
        except InputError as error:
            one_sentence(error)
            counts["refused"] += 1
        else:
            assert first_not_finite_tensor(agent.state_dict()) is None
            counts["loaded"] += 1
    assert counts["refused"] > 0.3 * TRIES and counts["loaded"] > 0.05 * TRIES
    (tmp_path / "run.json").write_bytes(good.with_name("run.json").read_bytes())
    for _ in range(100):
        path.write_bytes(flipped(good.read_bytes(), generator, 3000))
        with pytest.raises(InputError, match="is not the file that its run wrote"):
            input_hash(path)


def test_a_result_is_refused_beside_its_record_and_a_record_is_refused_or_read(toy_offline, tmp_path):
    good = {name: toy_offline.with_name(name).read_bytes() for name in ("run.json", "progress.csv")}
    generator, read = random.Random(0), 0
    for _ in range(TRIES):
        (tmp_path / "run.json").write_bytes(good["run.json"])
        (tmp_path / "progress.csv").write_bytes(flipped(good["progress.csv"], generator, 100))
        spec = read_run_json(tmp_path / "run.json")
        with pytest.raises(InputError, match="is not the file that its run wrote"):
            check_output(tmp_path, spec, "progress.csv")
        (tmp_path / "run.json").write_bytes(flipped(good["run.json"], generator, 500))
        for file, reader in (("run.json", read_run_json), ("progress.csv", read_progress)):
            try:
                reader(tmp_path / file)
                read += 1
            except InputError as error:
                one_sentence(error)
    assert 0 < read < TRIES
