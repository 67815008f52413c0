"""`marvel cost`: against a study that was run, and against the work that specs ask for."""

import json
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, make_spec

from marvel.cli import main
from marvel.cli.estimate import Estimate, Work
from marvel.cli.plan import jobs_of, read_study
from marvel.cli.rates import FILE, read_rates
from marvel.run.execute import execute
from marvel.tasks import TASKS, get_task

CONFIG = ROOT / "workflow" / "config"
MEASURED = json.loads((Path(__file__).parent / "quick_measured.json").read_text())


def test_the_quick_study_is_estimated_within_thirty_percent():
    study, (rates, machines) = read_study(CONFIG / "quick.yaml"), read_rates()
    assert machines == [MEASURED["machine"]]
    estimate, stages = Estimate(study, rates), {}
    for job in jobs_of(study):
        count, seconds = stages.get(job.stage, (0, 0.0))
        stages[job.stage] = count + 1, seconds + estimate.seconds(job)
    assert {stage: count for stage, (count, _) in stages.items()} == {
        stage: count for stage, (count, _) in MEASURED["stages"].items()
    }
    for stage, (_, seconds) in MEASURED["stages"].items():
        assert stages[stage][1] == pytest.approx(seconds, rel=0.3), stage
    whole = sum(seconds for _, seconds in MEASURED["stages"].values())
    assert sum(seconds for _, seconds in stages.values()) == pytest.approx(whole, rel=0.2)


@pytest.mark.parametrize(
    ("train", "changes", "options"),
    [
        ("baselines.from_scratch", {}, {}),
        ("baselines.from_scratch", {}, {"update_ratio": 0.5}),
        ("baselines.wsrl_lag", {}, {"warmup_steps": 120, "update_ratio": 2.0}),
        ("baselines.offline_only", {"eval_episodes": 3}, {}),
        ("marvel.cpq", {}, {"steps": 250, "batch_size": 8, "eval_every": 100}),
        ("marvel.prealign", {}, {"calls": 75, "minibatches": 2, "eval_every": 100}),
    ],
)
def test_the_work_of_a_spec_is_what_its_run_did(train, changes, options, toy_dataset, toy_offline, tmp_path):
    needs = {"dataset": str(toy_dataset)} if train.startswith("marvel.") else {}
    needs |= {} if train in ("marvel.cpq", "baselines.from_scratch") else {"start": str(toy_offline)}
    hp = make_spec(train)["hyperparameters"] | changes
    spec = make_spec(train, hyperparameters=hp, options=options, **needs)
    execute(spec, tmp_path)
    work = Work(spec, get_task("Toy"))
    last = (tmp_path / "progress.csv").read_text().splitlines()[-1].split(",")
    head = (tmp_path / "progress.csv").read_text().splitlines()[0].split(",")
    done = dict(zip(head, last, strict=True))
    episodes = [row.split(",") for row in (tmp_path / "episodes.csv").read_text().splitlines()[1:]]
    assert work.updates == pytest.approx(int(done["updates"]), rel=0.02)
    assert work.steps == int(done.get("env_steps", 0))
    assert work.eval_steps == sum(int(steps) for _, kind, steps, *_ in episodes if kind == "eval")


def test_a_third_layer_and_other_batches_cost_more():
    task = get_task("BallCircle")
    plain = make_spec("marvel.cpq", task="BallCircle", hyperparameters={}, dataset="x", options={})
    assert Work(plain, task).size == pytest.approx(1.0)
    deep = Work(plain | {"hyperparameters": {"hidden_layers": 3}}, task).size
    assert deep == pytest.approx(39.13 / 21.79, rel=0.05)  # benchmarks/results.csv: CPQ with 3 x 256 over 2 x 256
    assert Work(plain | {"options": {"batch_size": 1024}}, task).size == pytest.approx(1.8)


def test_portable_numerics_cost_more(tmp_path, capsys):
    hours = []
    for mode in ("native", "portable"):
        config = yaml.safe_load((CONFIG / "quick.yaml").read_text()) | {"numerics": mode}
        (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
        assert main(["cost", str(tmp_path / "c.yaml"), "--json"]) == 0
        hours.append(json.loads(capsys.readouterr().out)["core_hours"])
    assert 1.4 < hours[1] / hours[0] < 2


def test_rates_cover_every_task_and_every_method_of_the_configs(capsys):
    rates, _ = read_rates()
    assert {name for kind, name in rates if kind == "step"} == set(TASKS)
    for path in sorted(CONFIG.glob("*.yaml")):
        assert main(["cost", str(path), "--cores", "4"]) == 0
        out = capsys.readouterr().out
        assert "on 4 cores:" in out and "no rate measured" not in out, path


def test_more_cores_take_less_time_down_to_the_longest_chain(capsys):
    def wall(cores: int) -> dict:
        assert main(["cost", "quick", "--cores", str(cores), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    one, two, many = wall(1), wall(2), wall(1000)
    assert one["wall_hours"] == pytest.approx(one["core_hours"]) and one["core_hours"] == two["core_hours"]
    assert two["wall_hours"] < 0.6 * one["wall_hours"] and many["wall_hours"] == pytest.approx(
        many["shortest_wall_hours"], rel=0.01
    )
    assert one["memory_mb"] < two["memory_mb"] < many["memory_mb"]


def test_faults_are_one_sentence(tmp_path, capsys):
    assert main(["cost", "nothing"]) == 1
    assert "nothing is no file; give a study's config" in capsys.readouterr().err
    config = yaml.safe_load((CONFIG / "smoke.yaml").read_text()) | {"tasks": ["BallRunn"]}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    assert main(["cost", str(tmp_path / "c.yaml")]) == 1 and "BallRunn" in capsys.readouterr().err
    (tmp_path / "rates.csv").write_text("\n".join(FILE.read_text().splitlines()[:3]))
    assert main(["cost", "quick", "--rates", str(tmp_path / "rates.csv")]) == 1
    assert "lacks the rates update marvel.method" in capsys.readouterr().err
