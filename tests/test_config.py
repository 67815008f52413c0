"""Configs: every fault one sentence, every config of the project valid."""

import json
import re

import pytest
import yaml
from conftest import ROOT
from studies import toy_config

from workflow.study import Study
from workflow.validation import read_table

SCRATCH = {"train": "baselines.from_scratch", "start": "scratch"}
CONFIGS = sorted((ROOT / "workflow" / "config").glob("*.yaml"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seds": [0]}, "config: 'seds' is no key here; did you mean seeds"),
        ({"tasks": ["CarRum"]}, "there is no task 'CarRum'; did you mean CarRun"),
        ({"seeds": []}, "config: seeds: [] "),
        ({"cost_limit": -1}, "config: cost_limit: -1 is less than the minimum of 0"),
        ({"hyperparameters": {"online_episodes": -5}}, "online_episodes is -5; it must not be negative"),
        ({"methods": {"x": {"train": "baselines.warmstart", "start": "scratch"}}}, "did you mean baselines.warm_start"),
        ({"methods": {"x": {"start": "scratch"}}}, "config: methods: x: a method needs either `train` and `start`"),
        ({"methods": {"x": {"rule": "baselines/none.smk"}}}, "the rule file baselines/none.smk does not exist"),
        (
            {"methods": {"x": {"train": "baselines.warm_start", "start": "offline", "offline": "cqp"}}},
            "methods: x: start offline needs the key 'offline', which is 'cqp'; did you mean cpq",
        ),
        (
            {"methods": {"x": {"train": "baselines.from_scratch", "start": "scratch", "contoller": "pid"}}},
            "x: 'contoller' is neither an option of baselines.from_scratch nor a hyperparameter; did you "
            "mean controller",
        ),
        ({"offline": {"cpq": {"train": "marvel.cpq", "stesp": 5}}}, "did you mean steps"),
        ({"methods": {"x": SCRATCH | {"controller": "pdi"}}}, "x: controller 'pdi' does not exist; did you mean pid"),
        (
            {"methods": {"x": SCRATCH | {"controller": {"name": "pid", "kpp": 1}}}},
            "x: controller pid: got an unexpected keyword argument 'kpp'",
        ),
        ({"methods": {"x": {"train": "marvel.method", "start": "prealined"}}}, "'prealined' is not one of"),
        ({"offline_seed": "shared"}, "config: offline_seed: 'shared'"),
    ],
)
def test_bad_configs_fail_with_one_sentence(change, sentence, toy_dataset):
    with pytest.raises(ValueError, match=re.escape(sentence)) as error:
        Study(toy_config(toy_dataset) | change)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_is_valid_and_named_as_its_file(path):
    config = yaml.safe_load(path.read_text())
    study = Study(config)
    assert study.name == path.stem
    for method in study.own_methods:
        json.loads(study.finetune_spec(method, study.tasks[0], study.seeds[0]))


def test_hyperparameter_table_faults(tmp_path):
    table = tmp_path / "h.tsv"
    table.write_text("task\tcritic_lr\nBallRum\t1e-3\n")
    with pytest.raises(ValueError, match=r"h\.tsv line 2: task 'BallRum' does not exist; did you mean BallRun"):
        read_table(table, "hyperparameters")
    table.write_text("task\tcritic_rl\nBallRun\t1e-3\n")
    with pytest.raises(ValueError, match=r"'critic_rl' is no hyperparameter; did you mean critic_lr"):
        read_table(table, "hyperparameters")
    table.write_text("task\tcritic_lr\tsource\nBallRun\t0\ttuned\n")
    with pytest.raises(
        ValueError, match=r"line 2 \(BallRun\): critic_lr: 0.* is less than or equal to the minimum of 0"
    ):
        read_table(table, "hyperparameters")
    table.write_text("task\ttau\tsource\nBallRun\t0.1\ttuned\n")
    with pytest.raises(ValueError, match=r"line 2 \(BallRun\): 'tau' is no key here; allowed are actor_lr"):
        read_table(table, "hyperparameters")
    table.write_text("task\tcritic_lr\nBallRun\t1e-x\n")
    with pytest.raises(ValueError, match=r"critic_lr: '1e-x' is no number"):
        read_table(table, "hyperparameters")


def test_official_preset_yields_to_single_keys(toy_dataset):
    config = toy_config(toy_dataset)
    config["methods"]["marvel"] |= {"official": True, "log_prob": "true"}
    spec = json.loads(Study(config).finetune_spec("marvel", "Toy", 0))
    assert spec["hyperparameters"]["log_prob"] == "true"
    assert spec["hyperparameters"]["actor_critics"] == "target"
