"""What docs/extending.md says works: an offline algorithm, a source of datasets, a task."""

import json

import yaml
from documents import block, blocks
from studies import Copy, toy_config

PAGE = "docs/extending.md"


def test_one_algorithm_and_one_source_are_added(tmp_path, toy_dataset):
    copied = Copy(tmp_path)
    (tmp_path / "marvel" / "idle.py").write_text(block(PAGE, "An offline algorithm", "python"))
    program, entry = (text for language, text in blocks(PAGE, "A source of datasets") if language == "python")
    (tmp_path / "marvel" / "datasets" / "copied.py").write_text(program)
    with open(tmp_path / "marvel" / "datasets" / "sources.py", "a") as file:
        file.write(f"\n\n{entry}")
    config = toy_config(toy_dataset, seeds=[0])
    config |= {
        "offline": yaml.safe_load(block(PAGE, "An offline algorithm", "yaml")),
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


def test_a_task_is_a_row(tmp_path, toy_dataset):
    copied = Copy(tmp_path)
    with open(tmp_path / "marvel" / "tasks.tsv", "a", encoding="utf-8") as file:
        file.write(block(PAGE, "A task", "tsv"))
    methods = {"warm_start": toy_config(toy_dataset)["methods"]["warm_start"]}
    config = toy_config(toy_dataset, seeds=[0], methods=methods) | {"tasks": ["LongToy"]}
    config["dataset"] = {"source": "collect", "collect": {"steps": 300, "rollout_steps": 300, "batch_size": 16}}
    result = copied.run(config)
    assert result.returncode == 0, result.stdout
    record = json.loads((tmp_path / "results/toy/runs/warm_start/LongToy/seed0/run.json").read_text())["record"]
    assert record["status"] == "finished" and record["task"]["max_episode_steps"] == 60
