"""`snakemake --report`: every figure and table with its caption and category, and the page."""

import json
import re

import pytest
from studies import Copy, toy_config

from workflow.report import Caption


@pytest.fixture(scope="module")
def report(tmp_path_factory, toy_dataset) -> tuple[Copy, dict[str, dict], dict]:
    """A copy in which a small study has run, {file: what its report says of it} and its categories."""
    copied = Copy(tmp_path_factory.mktemp("report"))
    config = toy_config(toy_dataset, methods={"from_scratch": {"train": "baselines.from_scratch", "start": "scratch"}})
    config["figures"] = {"final": {"kind": "final"}}
    for words in ((), ("--report", "report.html")):
        result = copied.run(config, *words)
        assert result.returncode == 0, result.stdout
    text = (copied.folder / "report.html").read_text()
    results, categories = (
        json.JSONDecoder().raw_decode(text, re.search(rf"var {name} = (?=\{{\")", text).end())[0]
        for name in ("results", "categories")
    )
    found = {one["name"]: one for one in results.values()}
    return copied, found, categories


def test_every_figure_and_table_is_in_it(report):
    copied, found, categories = report
    base = copied.folder / "results/toy"
    wanted = {
        path.name for path in [*base.glob("figures/*.png"), *base.glob("tables/*.md"), *base.glob("tables/*.csv")]
    }
    assert set(found) == wanted - {"missing.csv"} | {"index.html"}
    assert {"main.md", "main.csv", "claims.md", "verdicts.csv", "final.png", "curves_raw.png"} <= wanted
    assert set(categories) == {"Figures", "Tables", "Page"}
    for name, one in found.items():
        assert len(re.sub("<.*?>", "", one["caption"])) > 30, name


def test_a_caption_is_the_one_beside_the_figure(report):
    copied, found, _ = report
    text = (copied.folder / "results/toy/figures/final.txt").read_text().strip()
    assert re.sub("<.*?>", "", found["final.png"]["caption"]).strip() == text


def test_signs_of_a_page_mean_nothing_in_a_caption(tmp_path):
    page = tmp_path / "main.md"
    page.write_text(
        "# T\n\nOf a_b, `c_` and **bold**, *d*.\n\nUnits:\n\n| a |\n| - |\n\nBetween.\n\n| a |\n| - |\n\nEnd.\n"
    )
    assert Caption(page).text == r"Of a\_b, c\_ and bold, d. End."
