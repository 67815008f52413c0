"""Malformed inputs of every kind: each is refused in one sentence, none with a traceback, none accepted in silence."""

import shutil

import pytest

from malformed import World, checkpoints, configs, datasets, results, specs
from marvel.errors import InputError

KINDS = (specs, checkpoints, datasets, results, configs)
CASES = [(kind, given, words) for kind in KINDS for given, words in kind.CASES]
NAMES = [f"{kind.__name__.split('.')[-1]} {number}" for kind in KINDS for number in range(len(kind.CASES))]


@pytest.fixture
def world(toy_dataset, toy_offline, toy_prealigned, tmp_path) -> World:
    """Good files of the toy task."""
    return World(tmp_path, toy_dataset, toy_offline, toy_prealigned)


@pytest.mark.parametrize(("kind", "given", "words"), CASES, ids=NAMES)
def test_it_is_refused_in_one_sentence(kind, given, words, world, capfd):
    capfd.readouterr()
    with pytest.raises(InputError) as error:
        kind.give(given, world, capfd)
    sentence = str(error.value)
    assert words in sentence
    assert "\n" not in sentence and sentence.endswith((".", "?")) and "Traceback" not in sentence


def test_there_are_enough_of_each_kind():
    assert len(CASES) >= 150 and min(len(kind.CASES) for kind in KINDS) >= 30


def test_the_good_files_are_accepted(world, capfd):
    """So that no case is refused for another reason than its fault."""
    specs.main([specs.GOOD, "--out", str(world.folder / "good")])
    assert (world.folder / "good" / "run.json").exists()
    for checkpoint in (world.offline, world.prealigned):
        checkpoints.give(checkpoint.read_bytes(), world, capfd)
    datasets.give(world.dataset.read_bytes(), world, capfd)
    datasets.give(lambda file: None, world, capfd)
    results.give(results.GOOD, world, capfd)
    shutil.rmtree(world.folder / "m")
    results.give({'{"cost_limit": 5, "seed": 0, "record": {"status": "finished"}}'}, world, capfd)
    configs.give(("config", {}), world, capfd)
    configs.give(("command line", {"seeds": ["3"], "cost_limit": 1e1}), world, capfd)
    configs.give(("file", configs.YAML), world, capfd)
    configs.give(("table", "\n".join(configs.TASKS)), world, capfd)
    configs.give(("table", f"{configs.HEADER}\nBallRun\t1e-3\tx\n"), world, capfd)
