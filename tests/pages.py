"""Studies whose page is tested, and the page's HTML taken apart."""

import base64
import gzip
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

from conftest import ROOT
from made_up import made_up

from workflow.page.__main__ import main as write_page
from workflow.tables.__main__ import main as make_tables

STEPS = ["marvel_official", "step_1", "marvel"]
METHODS = ["marvel", "warm_start", "from_scratch", "offline_only", "marvel_official", "step_1"]
LABELS = {"step_1": "First step"}


def write_tables(study: Path) -> None:
    """The tables that the page reads, made from the study's scores."""
    make_tables(["final", "offline", "claims", "--scores", str(study / "scores.csv")])


def recorded_study(folder: Path) -> Path:
    """A copy of the committed quick study, which has records, with today's tables and its page."""
    study = folder / "results" / "quick"
    shutil.copytree(ROOT / "results" / "reference_quick", study)
    write_tables(study)
    write_page(["--study", str(study)])
    return study


def made_up_study(folder: Path) -> Path:
    """Five seeds of two tasks, one run that diverged and one that is missing, with its page."""
    study = folder / "results" / "made_up"
    study.mkdir(parents=True)
    scores = made_up(["BallRun", "BallCircle"], METHODS, seeds=5, peak=30.0)
    scores["multiplier"] = (scores["train_cost"] / 1000).where(scores["train_cost"] > 20, 0.0)
    run = (scores["method"] == "from_scratch") & (scores["task"] == "BallRun") & (scores["seed"] == 4)
    scores.loc[run, "status"] = "diverged"
    scores = scores[~(run & (scores["round"] > 30))]
    scores.to_csv(study / "scores.csv", index=False)
    write_tables(study)
    words = [word for method in METHODS for word in ("--method", method, "BallRun,BallCircle", "0,1,2,3,4")]
    words += ["--method", "warm_start", "BallCircle", "5"]
    words += ["--steps", "which_option", "BallRun", ",".join(STEPS), "--labels", f"step_1={LABELS['step_1']}"]
    write_page(["--study", str(study), *words])
    return study


class Page(HTMLParser):
    """A page: its links, its ids, and the rows of its tables by the nearest element with `data-task` or an id."""

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.text = path, path.read_text(encoding="utf-8")
        self.links, self.ids, self.sources, self.classes = [], set(), [], []
        self.rows: dict[str, list[list[str]]] = {}
        self._place, self._cell, self._script, self.scripts = "", None, None, {}
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if "id" in found:
            self.ids.add(found["id"])
        if tag == "a":
            self.links.append(found["href"])
        self.sources += [found[name] for name in ("src", "srcset", "data") if name in found]
        if tag == "link":
            self.sources.append(found["href"])
        if tag == "section":
            self._place = found["id"]
        if tag == "details" and "claim" in found.get("class", ""):
            self._place = found["id"]
        if tag == "div" and "data-task" in found:
            self._place = f"{self._place.split(' ')[0]} {found['data-task']}"
        if tag == "tr":
            self.rows.setdefault(self._place, []).append([])
        if tag in ("td", "th"):
            self._cell = ""
        if tag == "script":
            self._script = found.get("id", "code")

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data
        if self._script:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[self._place][-1].append(" ".join(self._cell.split()))
            self._cell = None
        if tag == "script":
            self._script = None

    def data(self, name: str) -> dict:
        """What a packed script holds."""
        return json.loads(gzip.decompress(base64.b64decode(self.scripts[name])))
