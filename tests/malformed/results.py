"""Results of other programs: progress.csv, and the run.json that may lie beside it."""

from malformed import World, save
from marvel.errors import InputError
from marvel.run.__main__ import main
from marvel.run.progress import COLUMNS
from workflow.runs.scores import score_run

EVALUATION = {"eval_return": 1.5, "eval_cost": 2.0, "eval_return_std": 0.1, "eval_cost_std": 0.1, "eval_episodes": 2}
LOSSES = {"multiplier": 0.1, "reward_q": 0.5, "cost_q": 0.5}
FIRST = dict.fromkeys(COLUMNS[:4], 0) | {
    "train_return": "",
    "train_cost": "",
    "train_violations": 0,
    "cumulative_cost": 0,
}
FIRST |= EVALUATION | dict.fromkeys(LOSSES, "")
ROWS = [
    FIRST,
    FIRST | LOSSES | dict(zip(COLUMNS, (1, 5, 150, 20, -3.5, 4.0, 2, 20.0), strict=False)),
    FIRST | LOSSES | dict(zip(COLUMNS, (2, 10, 300, 40, -3.0, 5.0, 3, 45.0), strict=False)),
]


def text(rows=ROWS, columns=COLUMNS) -> str:
    """Rows as CSV."""
    lines = [",".join(columns), *(",".join(str(row[name]) for name in columns) for row in rows)]
    return "\n".join(lines) + "\n"


GOOD = text()
FINITE = "it must be a finite number, at most 3.4e+38 in size, or empty where nothing was measured."
# A text or bytes are progress.csv, a mapping changes its last row, (0, mapping) its first one, a list is what follows
# --check, a set holds a run.json.
CASES = [
    ("", "is not a readable CSV file"),
    ("hello", "lacks the column(s) round"),
    (text([]), "has no rows"),
    (GOOD.encode("utf-16"), "it is no UTF-8 text"),
    (GOOD.encode() + b"\xe9", "it is no UTF-8 text"),
    (GOOD.replace(",", ";"), "lacks the column(s)"),
    (GOOD.replace("cost_q", "reward_q", 1), "lacks the column(s) cost_q"),
    (text(columns=[*COLUMNS, "cost_q"]), "has the column cost_q twice; keep one."),
    (GOOD[:-30], "cells in row 2, but its header 16."),
    (GOOD[:-2], "ends within a line, so it may be cut off; end its last row with a line break."),
    (GOOD.rstrip(), "ends within a line"),
    (GOOD + GOOD, "in row 3"),
    (GOOD.replace("-3.5", '"-3.5'), "is not a readable CSV file"),
    (GOOD.rstrip() + ",7\n", "is not a readable CSV file"),
    ({"env_steps": 150.7}, "has 150.7 as env_steps in row 2; it must be a whole number, at most 2^53."),
    ({"episodes": 9.5}, "has 9.5 as episodes in row 2; it must be a whole number, at most 2^53."),
    ({"train_violations": 2.5}, "has 2.5 as train_violations in row 2; it must be a whole number, at most 2^53."),
    ({"train_cost": -20}, "has -20.0 as train_cost in row 2; it must be 0 or more."),
    ({"eval_cost": -1}, "has -1.0 as eval_cost in row 2; it must be 0 or more."),
    ({"eval_return_std": -0.1}, "has -0.1 as eval_return_std in row 2; it must be 0 or more."),
    ({"multiplier": -1}, "has -1.0 as multiplier in row 2; it must be 0 or more."),
    ({"train_return": "1e300"}, f"has 1e+300 as train_return in row 2; {FINITE}"),
    ({"train_return": "nan"}, f"has 'nan' as train_return in row 2; {FINITE}"),
    ({"eval_return": "NA"}, f"has 'NA' as eval_return in row 2; {FINITE}"),
    ({"reward_q": "-inf"}, "as reward_q in row 2; it must be a finite number"),
    ({"cost_q": "0x10"}, f"has '0x10' as cost_q in row 2; {FINITE}"),
    ({"updates": "True"}, f"has 'True' as updates in row 2; {FINITE}"),
    ({"updates": ""}, "has no updates in row 2"),
    ({"train_cost": ""}, "has no train_cost in row 2; only row 0 may leave training columns empty."),
    ({"round": 3}, "has round 3 in row 2; rounds must count 0, 1, 2, ..."),
    ({"env_steps": 150}, "goes from env_steps 150 to 150 in row 2; it must strictly increase."),
    ({"episodes": 5}, "goes from episodes 5 to 5 in row 2; it must strictly increase."),
    ({"updates": 10}, "goes from updates 20 to 10 in row 2; it must not fall."),
    ({"env_steps": 152}, "has fewer environment steps than episodes in row 2."),
    ({"env_steps": 310}, "has episodes of more than 30 environment steps in row 2."),
    ({"train_violations": 8}, "has more train_violations than episodes in row 2."),
    ({"train_violations": 1}, "has train_violations that fall in row 2."),
    ({"cumulative_cost": 21}, "has another rise of cumulative_cost than its episodes times train_cost in row 2."),
    ({"cumulative_cost": 20, "train_cost": 0}, "has train_violations, but no cost in row 2."),
    (
        {"train_violations": 7, "cumulative_cost": 40, "train_cost": 4},
        "has less cost than the limit, 5, for each of its",
    ),
    (
        {"train_violations": 2, "cumulative_cost": 70, "train_cost": 10},
        "has a mean cost above the limit, 5, but no train_v",
    ),
    ({"eval_episodes": ""}, "has an evaluation without eval_episodes in row 2; give all or none."),
    ({"eval_return": ""}, "has an evaluation without eval_return in row 2; give all or none."),
    ((0, {"env_steps": 10}), "starts at env_steps 10; row 0 is the start policy after 0 steps."),
    ((0, {"episodes": 1}), "starts at episodes 1"),
    ((0, {"cumulative_cost": 5}), "starts at cumulative_cost 5"),
    (["nowhere.csv"], "nowhere.csv does not exist; run this method, task and seed first."),
    (["/"], "/ cannot be read (Is a directory); name a progress.csv."),
    (["\0"], "cannot be read (embedded null byte)"),
    (["{good}", "--steps=301", "--task=Toy"], "ends at 300 environment steps, but the budget is 301 to 330"),
    (["{good}", "--steps=200", "--task=Toy"], "ends at 300 environment steps, but the budget is 200 to 229"),
    (["{good}", "--steps=0"], "the budget is 0; it must be at least 1 environment step."),
    (["{good}", "--task=Tou"], "there is no task 'Tou'; did you mean Toy"),
    (["{good}", "--cost-limit=nan"], "--cost-limit: cost_limit is nan; it must be a finite number >= 0 or null."),
    ({"[1]"}, "run.json is no JSON object: it is [1]"),
    ({"null"}, "run.json is no JSON object: it is null"),
    ({"{"}, "run.json is no JSON"),
    ({'{"a":' * 100_000}, "run.json is nested too deeply"),
    ({'{"seed": 0, "seed": 1}'}, "run.json: given twice: seed"),
    ({'{"method": "other"}'}, "run.json says method 'other', but its folder is that of method 'm'."),
    ({'{"seed": "0"}'}, "run.json says seed '0', but its folder is that of seed 0."),
    ({'{"cost_limit": []}'}, "run.json: cost_limit is []; it must be a finite number >= 0."),
    ({'{"cost_limit": NaN}'}, "run.json: cost_limit is nan"),
    ({'{"cost_limit": null}'}, "run.json gives no cost_limit; add it there or pass --cost-limit."),
    ({'{"cost_limit": 5, "start": 5}'}, "run.json: start is 5; it must be text or null."),
    ({'{"cost_limit": 5, "record": []}'}, "run.json: record is []; it must be a mapping."),
    ({'{"cost_limit": 5, "record": {"code": [1]}}'}, "run.json: code is [1]; it must be a mapping."),
    ({'{"cost_limit": 5, "record": {"status": "great"}}'}, "status is 'great'; it must be one of finished, diverged."),
    (
        {'{"cost_limit": 5, "record": {"outputs": {"progress.csv": "00"}}}'},
        "progress.csv is not the file that its run wrote (run.json beside it has another SHA-256)",
    ),
]


def give(given, world: World, capfd) -> None:
    """Score a run, or check a file on the command line."""
    folder = world.folder / "m" / "Toy" / "seed0"
    folder.mkdir(parents=True)
    content = given if isinstance(given, str | bytes) else GOOD
    if isinstance(given, dict):
        content = text([*ROWS[:-1], ROWS[-1] | given])
    if isinstance(given, tuple):
        content = text([ROWS[0] | given[1], *ROWS[1:]])
    path = save(folder, "progress.csv", content)
    if isinstance(given, list):
        assert main(["--check", *(word.replace("{good}", str(path)) for word in given)]) == 1
        raise InputError(capfd.readouterr().err.removeprefix("error: ").removesuffix("\n"))
    if isinstance(given, set):
        save(folder, "run.json", given.copy().pop())
    score_run(folder, "m", "Toy", 0, 5.0)
