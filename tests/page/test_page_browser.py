"""The page in a browser: nothing in the console, the controls change the plots, sorting sorts, it fits a telephone."""

import importlib.util
import json
import shutil

import pytest
from pages import made_up_study

from workflow.page.__main__ import main as write_page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None,
        reason="playwright is not installed: pip install --no-deps -r requirements-test.txt",
    ),
]
LINES = "document.getElementById('{}').data.filter(trace => trace.mode === 'lines' && trace.fill !== 'toself')"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return (made_up_study(tmp_path_factory.mktemp("made")) / "report" / "index.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def opened(browser, address):
    """Opens the page; at the end nothing was said in the console and nothing was asked from a network."""
    said, contexts = [], []

    def opened(width=1280, scheme="light", query=""):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
        page.goto(address + query)
        page.wait_for_selector("html[data-ready=yes]", timeout=60000)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_from_disk_and_fits_its_window(opened, width, scheme):
    page = opened(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for plot in ("plot-curves", "plot-tradeoff", "plot-multipliers"):
        assert page.evaluate(f"document.getElementById('{plot}').data.length") > 2
        assert page.evaluate(f"document.getElementById('{plot}').getBoundingClientRect().width") <= width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_the_first_question_is_answered_before_any_click(opened):
    page = opened(query="?task=BallCircle")
    answer = page.inner_text("#answer")
    assert answer.startswith(("Yes, Marvel", "No, Marvel", "Cannot tell"))
    assert "n = 5 paired seeds" in answer and "95 % t interval" in answer and "C6" in answer
    assert "training episodes are over the limit" in answer and "one offline model" not in answer
    assert page.inner_text("#compare .of-task") == "BallCircle" and page.inner_text("#compare .of-limit") == "20"
    page.select_option("#first", "warm_start")
    page.select_option("#second", "marvel")
    swapped = page.inner_text("#answer")
    assert swapped != answer and ("higher" in swapped) == ("lower" in answer)
    page.click("#answer a[href='#C6']")
    page.wait_for_function("document.getElementById('C6').open")


def test_seeds_that_share_an_offline_model_decide_nothing(browser, tmp_path):
    study = made_up_study(tmp_path)
    model = study / "offline" / "cpq" / "BallCircle" / "seed0" / "run.json"
    model.parent.mkdir(parents=True)
    model.write_text(json.dumps({"method": "cpq", "task": "BallCircle", "seed": 0, "start": None}))
    for seed in range(5):
        folder = study / "runs" / "marvel" / "BallCircle" / f"seed{seed}"
        folder.mkdir(parents=True)
        spec = {
            "method": "marvel",
            "task": "BallCircle",
            "seed": seed,
            "start": "offline/cpq/BallCircle/seed0/checkpoint.pt",
        }
        (folder / "run.json").write_text(json.dumps(spec))
    write_page(["--study", str(study)])
    page = browser.new_page()
    page.goto((study / "report" / "index.html").as_uri() + "?task=BallCircle&second=from_scratch")
    page.wait_for_selector("html[data-ready=yes]", timeout=60000)
    answer = page.inner_text("#answer")
    assert answer.startswith("Not decided: the seeds share an offline model."), answer
    assert "start from one offline model (offline seed 0)" in answer
    page.close()


def test_a_question_about_runs_that_are_not_there_says_so(browser, tmp_path):
    study = made_up_study(tmp_path)
    marvel, warm_start = (["--method", method, "CarRun", "0,1"] for method in ("marvel", "warm_start"))
    write_page(["--study", str(study), *marvel, *warm_start])
    page = browser.new_page()
    page.goto((study / "report" / "index.html").as_uri() + "?task=CarRun")
    page.wait_for_selector("html[data-ready=yes]", timeout=60000)
    answer = page.inner_text("#answer")
    assert answer.startswith("Not known yet: the runs on CarRun are not all made.")
    assert "0 of 2 planned runs of Marvel and 0 of 2 planned runs of Warm Start" in answer
    assert "Runs of both are there on BallRun, BallCircle" in answer
    assert "No run on CarRun is there yet." in page.inner_text("#table [data-task=CarRun]")
    page.close()


def test_controls_change_the_curves(opened):
    page = opened()
    drawn = LINES.format("plot-curves")
    before = page.evaluate(f"JSON.stringify({drawn})")
    count = page.evaluate(f"{drawn}.length")
    # return and cost of the main methods (marvel, warm_start, from_scratch, offline_only) and of one new to the project
    assert count == 2 * 5
    page.select_option("#task", "BallCircle")
    assert page.evaluate(f"JSON.stringify({drawn})") != before
    assert page.inner_text("#curves .of-task") == "BallCircle"
    page.check("#methods input[value=marvel_official]")
    assert page.evaluate(f"{drawn}.length") == count + 2
    page.check("#per-seed")
    assert page.evaluate(f"{drawn}.length") == (count + 2) * 6  # five seeds and the mean
    page.uncheck("#bands")
    assert page.evaluate("document.getElementById('plot-curves').data.every(trace => trace.fill !== 'toself')")
    page.select_option("#metric", "eval_return")
    assert page.evaluate("document.getElementById('plot-curves').layout.yaxis.title.text") == "return (evaluation)"
    page.select_option("#axis", "cumulative_cost")
    assert page.evaluate("document.getElementById('plot-curves').layout.xaxis.title.text") == "cumulative training cost"
    page.click("#methods button[data-choose=none]")
    assert page.evaluate(f"{drawn}.length") == 0


def test_hover_tells_mean_interval_and_n_and_the_legend_hides(opened):
    page = opened()
    trace = f"{LINES.format('plot-curves')}.find(trace => trace.name === 'Marvel')"
    assert "[" in page.evaluate(f"{trace}.customdata[10]") and "n = 5" in page.evaluate(f"{trace}.customdata[10]")
    page.locator("#plot-curves .legendtoggle").first.click()
    page.wait_for_function(f"{trace}.visible === 'legendonly'")


def test_sorting_sorts_by_click_and_by_key(opened):
    page = opened()
    rows = "[...document.querySelectorAll('#table [data-task=BallRun] tbody tr')]"
    column = f"{rows}.map(row => Number(row.children[2].dataset.value))"
    heading = page.locator("#table [data-task=BallRun] thead th").nth(2)
    heading.locator("button").click()
    values = page.evaluate(column)
    assert values == sorted(values, reverse=True) and heading.get_attribute("aria-sort") == "descending"
    heading.locator("button").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(column) == sorted(values) and heading.get_attribute("aria-sort") == "ascending"


def test_the_keyboard_reaches_every_control(opened):
    page = opened()
    reached = set()
    for _ in range(400):
        page.keyboard.press("Tab")
        found = page.evaluate("(({id, tagName, hash}) => id || hash || tagName)(document.activeElement)")
        if found == "BODY":
            break
        reached.add(found)
    wanted = {"task", "first", "second", "metric", "axis", "bands", "per-seed", "log-cost"}
    assert wanted | {"#claims", "SUMMARY", "BUTTON"} <= reached


def test_printed_it_shows_every_task_in_light_colours(opened):
    page = opened(scheme="dark")
    page.emulate_media(media="print")
    assert page.is_visible("#table [data-task=BallRun]") and page.is_visible("#table [data-task=BallCircle]")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(page.pdf()) > 20000
