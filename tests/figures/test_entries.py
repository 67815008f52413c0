"""Figures as entries of a config: what they leave out is filled in, every fault one sentence."""

import inspect
import json
import re
import shlex
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT
from made_up import made_up

from workflow.figures import __main__ as figures
from workflow.figures import entries
from workflow.figures.kinds import KINDS, draw_of, key_schemas, kind
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
        "rows": ["return", "cost"],
        "x": "env_steps",
        "units": "raw",
        "source": "train",
        "window": 5,
        "methods": ["marvel", "warm_start"],  # the entry under another limit stays out
    }
    assert study.figures["sums"]["reference"] == "warm_start" and "window" not in study.figures["sums"]
    command = entries.figure_command(study, "curves_raw")
    assert command == (
        "curves --scores results/x/scores.csv --methods marvel warm_start --rows return cost --x env_steps --units raw "
        "--source train --window 5"
    )
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


def test_a_label_is_printed_and_leaves_the_spec_as_it_is(tmp_path):
    labelled = {"warm_start": CONFIG["methods"]["warm_start"] | {"label": "WS at $1, = 2"}}
    plain, named = Study(CONFIG), Study(CONFIG | {"methods": CONFIG["methods"] | labelled})
    assert named.finetune_spec("warm_start", "CarRun", 0) == plain.finetune_spec("warm_start", "CarRun", 0)
    path = tmp_path / "scores.csv"
    made_up(["BallRun"], ["marvel", "warm_start"], rounds=5).to_csv(path, index=False)
    words = shlex.split(entries.figure_command(named, "curves_raw"))
    assert words[-2:] == ["--labels", "warm_start=WS at $1, = 2"]
    words[words.index("--scores") + 1] = str(path)
    figure, _ = figures.draw(figures.parser().parse_args([*words, "--out", str(tmp_path / "x")]))
    assert [label.get_text() for label in figure.legends[0].get_texts()][:2] == ["Marvel", "WS at $1, = 2"]


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Marvel", "methods: warm_start: label: 'Marvel' is what marvel is called; give it another"),
        ("two\nlines", "one line of 1 to 60 characters"),
        ("", "one line of 1 to 60 characters"),
    ],
)
def test_a_bad_label_is_one_sentence(label, words):
    methods = CONFIG["methods"] | {"warm_start": CONFIG["methods"]["warm_start"] | {"label": label}}
    with pytest.raises(ValueError, match=re.escape(words)):
        Study(CONFIG | {"methods": methods})


def test_every_kind_says_what_it_takes():
    for name in KINDS:
        known = kind(name)
        arguments = inspect.signature(draw_of(name)).parameters
        consumed = {"methods", "tasks", "studies"} if "scores" in known.inputs else set()
        assert set(known.keys) <= key_schemas().keys() and known.inputs
        assert (set(known.keys) - consumed) | set(known.inputs) <= set(arguments), name
        assert set(known.defaults) <= set(known.keys)


def test_a_study_imports_no_picture():
    code = "import sys, workflow.study; assert not {'matplotlib', 'pandas', 'scipy', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_an_unknown_kind_is_one_sentence():
    with pytest.raises(ValueError, match=r"config: figures: x: kind: 'curve' is not one of curves, final, costs, "):
        Study(CONFIG | {"figures": {"x": {"kind": "curve"}}})
