"""Scores, tables and figures of the runs that a study has, whole or in part; nothing is trained or collected.

    ./run python -m workflow.redraw workflow/config/reference.yaml

For a study in which runs failed, or a clone that has a study's rows and records but no checkpoints: Snakemake would
first make what is missing there. This calls what the rules call. Planned runs that are missing, or whose rows are not
those that they wrote, are left out of scores.csv and named in tables/missing.csv, below the title of each table and in
each caption. A figure that cannot be drawn without them is removed, and the reason printed.
"""

import argparse
import os
import shlex
import sys
import tempfile
from pathlib import Path

import pandas as pd
import yaml
from snakemake.utils import update_config

from marvel.errors import InputError
from marvel.files import write_atomically
from workflow.captions import missing_sentence
from workflow.figures import __main__ as figures
from workflow.figures import scatter
from workflow.figures.entries import figure_command
from workflow.figures.kinds import kind
from workflow.names import named
from workflow.page import __main__ as page
from workflow.page.command import page_words
from workflow.runs.missing import absent
from workflow.runs.scores import score_runs, write_scores
from workflow.study import Study
from workflow.tables import TABLES
from workflow.tables.__main__ import draw as draw_table
from workflow.tables.source import Source
from workflow.validation import check_file

RUN = ["method", "task", "seed"]
ENDINGS = (".pdf", ".png", ".txt")


def read_study(files: list[Path], name: str | None = None) -> Study:
    """The study of config files, of which later ones change earlier ones as in Snakemake.

    Args:
        files: YAML.
        name: its folder below results/, if it is another than the config says.

    Raises:
        InputError: One sentence on what is wrong.
    """
    config: dict = {}
    for path in files:
        check_file(path)
        update_config(config, yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {})
    return Study(config | ({"study": name} if name else {}))


def redraw_scores(study: Study) -> Source:
    """Write scores.csv and tables/missing.csv; returns what tables are made from."""
    scores, missing, warnings = score_runs(Path(study.base, "runs"), study.runs, study.cost_limit, stages_of(study))
    for line in warnings:
        print(line, file=sys.stderr)
    out = Path(study.base, "scores.csv")
    write_scores(out, scores, missing)
    if len(absent(missing)):  # older than any of its runs, so that Snakemake does not take it for the whole study's
        oldest = min(path.stat().st_mtime for path in Path(study.base, "runs").glob("*/*/seed*/progress.csv"))
        os.utime(out, (oldest - 1, oldest - 1))
    planned = [Path(study.base, "ranks", task, f"seed{seed}.csv") for task, seed in ranked(study)]
    return Source(out, [path for path in planned if path.is_file()], study.labels)


def stages_of(study: Study) -> dict[tuple[str, str, int], list[Path]]:
    """{run: folders of the stages that it starts from, the first one first}."""
    found = {}
    for method, task, seed in study.runs:
        entry = study.config["methods"][method]
        starts = [study.start(method, task, seed)]
        if entry.get("start") == "prealigned":
            starts.insert(0, study.offline_checkpoint(entry["offline"], task, seed))
        found[method, task, seed] = [Path(start).parent for start in starts if start]
    return found


def ranked(study: Study) -> list[tuple[str, int]]:
    """(task, seed) of all Monte-Carlo ranks that the study plans."""
    return [(task, seed) for task in study.ranks["tasks"] for seed in study.ranks["seeds"]] if study.ranks else []


def redraw_tables(study: Study, source: Source) -> None:
    """Write all tables of the study."""
    folder = Path(study.base, "tables")
    for name in TABLES:
        if name != "ranks" or source.ranks:
            draw_table(name, source, folder)
    if study.ranks and len(source.ranks) < len(ranked(study)):
        print(f"redraw: {len(source.ranks)} of {len(ranked(study))} Monte-Carlo ranks (Table 1) are there.")


def redraw_figures(study: Study, source: Source) -> None:
    """Draw all figures of the study, each from the runs of its own that are there."""
    there = study.offline_progress
    study.offline_progress = lambda tasks: [path for path in there(tasks) if Path(path).is_file()]
    for name in list(study.figures):
        out = Path(study.base, "figures", name)
        try:
            shown = narrow(study, name, source)
            with tempfile.TemporaryDirectory() as folder:
                words = shlex.split(figure_command(study, name))
                if len(shown) < len(source.scores):
                    part = Path(folder, "scores.csv")
                    shown.to_csv(part, index=False)
                    words = [str(part) if word == str(source.path) else word for word in words]
                figures.main([*words, "--out", str(out)])
            tell(study, name, source, shown, out)
        except InputError as reason:
            remove(out, str(reason))


def narrow(study: Study, name: str, source: Source) -> pd.DataFrame:
    """Leave methods and tasks without a run out of a figure's entry, and out of a mean over tasks the incomplete seeds.

    Returns:
        The rows of scores.csv that the figure is made from.

    Raises:
        InputError: None of its runs is there.
    """
    entry, scores = study.figures[name], source.scores
    if entry["kind"] == "sparsity":
        entry["tasks"] = [task for task in entry["tasks"] if Path(study.dataset(task)).is_file()]
        if not entry["tasks"]:
            raise InputError("none of its datasets is there.")
    if entry["kind"] == "offline":
        entry["tasks"] = [task for task in entry["tasks"] if study.offline_progress([task])]
        if not entry["tasks"]:
            raise InputError("no progress.csv of offline training is there.")
    if "scores" not in kind(entry["kind"]).inputs or "methods" not in entry:
        return scores
    if absent(source.missing).empty:
        return scores
    shown = scores[scores["method"].isin(entry["methods"]) & scores["task"].isin(entry.get("tasks", study.tasks))]
    if kind(entry["kind"]).over_tasks:
        runs = shown[RUN].drop_duplicates()
        whole = runs.groupby(["method", "seed"])["task"].transform("size") == runs["task"].nunique()
        shown = shown.merge(runs[whole], on=RUN)
    if entry["kind"] == "steps":
        has_all = shown.groupby("task")["method"].transform("nunique") == shown["method"].nunique()
        shown = shown[has_all]
    if shown.empty:
        raise InputError("none of the runs that it needs is there.")
    entry["methods"] = [method for method in entry["methods"] if method in set(shown["method"])]
    if "tasks" in entry:
        entry["tasks"] = [task for task in entry["tasks"] if task in set(shown["task"])]
    return shown


def tell(study: Study, name: str, source: Source, shown: pd.DataFrame, out: Path) -> None:
    """Add to a figure's caption how many of its planned runs it is made of, and which are missing."""
    entry = Study(study.config).figures[name]  # as planned
    if "scores" not in kind(entry["kind"]).inputs:
        note = ""
        if entry["kind"] == "offline":
            planned, there = (of.offline_progress(entry["tasks"]) for of in (Study(study.config), study))
            note = f"Made of {len(there)} of {len(planned)} planned runs." if len(there) < len(planned) else ""
    else:
        missing, scores = source.missing, source.scores
        for column, key in (("method", "methods"), ("task", "tasks")):
            if key in entry:
                missing, scores = (frame[frame[column].isin(entry[key])] for frame in (missing, scores))
        note = missing_sentence(missing, scores, shown)
        if kind(entry["kind"]).over_tasks and len(shown) < len(scores):
            note += " Of each method only seeds that have all tasks are shown."
    if note:
        caption = out.with_name(f"{out.name}.txt")
        text = f"{caption.read_text(encoding='utf-8').rstrip()} {named(note, study.labels, source.methods)}\n"
        write_atomically(caption, text.encode())


def redraw_datasets(study: Study) -> None:
    """Draw the page of all datasets, from those that are there with their cards."""
    out = Path(study.base, "figures", "datasets")
    files = [Path(study.base, "data", task, "dataset.hdf5") for task in study.tasks]
    files = [str(path) for path in files if path.is_file() and path.with_name("card.json").is_file()]
    if not files:
        return remove(out, "no dataset with its card is there.")
    words = ["--datasets", *files, "--out", str(out), "--table", f"{study.base}/tables/datasets.csv"]
    return scatter.main([*words, "--filters", *study.config["dataset"].get("filters", {})])


def redraw_page(study: Study) -> None:
    """Write the study's page, from the tables that were just made."""
    page.main(page_words(study))


def remove(out: Path, reason: str) -> None:
    """Say why a figure is not drawn, and remove an earlier one, which would show other runs than the tables."""
    print(f"redraw: {out} is not drawn: {reason}")
    for ending in ENDINGS:
        out.with_name(out.name + ending).unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> None:
    """Redraw a study."""
    parser = argparse.ArgumentParser(prog="python -m workflow.redraw", description=__doc__.split("\n")[0])
    parser.add_argument("config", type=Path, nargs="+", help="of the study; of several, later ones change earlier")
    parser.add_argument("--study", help="its folder below results/, if it is another than the config's `study`")
    options = parser.parse_args(arguments)
    study = read_study(options.config, options.study)
    source = redraw_scores(study)
    redraw_tables(study, source)
    redraw_figures(study, source)
    if study.needs_data():
        redraw_datasets(study)
    redraw_page(study)


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(f"redraw: {error}")
