"""Every different entry of every config, run on the toy in a second: for the contract and for the committed rows."""

import hashlib
import json
from pathlib import Path

import yaml
from conftest import ROOT, SMALL

from marvel.run.execute import execute
from marvel.run.spec import read_spec
from workflow.entries import RUNS
from workflow.study import Study

CONFIGS = [
    yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "workflow" / "config").glob("*.yaml"))
]
OFFLINE = {"steps": 60, "batch_size": 16, "eval_every": 60}
# Options that scale with the budget, if an entry has them; the toy's budget is 20 episodes of 30 steps.
OPTIONS = {"update_ratio": 0.2, "warmup_steps": 200}


def different_entries() -> dict[str, tuple[dict, dict]]:
    """{name: (config, entry)} of all different method entries in workflow/config."""
    found, seen = {}, set()
    for config in CONFIGS:
        for name, entry in config["methods"].items():
            wiring = [config.get(stage, {}).get(entry.get(stage)) for stage in ("offline", "prealign")]
            wiring = [part and {k: v for k, v in part.items() if k not in OFFLINE and k != "calls"} for part in wiring]
            named = {key: value for key, value in entry.items() if key not in ("offline", "prealign", *RUNS)}
            key = json.dumps([named, wiring], sort_keys=True)
            if "train" in entry and key not in seen:
                seen.add(key)
                found[name if name not in found else f"{config['study']}_{name}"] = (config, entry)
    return found


ENTRIES = different_entries()


def specs_of(name: str, dataset: Path, seed: int = 0, **hyperparameters) -> list[dict]:
    """The specs of an entry's stages and of its run on the toy, in their order; starts are still to be filled in.

    Args:
        name: Of `ENTRIES`.
        dataset: The toy's.
        seed: Of all stages.
        **hyperparameters: Over those of `SMALL`, for the online run alone, so that the stages can be shared.
    """
    config, entry = ENTRIES[name]
    budget = {"online_episodes": max(SMALL["online_episodes"], 4 * entry.get("episodes_per_round", 1))}
    kept = {key: value for key, value in entry.items() if key not in (*SMALL, *RUNS)}
    # the toy's random data has no episode that could be relabelled
    offline = {
        key: {option: choice for option, choice in value.items() if option != "outliers"} | OFFLINE
        for key, value in config.get("offline", {}).items()
    }
    study = Study(
        # its ranks are of other tasks, and seeds are paired, the default
        {key: value for key, value in config.items() if key not in ("ranks", "offline_seed")}
        | {
            "tasks": ["Toy"],
            "seeds": [0, 1],
            "cost_limit": entry.get("cost_limit", config["cost_limit"]),  # a study shows its own limit in some figure
            "dataset": {"source": "dsrl", "files": {}},
            "figures": {},  # they name other methods
            "offline": {key: value for key, value in offline.items() if key == entry.get("offline")},
            "prealign": {
                key: value | {"calls": 10}
                for key, value in config.get("prealign", {}).items()
                if key == entry.get("prealign")
            },
            "hyperparameters": SMALL | hyperparameters,
            "methods": {name: kept | {key: OPTIONS[key] for key in OPTIONS if entry.get(key)} | budget},
        }
    )
    specs = [read_spec(study.finetune_spec(name, "Toy", seed))]
    if entry["start"] == "prealigned":
        specs.insert(0, read_spec(study.prealign_spec(entry["prealign"], entry["offline"], "Toy", seed)))
    if entry["start"] != "scratch":
        specs.insert(0, read_spec(study.pretrain_spec(entry["offline"], "Toy", seed)))
    for spec in specs:
        if spec["dataset"]:
            spec["dataset"] = str(dataset)
    for spec in specs[:-1]:
        spec["hyperparameters"] |= {key: SMALL[key] for key in ("eval_every", "eval_episodes")}
        spec["method"] = spec["train"]  # entries of several studies may be the same stage under other names
    return specs


def run_entry(name: str, dataset: Path, stages: Path, out: Path, seed: int = 0, **hyperparameters) -> list[Path]:
    """Run an entry with its stages; returns the folders of all of them, the run's last.

    Args:
        name, dataset, seed, **hyperparameters: See `specs_of`.
        stages: Folder in which finished stages are found again.
        out: Folder of the run.
    """
    folders, start = [], None
    *before, last = specs_of(name, dataset, seed, **hyperparameters)
    for spec in before:
        spec = spec | {"start": start}
        folder = stages / hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]
        if not (folder / "run.json").exists():
            execute(spec, folder)
        folders.append(folder)
        start = str(folder / "checkpoint.pt")
    execute(last | {"start": start}, out)
    return [*folders, out]
