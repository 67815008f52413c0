"""The `figures:` section of a study's config: one line a figure, checked, as options of workflow/scripts/figures.py.

    figures:
      window: 10                                   # moving average of all curves, in rounds
      fig5_ablation: {methods: [marvel, vpa_pid], rows: [return, cost, multiplier]}
      aggregate: {kind: aggregate}

`curves_raw` and `curves_normalized` are drawn in every study; a line of that name replaces the one built in. A figure
without `methods` shows all of the study that have the study's cost limit.
"""

import shlex

from marvel.hyperparameters import nearest

TAKEN = "datasets"  # the page of all datasets, which has a rule of its own
BUILT_IN = {"curves_raw": {"units": "raw"}, "curves_normalized": {"units": "normalized"}}
FLAGS = ("methods", "tasks", "rows", "x", "units", "source", "window", "reference")  # keys with a value, in this order
KEYS = {  # what a line of each kind may say
    "curves": ("methods", "tasks", "rows", "x", "units", "source", "window", "sweep"),
    "aggregate": ("methods", "tasks", "sweep"),
    "profiles": ("methods", "tasks", "sweep"),
    "improvement": ("methods", "tasks", "sweep", "reference"),
    "limits": ("methods", "tasks", "studies"),
    "walk": ("methods", "tasks"),
    "compute": ("methods", "tasks"),
    "sparsity": ("tasks",),
    "offline": ("tasks",),
}


def figure_lines(config: dict) -> dict[str, dict]:
    """{name: line} of all figures of a study, with defaults filled in.

    Args:
        config: The study's config, valid by the schema.

    Raises:
        ValueError: A figure has a name that is taken, or names a method or task that the study does not have, or an
            improvement over one.
    """
    given = dict(config.get("figures", {}))
    window = given.pop("window", None)
    if TAKEN in given:
        raise ValueError(f"figures: {TAKEN}: every study with data has a page of that name; give the figure another.")
    lines = {}
    for name, line in (BUILT_IN | given).items():
        line = {"kind": "curves"} | line
        for key in line:
            if key not in ("kind", *KEYS[line["kind"]]):
                raise ValueError(
                    f"figures: {name}: {key!r} means nothing to a figure of kind {line['kind']}; "
                    f"{nearest(key, KEYS[line['kind']])}."
                )
        for key, known in (("methods", config["methods"]), ("tasks", config["tasks"])):
            for value in line.get(key, []):
                if value not in known:
                    raise ValueError(
                        f"figures: {name}: {key}: {value!r} is none of this study's; {nearest(value, known)}."
                    )
        if line["kind"] == "curves" and window is not None:
            line = {"window": window} | line
        if line["kind"] == "improvement":
            line = {"reference": "warm_start"} | line
            shown = line.get("methods", config["methods"])
            if line["reference"] not in shown:
                raise ValueError(
                    f"figures: {name}: reference: {line['reference']!r} is not among its methods; "
                    f"{nearest(line['reference'], shown)}."
                )
        if line["kind"] in ("sparsity", "offline"):
            line = {"tasks": config["tasks"]} | line
        elif line["kind"] not in ("limits", "compute"):
            line = {"methods": usual_methods(config)} | line
        lines[name] = line
    return lines


def usual_methods(config: dict) -> list[str]:
    """Methods under the study's own cost limit: one panel never mixes limits."""
    limit = config["cost_limit"]
    return [name for name, line in config["methods"].items() if line.get("cost_limit", limit) == limit]


def figure_inputs(study, name: str) -> dict[str, list[str]]:
    """Files that a figure is drawn from: datasets for `sparsity`, progress of offline runs for `offline`, else scores.

    Args:
        study: The `Study`; its figures, base and datasets are asked for.
        name: Of the figure.
    """
    line = study.figures[name]
    if line["kind"] == "sparsity":
        return {"datasets": [study.dataset(task) for task in line["tasks"]]}
    if line["kind"] == "offline":
        return {"progress": study.offline_progress(line["tasks"])}
    return {  # of several studies for `limits`
        "scores": [f"{study.base}/scores.csv", *(f"results/{other}/scores.csv" for other in line.get("studies", []))]
    }


def figure_command(study, name: str) -> str:
    """The arguments of workflow.scripts.figures for a figure, without --out; `study` as in `figure_inputs`."""
    line = study.figures[name]
    words = [line["kind"]]
    for key, paths in figure_inputs(study, name).items():
        words += [f"--{key}", *paths]
    if line["kind"] == "offline":
        words += ["--cost-limit", str(study.cost_limit)]
    if line["kind"] == "compute":
        words += ["--runs", f"{study.base}/runs"]
    for key in FLAGS:
        if key in line:
            value = line[key]
            words += [f"--{key}", *map(str, value if isinstance(value, list) else [value])]
    return shlex.join(words + ["--sweep"] * line.get("sweep", False))
