"""An offline algorithm, or a source of datasets, is one file and one entry."""

import json

from studies import Copy, toy_config

ALGORITHM = '''"""The learner's first weights, after so many steps that do nothing."""

from marvel.finetune import new_agent
from marvel.offline import train_offline

HANDS_CRITICS_OVER = True


def train(context, hp, *, steps: int = 4, eval_every: int = 2):
    agent = new_agent(context, hp)
    yield from train_offline(context, hp, agent, lambda generator: {}, steps, eval_every)
    return agent.state_dict()
'''
SOURCE = '''"""A copy of a file."""

import shutil
import sys

shutil.copy(sys.argv[1], sys.argv[2])
'''
ENTRY = """

def copy_command(task, section, out, options):
    return ["marvel.datasets.copied", section["files"][task], f"{out}/dataset.hdf5"]


SOURCES["copied"] = Source(copy_command)
"""


def test_one_algorithm_and_one_source_are_added(tmp_path, toy_dataset):
    copied = Copy(tmp_path)
    (tmp_path / "marvel" / "idle.py").write_text(ALGORITHM)
    (tmp_path / "marvel" / "datasets" / "copied.py").write_text(SOURCE)
    with open(tmp_path / "marvel" / "datasets" / "sources.py", "a") as file:
        file.write(ENTRY)
    config = toy_config(toy_dataset, seeds=[0])
    config |= {
        "offline": {"idle": {"train": "marvel.idle", "steps": 4}},
        "ranks": {"offline": "idle", "prealign": "vpa"},
    }
    config["dataset"] |= {"source": "copied"}
    config["methods"] = {
        "marvel": config["methods"]["marvel"] | {"offline": "idle"},
        "offline_only": config["methods"]["offline_only"] | {"offline": "idle"},
    }
    jobs = copied.planned(config)
    assert (jobs["dataset"], jobs["pretrain"], jobs["monte_carlo"], jobs["finetune"]) == (1, 1, 1, 2)
    result = copied.run(config | {"ranks": config["ranks"] | {"points": 3, "horizon": 5}})
    assert result.returncode == 0, result.stdout
    base = tmp_path / "results" / "toy"
    assert (base / "data/Toy/dataset.hdf5").read_bytes() == toy_dataset.read_bytes()
    assert json.loads((base / "offline/idle/Toy/seed0/run.json").read_text())["options"]["steps"] == 4
    assert (base / "tables" / "ranks.md").is_file() and (base / "tables" / "final.md").is_file()
