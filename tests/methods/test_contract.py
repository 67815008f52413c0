"""A method that breaks the contract of its rows is not finished; its own faults keep their tracebacks."""

import json

import pytest
from conftest import make_spec

from marvel.run.__main__ import main
from marvel.run.context import Context
from marvel.run.execute import execute

METHODS = {
    "stops_early": (
        "import itertools\nfrom marvel.finetune import finetune, new_agent\nfrom marvel.multipliers import Fixed\n"
        "def train(context, hp):\n"
        "    agent = new_agent(context, hp)\n"
        "    yield from itertools.islice(finetune(context, hp, agent, Fixed(context.cost_limit)), 3)\n",
        "stopped in round 2, before all its rounds were done",
    ),
    "no_rows": ("def train(context, hp):\n    return\n    yield\n", "yielded no row"),
    "no_generator": ("def train(context, hp):\n    return None\n", "it must yield one row per round"),
    "list_row": ("def train(context, hp):\n    yield [1, 2]\n", "is no dictionary"),
    "text_row": ("def train(context, hp):\n    yield {'round': 0, 'env_steps': 'lots'}\n", "env_steps is 'lots'"),
    "other_columns": ("def train(context, hp):\n    yield {'foo': 1}\n", "lacks the column(s) round, episodes"),
    "exits": (
        "import sys\nfrom marvel.finetune import first_row\n"
        "def train(context, hp):\n    yield first_row()\n    sys.exit(0)\n",
        "ended the process by itself (exit code 0)",
    ),
    "short": (
        "from marvel.finetune import first_row\ndef train(context, hp):\n    yield first_row()\n"
        "    yield first_row() | {'round': 1, 'env_steps': 30, 'episodes': 1}\n",
        "ends at 30 env_steps, but its budget is 600",
    ),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_that_breaks_the_contract_is_not_finished(name, tmp_path, monkeypatch, capfd):
    source, sentence = METHODS[name]
    (tmp_path / f"broken_{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    assert main([json.dumps(make_spec(f"broken_{name}")), "--out", str(tmp_path / "out")]) == 1
    error = capfd.readouterr().err.splitlines()
    assert len(error) == 1 and error[0].startswith("error: ") and sentence in error[0]
    assert not (tmp_path / "out" / "run.json").exists()


def test_a_method_s_own_value_error_keeps_its_traceback(tmp_path, monkeypatch, capfd):
    (tmp_path / "own_error.py").write_text("def train(context, hp):\n    raise ValueError('deep inside')\n    yield\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main([json.dumps(make_spec("own_error")), "--out", str(tmp_path / "out")]) == 1
    error = capfd.readouterr().err
    assert "Traceback" in error and "own_error.py" in error and "ValueError: deep inside" in error


def test_a_row_with_numpy_numbers_can_be_resumed(tmp_path, monkeypatch):
    (tmp_path / "numpy_row.py").write_text(
        "import numpy as np\nfrom marvel.finetune import finetune, new_agent\nfrom marvel.multipliers import Fixed\n"
        "def train(context, hp):\n"
        "    for row in finetune(context, hp, new_agent(context, hp), Fixed(context.cost_limit)):\n"
        "        yield row | {'extra': np.float64(row['round'] / 3)}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("marvel.run.context.SNAPSHOT_SECONDS", 0.0)
    report = Context.report

    def interrupt(self, *arguments, **values):
        report(self, *arguments, **values)
        if self.round == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Context, "report", interrupt)
        with pytest.raises(KeyboardInterrupt):
            execute(make_spec("numpy_row"), tmp_path / "out")
    execute(make_spec("numpy_row"), tmp_path / "out")
    assert json.loads((tmp_path / "out" / "run.json").read_text())["record"]["resumed"] == 1
    assert "0.3333333333333333" in (tmp_path / "out" / "progress.csv").read_text()
