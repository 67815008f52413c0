"""Figures as entries of a config: what they leave out is filled in, every fault one sentence."""

import json
import re
import shlex

import pytest
import yaml
from conftest import ROOT

from workflow.figures import __main__ as figures
from workflow.figures import entries
from workflow.study import Study

CONFIGS = sorted((ROOT / "workflow" / "config").glob("*.yaml"))
CONFIG = {
    "study": "x",
    "cost_limit": 20,
    "tasks": ["BallRun", "CarRun"],
    "seeds": [0],
    "dataset": {"source": "dsrl"},
    "methods": {
        "marvel": {"train": "baselines.from_scratch", "start": "scratch"},
        "warm_start": {"train": "baselines.from_scratch", "start": "scratch"},
        "marvel_limit40": {"train": "baselines.from_scratch", "start": "scratch", "cost_limit": 40},
    },
}


def test_figure_entries_fill_in_what_an_entry_leaves_out():
    given = {
        "window": 5,
        "sums": {"kind": "improvement"},
        "cost": {"kind": "sparsity", "tasks": ["CarRun"]},
        "sweep": {"kind": "limits", "studies": ["low"]},
    }
    study = Study(CONFIG | {"figures": given})
    assert list(study.figures) == ["curves_raw", "curves_normalized", "sums", "cost", "sweep"]
    assert study.figures["curves_raw"] == {
        "kind": "curves",
        "units": "raw",
        "window": 5,
        "methods": ["marvel", "warm_start"],  # the entry under another limit stays out
    }
    assert study.figures["sums"]["reference"] == "warm_start" and "window" not in study.figures["sums"]
    command = entries.figure_command(study, "curves_raw")
    assert command == "curves --scores results/x/scores.csv --methods marvel warm_start --units raw --window 5"
    assert entries.figure_inputs(study, "cost") == {"datasets": [study.dataset("CarRun")]}
    both = {"scores": ["results/x/scores.csv", "results/low/scores.csv"]}
    assert entries.figure_inputs(study, "sweep") == both
    assert json.loads(study.finetune_spec("marvel_limit40", "CarRun", 0))["cost_limit"] == 40
    with pytest.raises(ValueError, match=r"vpa: cost_limit is no option of marvel\.prealign"):
        Study(CONFIG | {"prealign": {"vpa": {"cost_limit": 40}}})


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"methods": ["marvle"]}, "figures: x: methods: 'marvle' is none of this study's; did you mean marvel"),
        ({"tasks": ["CarRum"]}, "figures: x: tasks: 'CarRum' is none of this study's; did you mean CarRun"),
        ({"kind": "steps", "rows": ["cost"]}, "'rows' means nothing to a figure of kind steps"),
        (
            {"kind": "improvement", "reference": "warm"},
            "reference: 'warm' is not among its methods; did you mean warm_start",
        ),
    ],
)
def test_a_bad_figure_entry_is_one_sentence(entry, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        entries.figure_entries(CONFIG | {"figures": {"x": entry}})


def test_the_schema_names_the_nearest_key_of_a_figure_entry():
    path = ROOT / "workflow" / "config" / "smoke.yaml"
    config = yaml.safe_load(path.read_text()) | {"figures": {"fig5": {"methds": ["marvel"]}}}
    with pytest.raises(ValueError, match="config: figures: fig5: 'methds' is no key here; did you mean methods"):
        Study(config)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_figure_entry_of_every_config_is_a_command(path):
    study = Study(yaml.safe_load(path.read_text()))
    for name, entry in study.figures.items():
        words = shlex.split(entries.figure_command(study, name))
        assert figures.parser().parse_args([*words, "--out", "x"]).kind == entry["kind"]
