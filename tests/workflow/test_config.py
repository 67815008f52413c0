"""Configs: every fault one sentence, every config of the project valid."""

import datetime
import json
import re

import pytest
import yaml
from conftest import ROOT
from studies import toy_config

from marvel.errors import InputError
from workflow.study import Study
from workflow.validation import check_file, from_command_line

NAN, INF = float("nan"), float("inf")
BAD_NAMES = ("cpq;touch PWNED;x", "../../evil", "a b", "a+b", "a/b", "a.b", "{x}", "1", "_a", "", "a\n", "é")
HYPERPARAMETERS = [
    ("online_episodes", -5, "online_episodes is -5; it must be a whole number >= 1."),
    ("eval_every", 0, "eval_every is 0; it must be a whole number >= 1."),
    ("eval_episodes", 0, "eval_episodes is 0; it must be a whole number >= 1."),
    ("updates_per_round", -1, "updates_per_round is -1; it must be a whole number >= 0."),
    ("batch_size", 6.5, "batch_size is 6.5; it must be a whole number >= 1."),
    ("discount", 1.5, "discount is 1.5; it must be a finite number >= 0 and < 1."),
    ("tau", 2, "tau is 2; it must be a finite number > 0 and <= 1."),
    ("critic_lr", NAN, "critic_lr is nan; it must be a finite number > 0."),
    ("actor_lr", "fast", "actor_lr is 'fast'; it must be a finite number > 0."),
    ("temperature", INF, "temperature is inf; it must be a finite number >= 0."),
    ("reward_scale", 0, "reward_scale is 0; it must be a finite number > 0."),
    ("cost_critic_layers", 0, "cost_critic_layers is 0; it must be a whole number >= 1 or null."),
    ("log_prob", True, "log_prob is true; it must be one of true, official."),
    ("round_unit", "step", "round_unit is 'step'; it must be one of steps, episodes."),
    ("layer_norm", "no", "layer_norm is 'no'; it must be true or false."),
]
SCRATCH = {"train": "baselines.from_scratch", "start": "scratch"}
CONFIGS = sorted((ROOT / "workflow" / "config").glob("*.yaml"))


def method(**keys) -> dict:
    """A change of the toy config: one method from scratch with these keys."""
    return {"methods": {"x": SCRATCH | keys}}


def cpq(**options) -> dict:
    """A change of the toy config: CPQ with these options."""
    return {"offline": {"cpq": {"train": "marvel.cpq", **options}}}


WHOLE = "it must be a whole number >= 1."
FINITE = "it must be a finite number >= 0"
NAME = "is no name; a name has letters, digits and _, a letter first, at most 100."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seds": [0]}, "config: 'seds' is no key here; did you mean seeds"),
        ({"tasks": ["CarRum"]}, "tasks: there is no task 'CarRum'; did you mean CarRun"),
        ({"tasks": "Toy"}, "config: tasks is 'Toy'; it must be a list."),
        ({"methods": None}, "config: methods is null; it must be a mapping."),
        ({"methods": {"x": {"train": "baselines.warmstart", "start": "scratch"}}}, "did you mean baselines.warm_start"),
        ({"methods": {"x": {"train": "baselines/warm_start", "start": "scratch"}}}, "is no module of this project"),
        ({"methods": {"x": {"train": "../../evil", "start": "scratch"}}}, "is no module of this project"),
        ({"methods": {"x": {"start": "scratch"}}}, "config: methods: x: a method needs either `train` and `start`"),
        ({"methods": {"x": {"rule": "baselines/none.smk"}}}, "the rule file baselines/none.smk does not exist"),
        ({"methods": {"x": {"rule": "baselines"}}}, "the rule file baselines does not exist"),
        (
            {"methods": {"x": {"rule": "baselines/random_actions.smk", "start": "scratch"}}},
            "methods: x: 'start' means nothing beside `rule`",
        ),
        (
            {"methods": {"x": {"train": "baselines.warm_start", "start": "offline", "offline": "cqp"}}, **cpq()},
            "methods: x: start offline needs the key 'offline', which is 'cqp'; did you mean cpq",
        ),
        (method(offline="cpq"), "methods: x: start scratch reads no 'offline'; leave it out."),
        (
            method(contoller="pid"),
            "x: 'contoller' is neither an option of baselines.from_scratch nor a hyperparameter; did you "
            "mean controller",
        ),
        (
            {"methods": {"x": {"train": "marvel.method", "start": "prealined"}}},
            "config: methods: x: start: 'prealined' is not one of scratch, offline, prealigned.",
        ),
        ({"offline_seed": "shared"}, "config: offline_seed is 'shared'; it must be 'paired' or a whole number >= 0."),
        ({"dataset": {"source": "dslr"}}, "config: dataset: source: 'dslr' is not one of dsrl, collect."),
        ({"dataset": {"source": "dsrl", "files": {"Toi": "x"}}}, "dataset: files: there is no task 'Toi'"),
        # names
        ({"methods": {True: SCRATCH}}, "config: methods: the key True is no text"),
        ({"methods": {1: SCRATCH}}, "names are text: quote it."),
        ({"figures": {False: {"kind": "aggregate"}}}, "names are text: quote it."),
        ({"study": 2024}, "config: study: 2024 is no text; names are text: quote it."),
        ({"study": "../x"}, "config: study: '../x' is no name; a name has letters, digits, _ and -"),
        ({"study": "x\n"}, "is no name"),
        ({"study": "x" * 101}, "at most 100."),
        ({"study": datetime.date(2025, 1, 1)}, "config: study is 2025-01-01, a date to YAML; text must be quoted."),
        ({"offline": {"cpq": {"steps": 5}}}, "config: offline: cpq: the key 'train' is missing."),
        *(({"offline": {name: {"train": "marvel.cpq"}}}, f"config: offline: {name!r} {NAME}") for name in BAD_NAMES),
        *(({"prealign": {name: {"calls": 5}}}, f"config: prealign: {name!r} {NAME}") for name in BAD_NAMES),
        *(({"methods": {name: SCRATCH}}, f"config: methods: {name!r} {NAME}") for name in BAD_NAMES),
        ({"figures": {"a/b": {"kind": "aggregate"}}}, f"config: figures: 'a/b' {NAME}"),
        ({"figures": {"a": {"kind": "limits", "studies": ["../x"]}}}, "config: figures: a: studies: 0: '../x' is no"),
        ({"prealign": {"vpa": {"start": "offline"}}}, "'start' is neither an option of marvel.prealign"),
        # numbers of the study
        ({"seeds": []}, "config: seeds: [] "),
        ({"seeds": [1.0]}, "config: seeds: 0 is 1.0; it must be a whole number >= 0."),
        ({"seeds": [True]}, "config: seeds: 0 is true; it must be a whole number >= 0."),
        ({"seeds": ["3"]}, "config: seeds: 0 is '3'; it must be a whole number >= 0."),
        ({"seeds": [0, 0]}, "config: seeds: [0, 0] has non-unique elements"),
        *(({"cost_limit": value}, f"config: cost_limit is {value}; {FINITE}.") for value in (-1, NAN, INF, -INF)),
        (method(cost_limit=NAN), f"config: methods: x: cost_limit is nan; {FINITE}."),
        (method(cost_limit="5"), f"config: methods: x: cost_limit is '5'; {FINITE}."),
        ({"figures": {"window": 0}}, f"config: figures: window is 0; {WHOLE}"),
        (
            {"dataset": {"source": "dsrl", "filters": {"noise": NAN}}},
            f"config: dataset: filters: noise is nan; {FINITE}",
        ),
        # hyperparameters, of the study and of an entry
        *(
            (change, f"{where}: {sentence}")
            for name, value, sentence in HYPERPARAMETERS
            for change, where in (
                ({"hyperparameters": {name: value}}, "hyperparameters"),
                (method(**{name: value}), "x"),
            )
        ),
        ({"hyperparameters": {"online_episodes": 7}}, "online_episodes 7 is not a multiple of episodes_per_round 5"),
        (
            {"tasks": ["BallRun"], **method(episodes_per_round=7, online_episodes=7 * 6 + 1)},
            "x: online_episodes 43 is not",
        ),
        ({"tasks": ["BallRun"], **method(episodes_per_round=4)}, None),
        # options
        (cpq(stesp=5), "did you mean steps"),
        *((cpq(steps=value), f"cpq: steps is {value!r}; {WHOLE}") for value in (-40, 0, 40.5, "many", [1, 2])),
        (cpq(steps=True), f"cpq: steps is true; {WHOLE}"),
        (cpq(steps=None), f"cpq: steps is null; {WHOLE}"),
        (cpq(steps=INF), f"cpq: steps is inf; {WHOLE}"),
        (cpq(steps=10**400), "cpq: steps is 1000000"),
        (cpq(batch_size=0), f"cpq: batch_size is 0; {WHOLE}"),
        (cpq(eval_every=0), f"cpq: eval_every is 0; {WHOLE}"),
        (cpq(critic_lr=0), "cpq: critic_lr is 0; it must be a finite number > 0."),
        (cpq(critic_lr=NAN), "cpq: critic_lr is nan; it must be a finite number > 0."),
        (cpq(cost_limit=-1), f"cpq: cost_limit is -1; {FINITE} or null."),
        (cpq(outliers=1.5), "cpq: outliers is 1.5; it must be a finite number >= 0 and <= 1 or null."),
        ({"prealign": {"vpa": {"calls": -3}}}, f"vpa: calls is -3; {WHOLE}"),
        ({"prealign": {"vpa": {"calls": NAN}}}, f"vpa: calls is nan; {WHOLE}"),
        ({"prealign": {"vpa": {"fresh_critics": "no"}}}, "vpa: fresh_critics is 'no'; it must be true or false."),
        ({"prealign": {"vpa": {"fresh_critics": 1}}}, "vpa: fresh_critics is 1; it must be true or false."),
        ({"prealign": {"vpa": {"reward_bonus": "lots"}}}, f"vpa: reward_bonus is 'lots'; {FINITE} or null."),
        (method(update_ratio=0), "x: update_ratio is 0; it must be a finite number > 0 or null."),
        (method(train="baselines.rlpd_lag", dataset=True, offline_share=2), ">= 0 and <= 1."),
        (method(official="yes"), "config: methods: x: official is 'yes'; it must be true or false."),
        (method(controller="pdi"), "x: controller 'pdi' does not exist; did you mean pid"),
        (method(controller=None), "x: controller is null; it must be text or a mapping."),
        (method(controller={"name": "pid", "delay": 0}), f"x: controller pid: delay is 0; {WHOLE}"),
        ({"dataset": {"source": "collect", "collect": {"steps": 0}}}, f"dataset: collect: steps is 0; {WHOLE}"),
        (
            {"dataset": {"source": "collect", "collect": {"multipliers": [1]}}},
            "dataset: collect: multipliers is [1]; it must be a list of 2 values, each a finite number > 0 and rising.",
        ),
        (
            {"dataset": {"source": "collect", "collect_per_task": {"Toy": {"lr": "fast"}}}},
            "dataset: collect_per_task: Toy: lr is 'fast'; it must be a finite number > 0.",
        ),
    ],
)
def test_bad_configs_fail_with_one_sentence(change, sentence, toy_dataset):
    if sentence is None:
        Study(toy_config(toy_dataset, **change))
        return
    with pytest.raises(InputError, match=re.escape(sentence)) as error:
        Study(toy_config(toy_dataset, **change))
    assert "\n" not in str(error.value)


def test_numbers_are_taken_as_they_are_meant(toy_dataset):
    config = toy_config(toy_dataset, **cpq(steps="1e2", batch_size=16.0, critic_lr="1e-3", cost_limit=40))
    config["methods"] |= {"NA": SCRATCH | {"update_ratio": None, "cost_limit": 0, "critic_lr": 1}, "x": SCRATCH}
    study = Study(config)
    options = json.loads(study.pretrain_spec("cpq", "Toy", 0))["options"]
    assert options == {"steps": 100, "batch_size": 16, "critic_lr": 1e-3, "cost_limit": 40.0}
    assert all(type(options[name]) is int for name in ("steps", "batch_size"))
    spec = json.loads(study.finetune_spec("NA", "Toy", 1))
    assert (spec["stage"], spec["cost_limit"], spec["options"]) == ("finetune", 0.0, {"update_ratio": None})
    assert '"critic_lr": 1.0,' in study.finetune_spec("NA", "Toy", 1)


def test_values_of_the_command_line_are_read_as_yaml_reads_them():
    given = {
        "seeds": ["3", "4"],
        "cost_limit": 5,
        "study": "on",
        "methods": {"x": {"official": "true", "start": "a: b"}},
    }
    expected = {"seeds": [3, 4], "cost_limit": 5, "study": "on", "methods": {"x": {"official": True, "start": "a: b"}}}
    assert from_command_line(given) == expected
    assert from_command_line({"x": ["1e2", "null", "2025-01-01"]}) == {"x": ["1e2", None, "2025-01-01"]}


def test_keys_given_twice_are_named_with_their_lines(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("a: 1\nm: &m\n  x: {k: 1, k: 2}\n  x: 2\nn: *m\na: 3\nl: [{b: 1, b: 2}]\n")
    with pytest.raises(InputError) as error:
        check_file(file)
    twice = "a (lines 1 and 6), m: x: k (lines 3 and 3), m: x (lines 3 and 4), l: b (lines 7 and 7)"
    assert str(error.value) == f"{file}: given twice: {twice}; keep one of each."
    file.write_text("a: {x: &x {k: 1}}\nb: {x: *x}\nc: [*x, *x]\n")
    check_file(file)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_is_valid_and_named_as_its_file(path):
    config = yaml.safe_load(path.read_text())
    study = Study(config)
    assert study.name == path.stem
    for method in study.own_methods:
        json.loads(study.finetune_spec(method, study.tasks[0], study.seeds[0]))


def test_official_preset_yields_to_single_keys(toy_dataset):
    config = toy_config(toy_dataset)
    for entry in (config["offline"]["cpq"], config["prealign"]["vpa"]):  # whose networks it takes over
        entry["official"] = True
    config["methods"] = {"marvel": config["methods"]["marvel"] | {"official": True, "log_prob": "true"}}
    spec = json.loads(Study(config).finetune_spec("marvel", "Toy", 0))
    assert spec["hyperparameters"]["log_prob"] == "true"
    assert spec["hyperparameters"]["actor_critics"] == "target"
