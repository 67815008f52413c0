"""The mark of tasks whose hyperparameters nobody tuned, in tables, figures and captions.

Which tasks these are stands in the column `source` of workflow/config/hyperparameters.tsv, so that scores alone are
enough to redraw. A study's own `hyperparameters:` do not make a task tuned; a row with another source does.
"""

from collections.abc import Iterable

from workflow.per_task import NOT_TUNED, tuned_tasks

MARK = "†"


def untuned(tasks: Iterable[str]) -> list[str]:
    """Those of the tasks that nobody tuned, each once, in order."""
    return [task for task in dict.fromkeys(tasks) if task not in tuned_tasks()]


def heading(task: str, limit: float) -> str:
    """A task's heading in a table: its name, the cost limit and, if nobody tuned it, that."""
    remark = f"; hyperparameters: {NOT_TUNED}" if untuned([task]) else ""
    return f"{task} (cost limit {limit:g} per episode{remark})"


def label(task: str) -> str:
    """A task's name in a figure, with the mark if nobody tuned it."""
    return f"{task} {MARK}" if untuned([task]) else task


def footnote(tasks: Iterable[str]) -> str:
    """What the mark means, for the foot of a figure that has it; empty if none of the tasks is marked."""
    return f"{MARK} hyperparameters: {NOT_TUNED}" if untuned(tasks) else ""


def share(tasks: Iterable[str]) -> str:
    """How many of the tasks that a figure sums over nobody tuned, for its foot; empty if none."""
    tasks = list(dict.fromkeys(tasks))
    marked = untuned(tasks)
    if not marked:
        return ""
    many = f"all {len(tasks)}" if len(marked) == len(tasks) else f"{len(marked)} of {len(tasks)}"
    return f"hyperparameters{f' of {many} tasks' if len(tasks) > 1 else ''}: {NOT_TUNED}"


def sentence(tasks: Iterable[str], mark: str = "") -> str:
    """A sentence for a caption that names the tasks nobody tuned, headed by a space; empty if there are none.

    Args:
        tasks: What the table or figure shows.
        mark: What stands beside their names there, such as `MARK`.
    """
    tasks = list(tasks)
    if not (marked := untuned(tasks)):
        return ""
    text = share(tasks)
    return f" {mark}{' ' if mark else ''}{text[:1].upper()}{text[1:]} ({', '.join(marked)})."
