"""The words of the command that writes a study's page."""

from workflow.names import label_words


def page_words(study) -> list[str]:
    """The arguments of workflow.page, without --out.

    Args:
        study: The `Study`; its base, runs, figures and labels are asked for.
    """
    words = ["--study", study.base]
    for run in study.runs_by_method:
        words += ["--method", *run]
    for name, entry in study.figures.items():
        if entry["kind"] == "steps":
            words += ["--steps", name, ",".join(entry.get("tasks", study.tasks)), ",".join(entry["methods"])]
    return words + label_words(study.labels)
