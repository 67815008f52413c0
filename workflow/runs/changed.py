"""Code that has changed since runs were made, by the hashes in their records."""

from collections import defaultdict
from functools import cache
from pathlib import Path

from marvel.run.record import ROOT, code_hash
from workflow.runs.run_json import in_study, read_run_json


@cache
def _current_hash(name: str) -> str | None:
    path = ROOT / name
    return code_hash(path) if path.is_file() else None


def changed_files(spec: dict, study: Path, known: dict[Path, list[str]] | None = None) -> list[str]:
    """Python files whose code differs from what the run, or a run it started from, recorded in run.json.

    Args:
        spec: run.json; paths in it are relative to the repository root. Comments and docstrings do not count.
        study: the study's folder, in which the stages are looked for.
        known: answers for stages, kept from run to run.
    """
    known = {} if known is None else known
    recorded = spec.get("record", {}).get("code", {})
    changed = {name for name, value in recorded.items() if _current_hash(name) != value}
    if start := spec.get("start"):
        origin = in_study(study, start)
        if origin not in known:
            known[origin] = changed_files(read_run_json(origin) or {}, study, known)
        changed.update(known[origin])
    return sorted(changed)


def code_warnings(changed: dict[tuple[str, str, int], list[str]]) -> list[str]:
    """One line per changed file: how many runs of which methods were made before the change."""
    runs: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (method, _, _), names in changed.items():
        for name in names:
            runs[name][method] += 1
    lines = []
    for name, methods in sorted(runs.items()):
        parts = ", ".join(f"{count} of {method}" for method, count in methods.items())
        total = sum(methods.values())
        lines.append(
            f"scores: warning: {name} changed since {total} run{'s were' if total > 1 else ' was'} made ({parts}); "
            "to compare like with like, run them again: add `-R pretrain prealign finetune` to the command; "
            "what has not changed is put back, not trained again."
        )
    return lines
