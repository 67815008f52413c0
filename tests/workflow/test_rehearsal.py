"""What a method would do by its options alone, told from its source: as the job itself, or left to it."""

from types import SimpleNamespace

import pytest

from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters
from marvel.options import read_options, syntax
from marvel.tasks import get_task
from workflow import callees, rehearsal
from workflow.rehearsal import MAYBE, NO, YES, rehearse

HEAD = "from marvel.errors import InputError\nfrom marvel.finetune import finetune, load_agent, new_agent\n"
BODIES = [
    ("load_agent(context, hp)", YES, NO),
    ("context.read_start(); context.read_dataset()", YES, YES),
    ("if share: context.read_dataset()", NO, YES),
    ("if not share: context.read_dataset()", NO, NO),
    ("if hp.discount > 0.5: context.read_start()", YES, NO),
    ("if context.rows: context.read_start()", MAYBE, NO),
    ("if context.rows: return\n    context.read_start()", MAYBE, NO),
    ("if share > 0: return\n    context.read_start()", NO, NO),
    ("for _ in range(3): context.read_start()", MAYBE, NO),
    ("agent = context.read_start() if share else None", MAYBE, NO),
    ("helper(context)", NO, YES),
    ("other = lambda: helper(context)", NO, MAYBE),
    ("def inner(): context.read_start()", MAYBE, NO),
    ("unknown(context)", MAYBE, MAYBE),
    ("with open('x') as file: helper(context)", NO, YES),
    ("try: helper(context)\n    except OSError: pass", NO, MAYBE),
    ("count = 2 * share\n    if count == 1: helper(context)", NO, YES),
    ("count = len(context.rows)\n    if count == 1: helper(context)", NO, MAYBE),
    ("rename = load_agent\n    rename(context, hp)", MAYBE, MAYBE),
]


@pytest.fixture
def told(tmp_path, monkeypatch):
    """told(body): the rehearsal of a method whose file has this body."""

    def tell(body: str) -> rehearsal.Reading:
        path = tmp_path / "mine.py"
        head = f"{HEAD}\n\ndef helper(context):\n    return context.read_dataset()\n\n\n"
        path.write_text(f"{head}def train(context, hp, *, share: float = 0.5):\n    {body}\n    yield 1\n")
        source = callees.source_of
        for cached in (syntax, read_options, callees.functions, callees.imported, callees.reaches):
            cached.cache_clear()
        monkeypatch.setattr(callees, "source_of", lambda module: path if module == "mine" else source(module))
        context = SimpleNamespace(method="x", stage="finetune", task=get_task("Toy"), cost_limit=5.0)
        found = rehearse("mine", context, Hyperparameters(), {"share": 0.5})
        monkeypatch.undo()
        return found

    yield tell
    for cached in (callees.functions, callees.imported, callees.reaches):
        cached.cache_clear()


@pytest.mark.parametrize(("body", "start", "dataset"), BODIES)
def test_what_is_read(body, start, dataset, told):
    assert told(body).reads == {"start": start, "dataset": dataset}


@pytest.mark.parametrize(
    "condition", ["share == 0.5", "round(10 * share) == 5 and hp.batch_size > 1", "context.task.name == 'Toy'"]
)
def test_a_refusal_that_is_sure_is_made_with_the_job_s_own_words(condition, told):
    with pytest.raises(InputError, match=r"^x: share is 0\.50 and no good\.$"):
        told(f"if {condition}: raise InputError(f'{{context.method}}: share is {{share:.2f}} and no good.')")


@pytest.mark.parametrize("condition", ["share == 0.4", "context.rows", "share == 0.5 and unknown()", "1 / 0"])
def test_others_are_left_to_the_job(condition, told):
    told(f"if {condition}: raise InputError('no')")
    told("if share: raise InputError(str(context.rows))")
    told("for _ in context.rows: raise InputError('no')")
