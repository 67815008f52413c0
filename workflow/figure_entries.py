"""The `figures:` section of a study's config: one entry a figure, checked, as options of workflow/figures/__main__.py.

    figures:
      window: 10                                   # moving average of all curves, in rounds
      fig5_ablation: {methods: [marvel, vpa_pid], rows: [return, cost, multiplier]}
      aggregate: {kind: aggregate}

`curves_raw` and `curves_normalized` are drawn in every study; an entry of that name replaces the one built in. A figure
without `methods` shows all of the study that have the study's cost limit; where it averages over tasks, those of
them that run on all its tasks.
"""

import shlex

from marvel.errors import InputError
from marvel.values import nearest
from workflow.resources import tasks_of

TAKEN = "datasets"  # the page of all datasets, which has a rule of its own
BUILT_IN = {"curves_raw": {"units": "raw"}, "curves_normalized": {"units": "normalized"}}
OVER_TASKS = ("aggregate", "profiles", "improvement")  # kinds that average over tasks
FLAGS = ("methods", "tasks", "rows", "x", "units", "source", "window", "reference")  # keys with a value, in this order
KEYS = {  # what an entry of each kind may say
    "curves": ("methods", "tasks", "rows", "x", "units", "source", "window", "sweep"),
    "aggregate": ("methods", "tasks", "sweep"),
    "profiles": ("methods", "tasks", "sweep"),
    "improvement": ("methods", "tasks", "sweep", "reference"),
    "limits": ("methods", "tasks", "studies"),
    "steps": ("methods", "tasks"),
    "compute": ("methods", "tasks"),
    "sparsity": ("tasks",),
    "offline": ("tasks",),
}


def figure_entries(config: dict) -> dict[str, dict]:
    """{name: entry} of all figures of a study, with defaults filled in.

    Args:
        config: The study's config, valid by the schema.

    Raises:
        InputError: A figure has a name that is taken, or names a method or task that the study does not have, or an
            improvement over one.
    """
    given = dict(config.get("figures", {}))
    window = given.pop("window", None)
    if TAKEN in given:
        raise InputError(f"figures: {TAKEN}: every study with data has a page of that name; give the figure another.")
    entries = {}
    for name, entry in (BUILT_IN | given).items():
        entry = {"kind": "curves"} | entry
        for key in entry:
            if key not in ("kind", *KEYS[entry["kind"]]):
                raise InputError(
                    f"figures: {name}: {key!r} means nothing to a figure of kind {entry['kind']}; "
                    f"{nearest(key, KEYS[entry['kind']])}"
                )
        for key, known in (("methods", config["methods"]), ("tasks", config["tasks"])):
            for value in entry.get(key, []):
                if value not in known:
                    raise InputError(
                        f"figures: {name}: {key}: {value!r} is none of this study's; {nearest(value, known)}"
                    )
        if entry["kind"] == "curves" and window is not None:
            entry = {"window": window} | entry
        if entry["kind"] == "improvement":
            entry = {"reference": "warm_start"} | entry
            shown = entry.get("methods", config["methods"])
            if entry["reference"] not in shown:
                raise InputError(
                    f"figures: {name}: reference: {entry['reference']!r} is not among its methods; "
                    f"{nearest(entry['reference'], shown)}"
                )
        if entry["kind"] in ("sparsity", "offline"):
            entry = {"tasks": config["tasks"]} | entry
        elif entry["kind"] not in ("limits", "compute"):
            entry = {"methods": _usual_methods(config, entry)} | entry
            if not entry["methods"]:
                raise InputError(
                    f"figures: {name}: no method has the study's cost_limit {config['cost_limit']}, so none would be "
                    "shown; change the study's or name `methods`."
                )
        if entry["kind"] in OVER_TASKS:
            for method in entry["methods"]:
                if absent := _absent(config, method, entry):
                    raise InputError(
                        f"figures: {name}: {method} does not run on {absent[0]}, and a figure of kind {entry['kind']} "
                        "needs each of its methods on each of its tasks; name `methods` or `tasks`."
                    )
        entries[name] = entry
    return entries


def _usual_methods(config: dict, figure: dict) -> list[str]:
    """Methods under the study's own cost limit: one panel never mixes limits. Over tasks, those that run on all."""
    limit = config["cost_limit"]
    names = [name for name, entry in config["methods"].items() if entry.get("cost_limit", limit) == limit]
    return [name for name in names if figure["kind"] not in OVER_TASKS or not _absent(config, name, figure)]


def _absent(config: dict, method: str, figure: dict) -> list[str]:
    """Tasks of the figure on which the method does not run."""
    own = tasks_of(config["methods"][method], config["tasks"], method)
    return [task for task in figure.get("tasks", config["tasks"]) if task not in own]


def figure_inputs(study, name: str) -> dict[str, list[str]]:
    """Files that a figure is drawn from: datasets for `sparsity`, progress of offline runs for `offline`, else scores.

    Args:
        study: The `Study`; its figures, base and datasets are asked for.
        name: Of the figure.
    """
    entry = study.figures[name]
    if entry["kind"] == "sparsity":
        return {"datasets": [study.dataset(task) for task in entry["tasks"]]}
    if entry["kind"] == "offline":
        return {"progress": study.offline_progress(entry["tasks"])}
    return {  # of several studies for `limits`
        "scores": [f"{study.base}/scores.csv", *(f"results/{other}/scores.csv" for other in entry.get("studies", []))]
    }


def figure_command(study, name: str) -> str:
    """The arguments of workflow.figures for a figure, without --out; `study` as in `figure_inputs`."""
    entry = study.figures[name]
    words = [entry["kind"]]
    for key, paths in figure_inputs(study, name).items():
        words += [f"--{key}", *paths]
    if entry["kind"] == "offline":
        words += ["--cost-limit", str(study.cost_limit)]
    if entry["kind"] == "compute":
        words += ["--runs", f"{study.base}/runs"]
    for key in FLAGS:
        if key in entry:
            value = entry[key]
            words += [f"--{key}", *map(str, value if isinstance(value, list) else [value])]
    return shlex.join(words + ["--sweep"] * entry.get("sweep", False))
