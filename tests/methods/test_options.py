"""Options read from a method's source, and the range of values that follows from annotation, default and name."""

import json

import pytest

from marvel.errors import InputError
from marvel.options import ROOT, arguments_of, constant_of, options_of, read_options
from marvel.run.__main__ import main
from marvel.run.spec import KEYS
from marvel.values import REQUIRED, check, describe

HEAD = "def train(context, hp, *, "


def option(tmp_path, source: str):
    """The option `k` (or whatever is declared) of a method whose keyword-only arguments are `source`."""
    path = tmp_path / "m.py"
    path.write_text(f"from typing import Annotated\n{HEAD}{source}):\n    yield\n", encoding="utf-8")
    read_options.cache_clear()
    (found,) = read_options(path).values()
    return found


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("k: int = 5", "a whole number >= 1"),
        ("k: int = 0", "a whole number >= 0"),
        ("k: int = -1", "a whole number"),
        ("k=5", "a whole number >= 1"),
        ("k: float = 0.5", "a finite number >= 0"),
        ("k: float = -0.5", "a finite number"),
        ("my_lr: float = 0.5", "a finite number > 0"),
        ("tau: float | None = None", "a finite number > 0 and <= 1 or null"),
        ("k: Optional[int] = None", "a whole number >= 1 or null"),
        ("k: bool = False", "true or false"),
        ("k=False", "true or false"),
        ("k: str = 'a'", "text"),
        ("k: Literal['a', 'b'] = 'a'", "one of a, b"),
        ("k: tuple[float, float] = (0.0, 1.0)", "a list of 2 values, each a finite number >= 0"),
        ("k: tuple[int, ...] = (5,)", "a list of each a whole number >= 1"),
        ("k: list[float] | None = None", "a list of each a finite number >= 0 or null"),
        ("k: Annotated[int, '>= 0'] = 5", "a whole number >= 0"),
        ("k: Annotated[float, '> -1 and < 1'] | None = None", "a finite number > -1 and < 1 or null"),
        ("k: Annotated[float, ''] = 1.0", "a finite number"),
        ("k: 'float' = 1.0", "a finite number >= 0"),
        ("k: dict = None", "a mapping"),
        ("k: np.ndarray = None", "finite"),
        ("k=None", "finite"),
    ],
)
def test_the_range_follows_from_annotation_default_and_name(tmp_path, source, words):
    found = option(tmp_path, source)
    assert describe(found.annotation, found) == words


@pytest.mark.parametrize(
    ("source", "value", "taken"),
    [
        ("k: int = 5", "1e5", 100_000),
        ("k: int = 5", 7.0, 7),
        ("k: int = 5", "9007199254740993", 9007199254740993),
        ("k: float = 5.0", 7, 7.0),
        ("k: float = 5.0", "7", 7.0),
        ("k: float | None = 5.0", None, None),
        ("k: tuple[float, float] = (0.0, 1.0)", [1, "2"], [1.0, 2.0]),
        ("k: str | dict = 'a'", {"b": 1}, {"b": 1}),
        ("k=None", [1, "a"], [1, "a"]),
    ],
)
def test_a_value_is_taken_in_the_option_s_type(tmp_path, source, value, taken):
    found = check(option(tmp_path, source), value, "x")
    assert found == taken and type(found) is type(taken)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        *[("k: int = 5", value) for value in (0, -1, 1.5, True, None, "a", "", "0x10", "1_0", [1], float("nan"))],
        *[("k: float = 5.0", value) for value in (-1, True, "inf", "-.inf", ".nan", float("inf"), {"a": 1})],
        *[("k: bool = True", value) for value in ("no", "true", 0, 1, None)],
        *[("k: tuple[float, float] = (0.0, 1.0)", value) for value in ([1], [1, 2, 3], 1, "12", [1, None])],
        *[("k: Literal['a', 'b'] = 'a'", value) for value in ("c", 1, ["a"])],
        *[("k: str = 'a'", value) for value in (1, None, True)],
        ("k=None", float("nan")),
    ],
)
def test_other_values_are_refused(tmp_path, source, value):
    with pytest.raises(InputError, match=r"^x: k is .*; it must be .*\.$"):
        check(option(tmp_path, source), value, "x")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def train(context, hp:\n    yield\n", "m.py line 1 is no valid Python ('(' was never closed)."),
        ("x = 1\0\n", "m.py is no valid Python"),
        (b"# caf\xe9\n", "m.py is no valid Python"),
        ("X = 3\n" + HEAD + "k=X):\n    yield\n", "line 2: the option k has the default X; write the value itself"),
        (HEAD + "k: float = 10**5):\n    yield\n", "line 1: the option k has the default 10 ** 5; write the value"),
        (HEAD + "k: Annotated[int, '>0'] = 1):\n    yield\n", "the option k has the range '>0'; write comparisons"),
        ("class train:\n    pass\n", "m.py has no function train(context, hp, *, ...)."),
        ("def train(context):\n    yield\n", "m.py has no function train(context, hp, *, ...)."),
        ("def train(context, hp, k=1):\n    yield\n", "m.py has no function train(context, hp, *, ...)."),
        ("", "m.py has no function train(context, hp, *, ...)."),
    ],
)
def test_a_faulty_source_is_named(tmp_path, source, sentence):
    (tmp_path / "m.py").write_bytes(source if isinstance(source, bytes) else source.encode())
    read_options.cache_clear()
    with pytest.raises(InputError) as error:
        read_options(tmp_path / "m.py")
    assert sentence in str(error.value) and str(tmp_path) in str(error.value) and "\n" not in str(error.value)


def test_every_default_of_this_project_is_in_its_range():
    read = 0
    for folder in ("marvel", "marvel/datasets", "baselines"):
        for path in sorted((ROOT / folder).glob("*.py")):
            if "\ndef train(" in path.read_text(encoding="utf-8"):
                for found in options_of(".".join(path.relative_to(ROOT).with_suffix("").parts)).values():
                    check(found, found.default, path.name)
                    read += 1
    assert read > 50


def test_an_option_without_a_default_must_be_given(tmp_path):
    assert option(tmp_path, "k: int").default is REQUIRED


def test_arguments_of_a_class_include_its_parent_s_only_where_they_are_handed_on():
    class Parent:
        def __init__(self, limit: float, a: int = 1):
            pass

    class Open(Parent):
        def __init__(self, limit: float, b: float = 2.0, **others):
            pass

    class Closed(Parent):
        def __init__(self, limit: float, b: float = 2.0):
            pass

    assert list(arguments_of(Open)) == ["a", "b"] and list(arguments_of(Closed)) == ["b"]


def test_modules_state_facts_as_constants():
    assert constant_of("marvel.cpq", "HANDS_CRITICS_OVER", False) is True
    assert constant_of("marvel.bear", "HANDS_CRITICS_OVER", False) is False


SPEC = {"train": "baselines.from_scratch", "task": "Toy", "seed": 0, "cost_limit": 5}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ({"cost_limit": float("nan")}, "the spec: cost_limit is nan; it must be a finite number >= 0 or null."),
        ({"cost_limit": float("inf")}, "cost_limit is inf"),
        ({"cost_limit": -5}, "cost_limit is -5"),
        ({"cost_limit": None}, "the key 'cost_limit' is missing"),
        ({"cost_limit": "5 "}, "cost_limit is '5 '"),
        ({"seed": -1}, "the spec: seed is -1; it must be a whole number >= 0."),
        ({"seed": True}, "seed is true"),
        ({"seed": 0.5}, "seed is 0.5"),
        ({"task": 5}, "task is 5; it must be text"),
        ({"train": None}, "train is null; it must be text"),
        ({"start": 5}, "start is 5; it must be text or null"),
        ({"dataset": ["a"]}, "dataset is ['a']"),
        ({"stage": "online"}, "stage is 'online'; it must be one of dataset, pretrain, prealign, finetune."),
        ({"hyperparameters": [1]}, "hyperparameters is [1]; it must be a mapping"),
        ({"options": None}, "options is null; it must be a mapping"),
        ({"options": {"update_ratio": "much"}}, "update_ratio is 'much'; it must be a finite number > 0 or null."),
        ({"options": {"controller": {"name": "pid", "delay": 0}}}, "controller pid: delay is 0"),
        ({"hyperparameters": {"discount": 1.5}}, "discount is 1.5"),
        ('{"seed": 0, "seed": 1}', "the spec: given twice: seed; keep one of each."),
        ('{"options": {"a": 0, "a": 1}}', "the spec: given twice: a; keep one of each."),
        ("{", "the spec is no JSON"),
    ],
)
def test_a_faulty_spec_is_one_sentence(text, sentence, tmp_path, capfd):
    text = text if isinstance(text, str) else json.dumps(SPEC | text)
    assert main([text, "--out", str(tmp_path / "out")]) == 1
    error = capfd.readouterr().err
    assert sentence in error and error.startswith("error: ") and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_keys_of_a_spec_check_their_own_defaults():
    for key in KEYS.values():
        if key.default is not REQUIRED:
            check(key, key.default, "spec")
