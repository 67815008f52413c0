"""Scores in, figures out; nothing is trained to redraw one.

    python -m workflow.figures curves --scores results/quick/scores.csv --out results/quick/figures/curves_raw \
        --units raw

writes curves_raw.pdf, curves_raw.png and curves_raw.txt, the caption. The options are the keys of a line of `figures:`
in a study's config.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from marvel.errors import InputError
from workflow.figures import style
from workflow.figures.compute import draw_compute
from workflow.figures.curves import POINTS, ROWS, SOURCES, X_LABELS, draw_curves
from workflow.figures.offline import draw_offline, read_offline
from workflow.figures.sparsity import draw_sparsity
from workflow.figures.summary import draw_aggregate, draw_improvement, draw_profiles
from workflow.figures.sweeps import draw_limits, draw_steps
from workflow.runs.scores import read_scores
from workflow.statistics.per_seed import per_seed

KINDS = {
    "curves": "learning curves: return above cost, above the multiplier",
    "aggregate": "interquartile means over tasks and seeds",
    "profiles": "performance profiles",
    "improvement": "probability of improvement over a reference",
    "limits": "return and cost against the cost limit",
    "steps": "what each option changes between two methods",
    "compute": "processor time per method",
    "offline": "evaluations during offline training",
    "sparsity": "reward and cost of an offline dataset's state-actions",
}


def parser() -> argparse.ArgumentParser:
    """One subcommand a kind; an option that a kind does not know is refused."""
    made = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    kinds = made.add_subparsers(dest="kind", required=True)
    for name, text in KINDS.items():
        kind = kinds.add_parser(name, help=text)
        kind.add_argument("--out", type=Path, required=True, help="path without ending; .pdf, .png, .txt are written")
        kind.add_argument("--tasks", nargs="+", help="only these tasks")
        if name == "sparsity":
            kind.add_argument("--datasets", type=Path, nargs="+", required=True, help="one file a task, in their order")
            continue
        if name == "offline":
            kind.add_argument("--progress", type=Path, nargs="+", required=True, help="progress.csv of offline runs")
            kind.add_argument("--cost-limit", type=float, required=True)
            continue
        kind.add_argument("--scores", type=Path, nargs="+", required=True, help="several studies in `limits` alone")
        kind.add_argument("--methods", nargs="+", help="only these methods; in `steps` their order")
        if name in ("curves", "aggregate", "profiles", "improvement"):
            kind.add_argument("--sweep", action="store_true", help="colour the methods by their order on a scale")
        if name == "improvement":
            kind.add_argument("--reference", default="warm_start")
        if name == "compute":
            kind.add_argument("--runs", type=Path, required=True, help="folder of the runs' records")
        if name == "curves":
            kind.add_argument("--units", choices=["raw", "normalized"], default="raw")
            kind.add_argument("--source", choices=list(SOURCES), default="train")
            kind.add_argument("--x", choices=list(X_LABELS), default="env_steps")
            kind.add_argument("--window", type=int, default=1, help="rounds in a moving average (official: 10)")
            kind.add_argument("--points", type=int, default=POINTS, help="most points per curve")
            kind.add_argument("--rows", nargs="+", choices=list(ROWS), default=["return", "cost"])
    return made


def select(scores: pd.DataFrame, methods: list[str] | None, tasks: list[str] | None, where: str) -> pd.DataFrame:
    """The rows of some methods and tasks.

    Raises:
        InputError: the scores lack one of them.
    """
    for column, wanted in (("method", methods), ("task", tasks)):
        if wanted:
            unknown = sorted(set(wanted) - set(scores[column]))
            if unknown:
                raise InputError(f"{where} has no {column} {unknown[0]}; it has {', '.join(scores[column].unique())}.")
            scores = scores[scores[column].isin(wanted)]
    return scores


def draw(options: argparse.Namespace):
    """The figure and its caption."""
    if options.kind == "sparsity":
        from marvel.datasets import read

        if len(options.datasets) != len(options.tasks or []):
            raise InputError("sparsity needs --tasks and --datasets of equal number, in the same order.")
        files = dict(zip(options.tasks, options.datasets, strict=True))
        return draw_sparsity({task: read(path, task) for task, path in files.items()}, origins(files))
    if options.kind == "offline":
        rows = read_offline(options.progress, options.cost_limit)
        return draw_offline(select(rows, None, options.tasks, "--progress"))
    if len(options.scores) > 1 and options.kind != "limits":
        raise InputError(f"{options.kind} draws one study; {len(options.scores)} scores were given.")
    frames = [read_scores(path) for path in options.scores]
    scores = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    if options.kind != "limits" or options.methods:
        scores = select(scores, options.methods, options.tasks, str(options.scores[0]))
    sweep = options.methods if getattr(options, "sweep", False) else None
    if options.kind == "curves":
        if min(options.window, options.points) < 1:
            raise InputError("--window and --points must be at least 1.")
        settings = (
            options.units,
            options.source,
            options.x,
            options.window,
            options.points,
            tuple(options.rows),
            sweep,
        )
        return draw_curves(scores, *settings)
    if options.kind == "compute":
        return draw_compute(scores, options.runs)
    seeds = per_seed(scores)
    if options.kind == "improvement":
        return draw_improvement(seeds, options.reference, sweep)
    if options.kind == "limits":
        return draw_limits(seeds)
    if options.kind == "steps":
        return draw_steps(seeds, options.methods or list(dict.fromkeys(seeds["method"])))
    return {"aggregate": draw_aggregate, "profiles": draw_profiles}[options.kind](seeds, sweep)


def origins(files: dict[str, Path]) -> dict[str, str]:
    """A word for where each dataset comes from: collected here, or the downloaded file's own name."""
    return {
        task: "collected by this study" if path.with_name("run.json").is_file() else path.resolve().name
        for task, path in files.items()
    }


def main(arguments: list[str] | None = None) -> None:
    """Draw a figure and write its caption."""
    options = parser().parse_args(arguments)
    figure, text = draw(options)
    style.save(figure, text, options.out)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"figures: {error}")
