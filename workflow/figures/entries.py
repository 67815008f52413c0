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
from workflow.code import code_version
from workflow.figures.kinds import Kind, kind
from workflow.names import label_words
from workflow.resources import tasks_of

TAKEN = "datasets"  # the page of all datasets, which has a rule of its own
BUILT_IN = {"curves_raw": {"units": "raw"}, "curves_normalized": {"units": "normalized"}}
FILES = {  # what a kind may be made of: its files, from the study and the entry
    "scores": lambda study, entry: [
        f"{study.base}/scores.csv",
        *(f"results/{other}/scores.csv" for other in entry.get("studies", [])),
    ],
    "datasets": lambda study, entry: [study.dataset(task) for task in entry["tasks"]],
    "progress": lambda study, entry: study.offline_progress(entry["tasks"]),  # of offline runs
}
FACTS = {  # and what it may be told beside files; `runs` is made before the scores, so the rule need not wait for it
    "runs": lambda study: f"{study.base}/runs",
    "cost_limit": lambda study: study.cost_limit,
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
    return {name: _entry(config, name, entry, window) for name, entry in (BUILT_IN | given).items()}


def _entry(config: dict, name: str, given: dict, window: int | None) -> dict:
    """One entry, checked and filled in."""
    given = {"kind": "curves"} | given
    known = kind(given["kind"])
    _check_names(config, name, given, known)
    everywhere = {"window": window} if window is not None and "window" in known.keys else {}
    entry = {"kind": given["kind"]} | known.defaults | everywhere | given
    if "methods" not in known.keys:
        entry = {"tasks": config["tasks"]} | entry
    elif not known.any_limit:
        entry = {"methods": _usual_methods(config, entry, known)} | entry
        if not entry["methods"]:
            raise InputError(
                f"figures: {name}: no method has the study's cost_limit {config['cost_limit']}, so none would be "
                "shown; change the study's or name `methods`."
            )
    _check_reference(config, name, entry)
    for method in entry["methods"] if known.over_tasks else []:
        if absent := _absent(config, method, entry):
            raise InputError(
                f"figures: {name}: {method} does not run on {absent[0]}, and a figure of kind {entry['kind']} "
                "needs each of its methods on each of its tasks; name `methods` or `tasks`."
            )
    return entry


def _check_names(config: dict, name: str, entry: dict, known: Kind) -> None:
    """Refuse keys that mean nothing to the kind, and methods and tasks that the study does not have."""
    for key in entry:
        if key not in ("kind", *known.keys):
            raise InputError(
                f"figures: {name}: {key!r} means nothing to a figure of kind {entry['kind']}; "
                f"{nearest(key, known.keys)}"
            )
    for key in ("methods", "tasks"):
        for value in entry.get(key, []):
            if value not in config[key]:
                raise InputError(
                    f"figures: {name}: {key}: {value!r} is none of this study's; {nearest(value, config[key])}"
                )


def _check_reference(config: dict, name: str, entry: dict) -> None:
    """Refuse a reference that the figure does not show."""
    shown = entry.get("methods", config["methods"])
    if "reference" in entry and entry["reference"] not in shown:
        raise InputError(
            f"figures: {name}: reference: {entry['reference']!r} is not among its methods; "
            f"{nearest(entry['reference'], shown)}"
        )


def _usual_methods(config: dict, figure: dict, known: Kind) -> list[str]:
    """Methods under the study's own cost limit: one panel never mixes limits. Over tasks, those that run on all."""
    limit = config["cost_limit"]
    names = [name for name, entry in config["methods"].items() if entry.get("cost_limit", limit) == limit]
    return [name for name in names if not known.over_tasks or not _absent(config, name, figure)]


def _absent(config: dict, method: str, figure: dict) -> list[str]:
    """Tasks of the figure on which the method does not run."""
    own = tasks_of(config["methods"][method], config["tasks"], method)
    return [task for task in figure.get("tasks", config["tasks"]) if task not in own]


def figure_inputs(study, name: str) -> dict[str, list[str]]:
    """Files that a figure is drawn from, by the names in `FILES`.

    Args:
        study: The `Study`; its figures, labels, base and datasets are asked for.
        name: Of the figure.
    """
    entry = study.figures[name]
    return {key: FILES[key](study, entry) for key in kind(entry["kind"]).inputs if key in FILES}


def figure_command(study, name: str) -> str:
    """The arguments of workflow.figures for a figure, without --out; `study` as in `figure_inputs`."""
    entry = study.figures[name]
    known = kind(entry["kind"])
    words = [entry["kind"]]
    for key, paths in figure_inputs(study, name).items():
        words += [_flag(key), *paths]
    for key in known.inputs:
        if key in FACTS:
            words += [_flag(key), str(FACTS[key](study))]
    for key in known.keys:
        value = entry.get(key)
        if key == "studies" or value is None or value is False:  # other studies are among the scores
            continue
        values = [] if value is True else value if isinstance(value, list) else [value]
        words += [_flag(key), *map(str, values)]
    shown = entry.get("methods", study.methods) if "methods" in known.keys else []
    return shlex.join(words + label_words({name: text for name, text in study.labels.items() if name in shown}))


def figure_code(study, name: str) -> list[str]:
    """What redraws a figure beside its inputs and its command: the code of the command line and of its kind."""
    module = kind(study.figures[name]["kind"]).module
    return [code_version("workflow.figures.__main__"), code_version(module)]


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"
