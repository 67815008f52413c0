"""A kind of figure is one file and one entry; code and tables redraw figures, words do not."""

from documents import block
from made_up import made_up
from studies import Copy, toy_config

KIND = block("docs/extending.md", "A figure", "python")


def test_one_kind_is_added_and_drawn(tmp_path, toy_dataset):
    copied = Copy(tmp_path)
    (tmp_path / "workflow" / "figures" / "rounds.py").write_text(KIND)
    path = tmp_path / "workflow" / "figures" / "kinds.py"
    path.write_text(path.read_text().replace("KINDS = {\n", 'KINDS = {\n    "rounds": "workflow.figures.rounds",\n', 1))
    config = toy_config(toy_dataset, figures={"how_many": {"kind": "rounds", "methods": ["from_scratch", "marvel"]}})
    out, scores = tmp_path / "results" / "toy" / "figures", tmp_path / "results" / "toy" / "scores.csv"
    scores.parent.mkdir(parents=True)
    made_up(["BallRun"], ["marvel", "from_scratch"], rounds=5).to_csv(scores, index=False)

    def draw(*words: str):
        """Draw it from the scores that are there, whatever made them."""
        target = "results/toy/figures/how_many.pdf"
        return copied.run(config, "--allowed-rules", "figure", "--rerun-triggers", "params", *words, "--", target)

    result = draw()
    assert result.returncode == 0, result.stdout
    assert (out / "how_many.txt").read_text() == "Rounds in raw units of From scratch, Marvel.\n"
    assert (out / "how_many.pdf").stat().st_size > 1000

    module = tmp_path / "workflow" / "figures" / "rounds.py"
    module.write_text(KIND.replace("How many", "The number of").replace("    return", "    # a comment\n    return"))
    curves = tmp_path / "workflow" / "figures" / "curves.py"
    curves.write_text(curves.read_text() + "\nOTHER_KIND = 1\n")
    assert "Nothing to be done" in draw("-n").stdout
    table = tmp_path / "workflow" / "config" / "hyperparameters.tsv"
    before = table.read_text()
    table.write_text(before + "\n" * (not before.endswith("\n\n")))
    assert "how_many.pdf" in draw("-n").stdout
    table.write_text(before)
    module.write_text(KIND.replace("Rounds in", "Rounds counted in"))
    assert "how_many.pdf" in draw("-n").stdout
