"""The datasets' cards."""

from marvel.values import read_json
from workflow.page.inputs import Inputs
from workflow.page.links import link


def section(inputs: Inputs) -> list[dict]:
    """One entry for every task whose card lies in the study."""
    made = []
    for task in inputs.tasks:
        path = inputs.study / "data" / task / "card.json"
        if not path.is_file():
            continue
        card = read_json(path.read_text(encoding="utf-8"), str(path))
        origin = card.get("made") or {}
        made.append(
            {
                "task": task,
                "collected": bool(origin),
                "note": origin.get("note", ""),
                "commit": (origin.get("commit") or "")[:10],
                "episodes": card["episodes"],
                "steps": card["steps"],
                "return_range": card["return_range"],
                "cost_range": card["cost_range"],
                "dsrl": card.get("dsrl"),
                "sha256": card["sha256"],
                "megabytes": f"{card['bytes'] / 1e6:.1f}",
                "warnings": card.get("warnings") or [],
                "card": link(inputs.study, path),
                "picture": link(inputs.study, path.with_name("scatter.png")),
            }
        )
    return made
