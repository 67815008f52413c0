"""Entries with tasks and seeds of their own: the runs of a study are those that its entries name, everywhere."""

import json
from pathlib import Path

import pytest
from studies import toy_config

from marvel.errors import InputError
from workflow.figures.entries import figure_command
from workflow.study import Study

WARM = {"train": "baselines.warm_start", "start": "offline", "offline": "cpq"}
SCRATCH = {"train": "baselines.from_scratch", "start": "scratch"}


def config(**own) -> dict:
    """Two tasks, three seeds; `warm_start` with these keys beside `from_scratch` on everything."""
    changes = {"tasks": ["BallRun", "CarRun"], "seeds": [0, 1, 2], "cost_limit": 20, "dataset": {"source": "collect"}}
    methods = {"warm_start": WARM | own, "from_scratch": SCRATCH}
    return toy_config(Path("none"), **changes, methods=methods)


def test_runs_are_the_entries_own_in_the_order_of_the_study():
    study = Study(config(tasks=["CarRun"], seeds=[2, 0]))
    assert study.runs[:2] == [("warm_start", "CarRun", 0), ("warm_start", "CarRun", 2)]
    assert len(study.runs) == 2 + 6
    assert study.runs_by_method == [["warm_start", "CarRun", "0,2"], ["from_scratch", "BallRun,CarRun", "0,1,2"]]


def test_only_what_the_runs_start_from_is_asked_for():
    files = Study(config(tasks=["CarRun"], seeds=[1])).run_files()
    assert [file for file in files if "/offline/" in file and file.endswith(".pt")] == [
        "results/toy/offline/cpq/CarRun/seed1/checkpoint.pt"
    ]
    assert not any("warm_start/BallRun" in file or "warm_start/CarRun/seed0" in file for file in files)


def test_the_curves_of_offline_training_are_those_of_the_runs():
    study = Study(config(seeds=[2], tasks=["Ball*"]) | {"figures": {"off": {"kind": "offline"}}})
    assert "seed2" in figure_command(study, "off")
    assert study.offline_progress(["BallRun", "CarRun"]) == ["results/toy/offline/cpq/BallRun/seed2/progress.csv"]


def test_tasks_and_seeds_change_no_run_spec():
    plain, own = Study(config()), Study(config(tasks=["CarRun"], seeds=[1]))
    for stage in ("pretrain_spec", "finetune_spec"):
        name = "cpq" if stage == "pretrain_spec" else "warm_start"
        assert getattr(plain, stage)(name, "CarRun", 1) == getattr(own, stage)(name, "CarRun", 1)
    assert "tasks" not in json.loads(own.finetune_spec("warm_start", "CarRun", 1))["options"]


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({"seeds": [0, 7]}, r"methods: warm_start: seeds: 7 is none of the study's \(0, 1, 2\)."),
        ({"tasks": ["AntRun"]}, r"methods: warm_start: tasks: 'AntRun' is none of the study's \(BallRun, CarRun\)."),
        ({"tasks": ["CarRum"]}, "methods: warm_start: tasks: there is no task 'CarRum'; did you mean CarRun"),
        ({"seeds": [0, 0]}, "config: methods: warm_start: seeds"),
        ({"tasks": []}, "config: methods: warm_start: tasks"),
    ],
)
def test_what_is_not_the_studys_is_refused(own, sentence):
    with pytest.raises(InputError, match=sentence):
        Study(config(**own))


@pytest.mark.parametrize(
    ("own", "sentence"),
    [({"seeds": [0, 1]}, "seeds: no method runs on 2"), ({"tasks": ["CarRun"]}, "tasks: no method runs on BallRun")],
)
def test_a_task_or_seed_that_no_method_has_is_refused(own, sentence):
    with pytest.raises(InputError, match=sentence):
        Study(config(**own) | {"methods": {"warm_start": WARM | own}})


def test_a_rule_of_its_own_may_have_tasks_and_seeds(tmp_path):
    rule = {"rule": "workflow/rules/online.smk", "seeds": [1]}
    assert ("external", "CarRun", 1) in Study(
        config() | {"methods": {"external": rule, "from_scratch": SCRATCH}, "offline": {}}
    ).runs


def test_a_figure_over_tasks_shows_the_methods_that_run_on_all_of_them():
    study = Study(config(tasks=["CarRun"]) | {"figures": {"a": {"kind": "aggregate"}, "c": {"tasks": ["CarRun"]}}})
    assert study.figures["a"]["methods"] == ["from_scratch"]
    assert study.figures["c"]["methods"] == study.figures["curves_raw"]["methods"] == ["warm_start", "from_scratch"]
    figures = {"figures": {"a": {"kind": "improvement", "methods": ["warm_start", "from_scratch"]}}}
    with pytest.raises(InputError, match="figures: a: warm_start does not run on BallRun, and a figure of kind improv"):
        Study(config(tasks=["CarRun"]) | figures)


def test_ranks_have_seeds_of_their_own():
    ranks, vpa = {"offline": "cpq", "prealign": "vpa"}, {"prealign": {"vpa": {"calls": 10}}}
    assert Study(config() | vpa | {"ranks": ranks}).ranks["seeds"] == [0, 1, 2]
    assert Study(config() | vpa | {"ranks": ranks | {"seeds": [1]}}).ranks["seeds"] == [1]
    with pytest.raises(InputError, match="ranks: seeds: 7 is none of this study's"):
        Study(config() | vpa | {"ranks": ranks | {"seeds": [7]}})
