"""Pages in LaTeX: what becomes of Markdown, and that every table fits a page."""

import re
import shutil
import subprocess

import pytest
from made_runs import tables
from made_up import made_up

from workflow.tables.latex import ROWS, latex

MADE = ("main", "final", "offline", "compare", "claims")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Tables of many methods with long names on tasks of three suites."""
    study = tmp_path_factory.mktemp("study")
    methods = ["marvel", "warm_start", "vpa_dual_ascent_official", "offline_only", *(f"variant_{n}" for n in range(50))]
    tasks = ["BallRun", "CarRun", "HopperVelocity", "AntVelocity", "CarGoal1", "PointPush2"]
    made_up(tasks, methods, seeds=2, rounds=5).to_csv(study / "scores.csv", index=False)
    return tables(study, *MADE)


def test_markdown_in_latex():
    page = "# A & B\n\nSee `a_b` and *c*, [here](x.md): 5 %.\n\n| | x_1 |\n| :-- | --: |\n| `m` | **1** *2* |\n"
    text = latex(page)
    assert r"\section*{A \& B}" in text and r"See \texttt{a\_b} and \emph{c}, here: 5 \%." in text
    assert r"\begin{tabular}{lr}" in text and r"\texttt{m} & \textbf{1} \textcolor{gray}{2} \\" in text


def test_intervals_are_small_and_names_with_brackets_are_not():
    text = latex("| | x |\n| :-- | --: |\n| SO2 (BEAR-Lag) | **0.10** [0.05, 0.15] (2 of 5) |\n")
    assert r"SO2 (BEAR-Lag) & \textbf{0.10} {\tiny [0.05, 0.15] (2 of 5)} \\" in text


def test_wide_and_long_tables_are_cut_and_lose_nothing():
    names = [f"a task of number {n}" for n in range(20)]
    rows = [[f"m{row}", *(f"{row}.{n} [{row}.0, {row}.9]" for n in range(20))] for row in range(60)]
    lines = [["", *names], [":--"] + ["--:"] * 20, *rows]
    text = latex("\n".join("| " + " | ".join(line) + " |" for line in lines))
    parts = re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end", text, flags=re.S)
    assert len(parts) >= 4 and max(len(columns) for columns, _ in parts) <= 7
    assert all(body.count(r"\\") <= ROWS + 1 for _, body in parts)
    for row in rows:
        of_row = [line for _, body in parts for line in body.splitlines() if line.startswith(f"{row[0]} &")]
        shown = [cell for line in of_row for cell in re.sub(r" \{\\tiny ([^}]*)\}", r" \1", line[:-3]).split(" & ")[1:]]
        assert shown == row[1:]


@pytest.mark.parametrize("name", MADE)
def test_every_page_has_balanced_braces_and_full_rows(made, name):
    text = (made / f"{name}.tex").read_text()
    assert len(re.findall(r"(?<!\\)\{", text)) == len(re.findall(r"(?<!\\)\}", text))
    found = re.findall(r"\\begin\{tabular\}\{([^\n]*)\}\n(.*?)\\end", text, flags=re.S)
    assert found or name == "offline"
    for columns, body in found:
        count = len(re.sub(r">\{.*?\}p\{.*?\}", "p", columns))
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {count - 1}


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no LaTeX here")
@pytest.mark.parametrize("name", MADE)
def test_every_page_compiles_and_nothing_runs_over_its_edges(made, name, tmp_path):
    (tmp_path / "page.tex").write_text(
        "\\documentclass{article}\n\\usepackage{array,booktabs,graphicx,xcolor}\n\\begin{document}\n"
        f"\\input{{{made / name}.tex}}\n\\end{{document}}\n"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if "booktabs.sty' not found" in result.stdout:
        pytest.skip("this LaTeX has no booktabs")
    assert result.returncode == 0 and "Overfull" not in result.stdout, result.stdout[-2000:]
