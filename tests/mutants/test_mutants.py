"""The table of changes that `./run test-mutants` tries still fits the code and the tests."""

from collections import Counter

from conftest import ROOT

from tests.mutants.changes import Mutant, read_mutants

MUTANTS = read_mutants()


def test_every_change_applies_to_the_code_as_it_stands():
    faults = {(m.file, m.slip): m.fault((ROOT / m.file).read_text()) for m in MUTANTS}
    assert {key: fault for key, fault in faults.items() if fault} == {}
    assert len(faults) == len(MUTANTS) >= 60  # each is told from the others by its words
    assert max(Counter(m[:2] + m[3:4] for m in MUTANTS).values()) == 1


def test_every_test_named_exists():
    for test in {m.test for m in MUTANTS}:
        file, name = test.rstrip("]").split("::")
        name, _, case = name.partition("[")
        assert f"\ndef {name}(" in (ROOT / file).read_text(), test
        assert not case or (ROOT / "tests" / "goldens" / f"{case}.npz").exists(), test  # the only cases named


def test_what_does_not_apply_is_told():
    text = '"""x = 1"""\nx = 1\ny = 2  # twice\n'
    change = Mutant("a.py", "slip", "y = 2", "y = 3", "tests/test_a.py::test_a")
    assert change.fault(text) is None and change.applied(text).splitlines()[2] == "y = 3  # twice"
    assert "occurs 2 times" in change._replace(old="x = 1").fault(text)
    assert "occurs 0 times" in change._replace(old="z").fault(text)
    assert "no Python" in change._replace(new="y = (").fault(text)
    assert "the same code" in change._replace(old="twice", new="once").fault(text)
    assert "the same code" in change._replace(old='"""x = 1"""', new='"""x"""').fault(text)
