"""The page's command line for a study of a config: what the rule `page` and `workflow.redraw` ask for."""

from workflow.names import label_words


def page_words(study) -> list[str]:
    """The arguments of `python -m workflow.page` but for --out; `study` is a `workflow.study.Study`."""
    words = ["--study", study.base]
    for run in study.runs_by_method:
        words += ["--method", *run]
    for name, entry in study.figures.items():
        if entry["kind"] == "steps":
            words += ["--steps", name, ",".join(entry.get("tasks", study.tasks)), ",".join(entry["methods"])]
    return words + label_words(study.labels)
