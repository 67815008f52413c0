"""Scores in, figures out; nothing is trained to redraw one.

    python -m workflow.scripts.figures curves --scores results/quick/scores.csv --out results/quick/figures/curves \
        --units raw

writes curves.pdf, curves.png and curves.txt, the caption.
"""

import argparse
import sys
from pathlib import Path

from workflow.scripts import style
from workflow.scripts.curves import POINTS, SOURCES, X_LABELS, draw_curves
from workflow.scripts.scores import read_scores, write_atomic


def main(arguments: list[str] | None = None) -> None:
    """Draw a figure and write its caption."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    kinds = parser.add_subparsers(dest="figure", required=True)
    curves = kinds.add_parser("curves", help="learning curves, return above cost")
    curves.add_argument("--scores", type=Path, required=True)
    curves.add_argument("--out", type=Path, required=True, help="path without ending; .pdf, .png and .txt are written")
    curves.add_argument("--units", choices=["raw", "normalized"], default="raw")
    curves.add_argument("--source", choices=list(SOURCES), default="train")
    curves.add_argument("--x", choices=list(X_LABELS), default="env_steps")
    curves.add_argument("--window", type=int, default=1, help="rounds in a moving average (published: 10)")
    curves.add_argument("--points", type=int, default=POINTS, help="most points per curve")
    curves.add_argument("--methods", nargs="+", help="only these methods")
    curves.add_argument("--tasks", nargs="+", help="only these tasks")
    options = parser.parse_args(arguments)
    scores = read_scores(options.scores)
    for column, wanted in (("method", options.methods), ("task", options.tasks)):
        if wanted:
            unknown = sorted(set(wanted) - set(scores[column]))
            if unknown:
                raise ValueError(
                    f"{options.scores} has no {column} {unknown[0]}; it has {', '.join(scores[column].unique())}."
                )
            scores = scores[scores[column].isin(wanted)]
    if min(options.window, options.points) < 1:
        raise ValueError("--window and --points must be at least 1.")
    figure, text = draw_curves(scores, options.units, options.source, options.x, options.window, options.points)
    paths = style.save(figure, options.out)
    paths.append(options.out.with_name(f"{options.out.name}.txt"))
    write_atomic(paths[-1], text + "\n")
    print(*paths, sep="\n")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"figures: {error}")
