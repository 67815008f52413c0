"""What runs again: after a failed re-run, for files taken away, for changed facts and for changed collected data."""

import json
import os

import pytest
from studies import Copy, toy_config

ONE = {"warm_start": {"train": "baselines.warm_start", "start": "offline", "offline": "cpq"}}
COLLECT = {"source": "collect", "collect": {"steps": 300, "rollout_steps": 300, "batch_size": 16}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, toy_dataset) -> tuple[Copy, dict]:
    """A copy in which a study of one method and two seeds has run, and its config."""
    copied, config = Copy(tmp_path_factory.mktemp("finished")), toy_config(toy_dataset, methods=ONE)
    result = copied.run(config)
    assert result.returncode == 0, result.stdout
    assert not copied.planned(config)
    return copied, config


def test_every_rule_declares_what_its_runs_leave(finished):
    copied, _ = finished
    for run in ("offline/cpq/Toy/seed0", "runs/warm_start/Toy/seed1"):
        folder = copied.folder / "results" / "toy" / run
        left = {path.name for path in folder.iterdir() if path.is_file()}
        assert {"progress.csv", "episodes.csv", "run.json"} <= left
        assert set(json.loads((folder / "run.json").read_text())["record"]["outputs"]) | {"run.json"} == left


def test_files_taken_away_are_made_again(finished):
    copied, config = finished
    base = copied.folder / "results" / "toy"
    for path, rule, jobs in (
        ("runs/warm_start/Toy/seed0/progress.csv", "finetune", 1),
        ("runs/warm_start/Toy/seed1/run.json", "finetune", 1),
        ("offline/cpq/Toy/seed0/checkpoint.pt", "pretrain", 1),
        ("offline/cpq/Toy/seed0/progress.csv", "pretrain", 1),
        ("scores.csv", "scores", 1),
    ):
        content = (base / path).read_bytes()
        times = (base / path).stat().st_atime_ns, (base / path).stat().st_mtime_ns
        (base / path).unlink()
        assert copied.planned(config)[rule] == jobs, path
        (base / path).write_bytes(content)
        os.utime(base / path, ns=times)
    assert not copied.planned(config)


def test_a_changed_row_of_the_tasks_runs_what_depends_on_it_again(finished):
    copied, config = finished
    table = copied.folder / "marvel" / "tasks.tsv"
    text = table.read_text(encoding="utf-8")
    toy = next(line for line in text.splitlines() if line.startswith("Toy\t"))
    cells = toy.split("\t")
    cells[text.splitlines()[0].split("\t").index("max_return")] = "99.0"
    table.write_text(text.replace(toy, "\t".join(cells)), encoding="utf-8")
    jobs = copied.planned(config)
    table.write_text(text, encoding="utf-8")
    assert (jobs["dataset"], jobs["pretrain"], jobs["finetune"], jobs["scores"]) == (1, 2, 2, 1)
    other = next(line for line in text.splitlines() if line.startswith("BallRun\t"))
    table.write_text(text.replace(other, other.replace("\t", "\t", 1).replace("940", "941")), encoding="utf-8")
    unchanged = copied.planned(config)
    table.write_text(text, encoding="utf-8")
    assert not {"dataset", "pretrain", "finetune"} & set(unchanged)


def test_a_change_of_the_config_runs_again_what_docs_configuring_says(finished):
    copied, config = finished
    stages = ("dataset", "pretrain", "finetune")

    def planned(**changes):
        jobs = copied.planned(json.loads(json.dumps(config)) | changes)
        return tuple(jobs.get(name, 0) for name in stages)

    entry = config["methods"]["warm_start"]
    assert planned(methods={"warm_start": entry | {"controller": "dual_ascent"}}) == (0, 0, 2)
    assert planned(offline={"cpq": config["offline"]["cpq"] | {"steps": 41}}) == (0, 2, 2)
    assert planned(hyperparameters=config["hyperparameters"] | {"updates_per_round": 3}) == (0, 2, 2)
    assert planned(cost_limit=7) == (0, 2, 2)
    assert planned(seeds=[0, 1, 2]) == (0, 1, 1)
    assert planned(numerics="portable") == (0, 2, 2)
    assert planned(methods={"warm_start": entry | {"label": "Start"}}) == (0, 0, 0)


def test_a_failed_rerun_is_no_finished_study(finished):
    """Its option changed, its jobs failed: the tables of before must not pass for its own."""
    copied, config = finished
    config = json.loads(json.dumps(config))
    config["methods"]["warm_start"]["controller"] = {"name": "fixed", "value": 5}
    source = copied.folder / "baselines" / "warm_start.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(
        text.replace("    agent = ", "    raise RuntimeError('a bug')\n    agent = ", 1), encoding="utf-8"
    )
    result = copied.run(config)
    assert result.returncode == 1 and "RuntimeError: a bug" in result.stdout
    assert copied.planned(config)["finetune"] == 2
    assert copied.run(config).returncode == 1
    source.write_text(text, encoding="utf-8")
    result = copied.run(config)
    assert result.returncode == 0, result.stdout
    record = json.loads((copied.folder / "results/toy/runs/warm_start/Toy/seed0/run.json").read_text())
    assert record["options"]["controller"] == config["methods"]["warm_start"]["controller"]
    assert not copied.planned(config)


def test_collected_data_follows_its_own_options_and_no_cost_limit(tmp_path, toy_dataset):
    copied = Copy(tmp_path)
    config = toy_config(toy_dataset, seeds=[0], methods=ONE) | {"dataset": COLLECT}
    data = tmp_path / "results" / "toy" / "data" / "Toy"
    result = copied.run(config, "--until", "pretrain")
    assert result.returncode == 0, result.stdout
    first = (data / "dataset.hdf5").read_bytes()
    assert json.loads((data / "run.json").read_text())["cost_limit"] is None
    assert (data / "episodes.csv").is_file()
    jobs = copied.planned(config | {"cost_limit": 7})
    assert jobs["pretrain"] == 1 and "dataset" not in jobs
    config["dataset"] = COLLECT | {"collect": COLLECT["collect"] | {"rollout_steps": 600}}
    assert copied.planned(config)["dataset"] == 1
    result = copied.run(config, "--until", "pretrain")
    assert result.returncode == 0, result.stdout
    assert (data / "dataset.hdf5").read_bytes() != first
