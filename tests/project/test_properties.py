"""What holds whatever is given: of datasets, specs, configs, multipliers, scores and results of other programs."""

import json
import math

import numpy as np
import pytest
import torch
from files import save
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from malformed.results import COLUMNS, text
from studies import toy_config

from marvel import datasets
from marvel.errors import InputError
from marvel.hyperparameters import FIELDS, Hyperparameters, resolve
from marvel.multipliers import CONTROLLERS, controller
from marvel.run.progress import read_progress
from marvel.run.spec import KEYS, in_current_words, load_train, read_spec
from marvel.tasks import TASKS, normalize_cost, normalize_return
from workflow.study import Study

# the same examples every time; files are overwritten from one to the next
settings.register_profile(
    "here", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("here")

LIMIT = TASKS["Toy"].max_episode_steps


@pytest.fixture(autouse=True)
def subnormal_numbers():
    """Hypothesis insists on them, and runs that other tests made in this process flush them to 0."""
    flushed = math.ldexp(1.0, -1074) * 1.0 == 0
    torch.set_flush_denormal(False)
    yield
    torch.set_flush_denormal(flushed)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3),
    max_leaves=5,
)
SPEC = {"train": "baselines.from_scratch", "task": "Toy", "seed": 0, "cost_limit": 5}


def refused(error: pytest.ExceptionInfo | InputError) -> None:
    """Assert that an error is one sentence."""
    sentence = str(getattr(error, "value", error))
    assert sentence and "\n" not in sentence and sentence.endswith((".", "?"))


# --- datasets


@st.composite
def episodes(draw) -> dict[str, np.ndarray]:
    """Sound arrays of the toy task: some episodes of any length, the last of them ended by one flag or both."""
    lengths = draw(st.lists(st.integers(1, LIMIT), min_size=1, max_size=4))
    rng, total = np.random.default_rng(draw(st.integers(0, 99))), sum(lengths)
    last = np.cumsum(lengths) - 1
    terminals, timeouts = np.zeros((2, total), bool)
    ended = rng.integers(1, 4, len(lengths))  # 1 terminal, 2 timeout, 3 both
    ended[np.array(lengths) == LIMIT] |= 2
    ended[np.array(lengths) < LIMIT] = 1
    terminals[last], timeouts[last] = ended & 1 > 0, ended & 2 > 0
    return {
        "observations": rng.normal(size=(total, 4)).astype(np.float32),
        "next_observations": rng.normal(size=(total, 4)).astype(np.float32),
        "actions": rng.uniform(-1, 1, (total, 2)).astype(np.float32),
        "rewards": rng.normal(size=total).astype(np.float32),
        "costs": rng.integers(0, 2, total).astype(np.float32),
        "terminals": terminals,
        "timeouts": timeouts,
    }


@given(arrays=episodes())
def test_a_sound_dataset_is_read_as_it_was_written(arrays, tmp_path):
    datasets.write(tmp_path / "d.hdf5", arrays)
    again = datasets.read(tmp_path / "d.hdf5", "Toy")
    for key, data in arrays.items():
        np.testing.assert_array_equal(again[key], data)
    cut = datasets.episodes(again)
    assert cut.starts[0] == 0 and cut.stops[-1] == len(arrays["rewards"]) and (cut.stops[:-1] == cut.starts[1:]).all()
    assert cut.returns.sum() == pytest.approx(arrays["rewards"].sum(dtype=np.float64), abs=1e-3)


DTYPES = st.sampled_from(["f2", "f4", "f8", ">f4", "i1", "i8", "u2", "?", "c8"])
SHAPES = arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6)


@settings(max_examples=300)
@given(
    arrays=episodes(),
    key=st.sampled_from(["observations", "next_observations", "actions", "rewards", "costs", "terminals", "timeouts"]),
    other=arrays_of.arrays(DTYPES, SHAPES),
    numbers=st.lists(st.floats(width=32), min_size=1, max_size=3),
    whole=st.booleans(),
)
def test_any_other_array_is_refused_or_sound(arrays, key, other, numbers, whole, tmp_path):
    """An array of any type and shape in the place of one, or any numbers within one."""
    if whole:
        arrays[key] = other
    else:
        arrays[key] = arrays[key].astype("f4").copy()
        arrays[key].reshape(-1)[: len(numbers)] = numbers[: arrays[key].size]
    save(tmp_path / "d.hdf5", arrays)
    try:
        found = datasets.read(tmp_path / "d.hdf5", "Toy")
    except InputError as error:
        return refused(error)
    steps = len(found["rewards"])
    assert {name: data.shape for name, data in found.items()} == {
        "observations": (steps, 4),
        "next_observations": (steps, 4),
        "actions": (steps, 2),
    } | dict.fromkeys(("rewards", "costs", "terminals", "timeouts"), (steps,))
    assert all(np.isfinite(data).all() for data in found.values())
    assert (found["costs"] >= 0).all() and (np.abs(found["actions"]) <= 1).all()
    assert datasets.episodes(found).stops[-1] == steps


# --- specs and configs


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*KEYS, "record", "knobs"]) | st.text(max_size=8), VALUES, max_size=4))
def test_a_spec_is_refused_or_whole_and_read_again_the_same(changes):
    try:
        spec = read_spec(json.dumps(SPEC | changes))
        if not spec["train"]:  # refused where the module is loaded, before anything else
            load_train(spec["train"])
    except InputError as error:
        return refused(error)
    assert spec.keys() == KEYS.keys() and isinstance(spec["train"], str) and isinstance(spec["options"], dict)
    assert spec["seed"] >= 0 and (spec["stage"] == "dataset" or math.isfinite(spec["cost_limit"]))
    assert read_spec(json.dumps(spec)) == spec == in_current_words(spec)


@given(st.text(max_size=60) | st.text('{}[]",:019 \\\n', max_size=60).map("{".__add__))
def test_a_text_is_no_spec(given_text):
    with pytest.raises(InputError) as error:
        read_spec(given_text)
    assert "Traceback" not in str(error.value)


@settings(max_examples=300)
@given(st.sampled_from(sorted(FIELDS)), VALUES)
def test_a_hyperparameter_is_refused_or_of_its_type(name, value):
    try:
        found = getattr(
            resolve({name: value, "online_episodes": 5} if name != "online_episodes" else {name: value}), name
        )
    except InputError as error:
        return refused(error)
    default = FIELDS[name].default
    assert found is None or isinstance(found, int if default is None else type(default))
    assert not isinstance(found, float) or math.isfinite(found)


@settings(max_examples=200)
@given(data=st.data())
def test_a_config_is_refused_or_makes_specs_that_are_read(data, tmp_path):
    """Any value in the place of any part of a sound one."""
    config = toy_config(tmp_path / "d.hdf5")
    place, part = [], config
    while True:
        key = data.draw(st.sampled_from(sorted(part)) | st.text(max_size=6))
        if not isinstance(part.get(key), dict) or data.draw(st.booleans()):
            break
        place, part = [*place, key], part[key]
    changed = dict(part) | {key: data.draw(VALUES)}
    for outer in range(len(place), 0, -1):
        parent = config
        for step in place[: outer - 1]:
            parent = parent[step]
        changed = dict(parent) | {place[outer - 1]: changed}
    try:
        study = Study(changed)
    except InputError as error:
        return refused(error)
    for method in study.own_methods:
        assert read_spec(study.finetune_spec(method, study.tasks[0], study.seeds[0]))["method"] == method


# --- multipliers

COSTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=40)


@given(name=st.sampled_from(sorted(CONTROLLERS)), limit=st.floats(0, 1e4), costs=COSTS, maximum=st.floats(0.1, 1e6))
def test_a_multiplier_is_a_finite_number_in_its_bounds_and_a_snapshot_continues_it(name, limit, costs, maximum):
    choice = {"name": name} | ({} if name == "fixed" else {"maximum": maximum})
    one, other = (controller(choice, limit, Hyperparameters()) for _ in range(2))
    for cost in costs:
        value = one.update(cost)
        assert 0 <= value < math.inf and (name == "fixed" or value <= maximum)
        other.load_state_dict(json.loads(json.dumps(other.state_dict())))
        assert other.update(cost) == value == one.value


@given(
    name=st.sampled_from(["dual_ascent", "pid", "adaptive_pid"]), limit=st.floats(0.1, 1e3), above=st.floats(1.01, 50)
)
def test_a_multiplier_rises_while_costs_lie_above_the_limit(name, limit, above):
    one = controller(name, limit, Hyperparameters())
    values = [one.update(above * limit) for _ in range(10)]
    assert values == sorted(values) and values[-1] > values[0] >= 0


@settings(max_examples=300)
@given(
    VALUES
    | st.fixed_dictionaries({"name": st.sampled_from(sorted(CONTROLLERS))}, optional={"kp": VALUES, "value": VALUES})
)
def test_a_controller_is_refused_or_made(choice):
    try:
        one = controller(choice, 20.0, Hyperparameters())
    except InputError as error:
        return refused(error)
    assert 0 <= one.value < math.inf


# --- scores and results


@given(st.sampled_from(sorted(TASKS)), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_normalized_returns_keep_order_and_are_0_and_1_at_the_reference(name, one, other):
    task = TASKS[name]
    assert normalize_return(task, task.min_return) == 0 and normalize_return(task, task.max_return) == 1
    assert (normalize_return(task, one) <= normalize_return(task, other)) or one > other


@given(st.floats(0, 1e6), st.floats(0, 1e4))
def test_a_normalized_cost_is_at_most_1_where_the_limit_is_kept(cost, limit):
    score = normalize_cost(TASKS["Toy"], cost, limit)
    assert score >= 0
    if cost <= limit:
        assert score <= 1
    elif cost > limit + 1e-6 * (1 + limit):
        assert score > 1


EPISODE = st.tuples(st.integers(1, LIMIT), st.floats(-1e3, 1e3), st.integers(0, 30))


@st.composite
def results(draw) -> list[dict]:
    """Rows of progress.csv that follow from episodes: (steps, return, cost) each, one round after another."""
    rows = [dict.fromkeys(COLUMNS, "") | dict.fromkeys(("round", "episodes", "env_steps", "updates"), 0)]
    rows[0] |= {"train_violations": 0, "cumulative_cost": 0}
    for played in draw(st.lists(st.lists(EPISODE, min_size=1, max_size=5), max_size=5)):
        steps, returns, costs = map(np.array, zip(*played, strict=True))
        last = rows[-1]
        rows.append(
            dict.fromkeys(COLUMNS, "")
            | {
                "round": len(rows),
                "episodes": last["episodes"] + len(played),
                "env_steps": last["env_steps"] + int(steps.sum()),
                "updates": last["updates"] + draw(st.integers(0, 9)),
                "train_return": float(returns.mean()),
                "train_cost": float(costs.mean()),
                "train_violations": last["train_violations"] + int((costs > 5).sum()),
                "cumulative_cost": last["cumulative_cost"] + int(costs.sum()),
            }
        )
    return rows


@given(rows=results())
def test_what_follows_from_episodes_is_accepted(rows, tmp_path):
    (tmp_path / "progress.csv").write_text(text(rows))
    found = read_progress(tmp_path / "progress.csv", LIMIT, 5.0)
    assert found["env_steps"].tolist() == [row["env_steps"] for row in rows]
    assert found["train_cost"].tolist()[1:] == [row["train_cost"] for row in rows[1:]]


@settings(max_examples=300)
@given(rows=results(), column=st.sampled_from(COLUMNS), cell=st.floats().map(repr) | st.integers().map(str) | st.text())
def test_any_other_cell_is_refused_or_read_as_its_number(rows, column, cell, tmp_path):
    assume("," not in cell and rows[-1][column] != cell)
    rows[-1] |= {column: cell}
    try:
        (tmp_path / "progress.csv").write_text(text(rows), encoding="utf-8", newline="")
    except UnicodeEncodeError:  # half of a pair of surrogates
        return
    try:
        found = read_progress(tmp_path / "progress.csv", LIMIT, 5.0)
    except InputError as error:
        return refused(str(error).replace("\n", " ") if "readable" in str(error) else error)
    value = found[column].iloc[-1]
    assert math.isnan(value) if cell == "" else value == float(cell)
