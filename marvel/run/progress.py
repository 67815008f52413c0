"""progress.csv and episodes.csv: what their columns mean, how they are written, and how a result is checked."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from marvel.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# Columns of progress.csv, all in raw units; an empty cell means "not measured in this round".
COLUMNS = (
    "round",
    "episodes",
    "env_steps",
    "updates",
    "train_return",  # mean undiscounted return of the round's training episodes (stochastic policy)
    "train_cost",
    "train_violations",  # training episodes so far whose cost exceeded the limit
    "cumulative_cost",  # all training costs so far
    "eval_return",  # deterministic policy, distinct episodes
    "eval_cost",
    "eval_return_std",
    "eval_cost_std",
    "eval_episodes",
    "multiplier",
    "reward_q",  # mean target of the last minibatch, in the critics' units; empty in a round without updates
    "cost_q",
)
COUNTS = ["round", "episodes", "env_steps", "updates"]
# Columns of episodes.csv, a row per episode in the order of playing; optional for programs that are none of ours.
EPISODE_COLUMNS = (
    "round",  # of an offline stage: the chunk of updates after which it was played
    "kind",  # train (stochastic policy) or eval (deterministic)
    "steps",
    "return",  # undiscounted, raw units
    "cost",
)
TRAINING = ["train_return", "train_cost", "train_violations", "cumulative_cost"]  # never empty after row 0
EVALUATION = ["eval_return", "eval_cost", "eval_return_std", "eval_cost_std", "eval_episodes"]  # all or none in a row
WHOLE = [*COUNTS, "train_violations", "eval_episodes"]  # numbers of something
SIGNED = ["train_return", "eval_return", "reward_q", "cost_q"]  # all others are 0 or more
LARGEST = 3.4e38  # about float32's, in which all of this is computed


def progress_bytes(rows: list[dict]) -> bytes:
    """Rows as CSV: full precision, no clock, empty cells for what was not measured."""
    present = {key for row in rows for key in row}
    columns = [name for name in COLUMNS if name in present] + sorted(present - set(COLUMNS))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in rows)
    return text.getvalue().encode()


def episodes_bytes(episodes: list[tuple]) -> bytes:
    """Episodes, in the order of `EPISODE_COLUMNS`, as CSV in full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(EPISODE_COLUMNS)
    writer.writerows(episodes)
    return text.getvalue().encode()


def check_budget(path: Path, rows: "pd.DataFrame", steps: int, longest: int | None = None) -> None:
    """Refuse a result that did not play the budget: whole episodes until `steps` environment steps are reached.

    Args:
        path: Where the rows came from.
        rows: From `read_progress`.
        steps: The budget.
        longest: The task's time limit, by which less than one episode may lie above the budget; None asks instead that
            no row before the last one has reached it.

    Raises:
        InputError: Too few or too many steps, or a budget below 1.
    """
    played = int(rows["env_steps"].iloc[-1])
    if steps < 1:
        raise InputError(f"the budget is {steps}; it must be at least 1 environment step.")
    before = int(rows["env_steps"].iloc[-2]) if len(rows) > 1 else 0
    most = steps + longest - 1 if longest else None
    if played < steps or (most is None and before >= steps) or (most is not None and played > most):
        allowed = f"{steps:,} to {most:,}" if most else f"{steps:,}, reached in the last row and not before"
        raise InputError(
            f"{path} ends at {played:,} environment steps, but the budget is {allowed}; "
            "play whole episodes until it is reached."
        )


def read_progress(path: Path, longest: int | None = None, cost_limit: float | None = None) -> "pd.DataFrame":
    """Read and check one run's progress.csv, whoever wrote it: `read_columns` as a frame (rounds, 16)."""
    import pandas as pd  # here, since every run imports this module and none needs pandas

    return pd.DataFrame(read_columns(path, longest, cost_limit))


def read_columns(path: Path, longest: int | None = None, cost_limit: float | None = None) -> dict[str, np.ndarray]:
    """Read and check one run's progress.csv, whoever wrote it.

    Args:
        path: the file; one row per round, columns as in `COLUMNS` (others are ignored), raw units, empty = missing.
        longest: the task's time limit, if episodes are to be held to it.
        cost_limit: the run's, if violations are to be held to it.

    Returns:
        {column: (rounds,)} in the order of `COLUMNS`; counts are integers, the rest float64.

    Raises:
        InputError: the file is missing or breaks the contract; one sentence says where and how.
    """
    import pandas as pd

    text = _text(path)
    try:
        frame = pd.read_csv(io.StringIO(text), float_precision="round_trip", keep_default_na=False, na_values=[""])
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise InputError(f"{path} is not a readable CSV file ({str(error).strip()}).") from None
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise InputError(f"{path} lacks the column(s) {', '.join(missing)}; it needs {', '.join(COLUMNS)}.")
    if frame.empty:
        raise InputError(f"{path} has no rows; row 0 is the policy before any training.")
    _check_lines(path, text)
    columns = {name: _numbers(path, name, frame[name]) for name in COLUMNS}
    _check_counts(path, columns)
    _check_sums(path, columns, longest, cost_limit)
    return columns | {name: columns[name].astype(np.int64) for name in COUNTS}


def _numbers(path: Path, name: str, cells: "pd.Series") -> np.ndarray:
    """A column as float64, nan where nothing was measured.

    Raises:
        InputError: A cell that is no number, or none that this column can have.
    """
    import pandas as pd

    if cells.dtype in (np.float64, np.int64):  # thousands of runs are read, and pandas is slow on short columns
        values = cells.to_numpy(np.float64)
        wrong = np.abs(values) > LARGEST
    else:
        texts = cells.astype(str) if cells.dtype == bool else cells
        values = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
        wrong = (np.abs(values) > LARGEST) | (np.isnan(values) & cells.notna().to_numpy())
    rules = [(wrong, f"a finite number, at most {LARGEST:g} in size, or empty where nothing was measured")]
    if name in WHOLE:
        rules.append(((values % 1 > 0) | (values > 2**53), "a whole number, at most 2^53"))
    if name not in SIGNED:
        rules.append((values < 0, "0 or more"))
    for broken, rule in rules:
        if broken.any():
            row = int(broken.argmax())
            value = cells.iloc[row]
            value = value if isinstance(value, str) else float(value)
            raise InputError(f"{path} has {value!r} as {name} in row {row}; it must be {rule}.")
    if name in COUNTS or name in TRAINING:
        holes = np.isnan(values)
        holes[0] &= name in COUNTS
        if holes.any():
            row = int(holes.argmax())
            raise InputError(f"{path} has no {name} in row {row}; only row 0 may leave training columns empty.")
    return values


def _text(path: Path) -> str:
    """The file's text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run this method, task and seed first.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a readable CSV file (it is no UTF-8 text: {error}).") from None
    except (OSError, ValueError) as error:  # a ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read ({reason}); name a progress.csv.") from None


def _check_lines(path: Path, text: str) -> None:
    """Raise InputError unless all lines are whole: as many cells as the header, each name once, an end of the last."""
    lines = [line for line in csv.reader(io.StringIO(text)) if line]
    for number, cells in enumerate(lines):
        if len(cells) != len(lines[0]):
            raise InputError(f"{path} has {len(cells)} cells in row {number - 1}, but its header {len(lines[0])}.")
    twice = sorted({name for name in lines[0] if lines[0].count(name) > 1})
    if twice:
        raise InputError(f"{path} has the column {twice[0]} twice; keep one.")
    if not text.endswith(("\n", "\r")):
        raise InputError(f"{path} ends within a line, so it may be cut off; end its last row with a line break.")


def _check_counts(path: Path, columns: dict[str, np.ndarray]) -> None:
    """Raise InputError for rows out of order or counts that contradict each other."""
    rounds = columns["round"]
    if (wrong := rounds != np.arange(len(rounds))).any():
        row = int(wrong.argmax())
        raise InputError(f"{path} has round {rounds[row]:g} in row {row}; rounds must count 0, 1, 2, ...")
    for name in ("env_steps", "episodes", "train_violations", "cumulative_cost"):
        if columns[name][0] > 0:
            raise InputError(f"{path} starts at {name} {columns[name][0]:g}; row 0 is the start policy after 0 steps.")
    for name, least in (("env_steps", 1), ("episodes", 1), ("updates", 0)):
        if (wrong := np.diff(columns[name]) < least).any():
            row = int(wrong.argmax()) + 1
            before, now = columns[name][row - 1 : row + 1]
            must = "strictly increase" if least else "not fall"
            raise InputError(f"{path} goes from {name} {before:g} to {now:g} in row {row}; it must {must}.")
    empty = np.isnan([columns[name] for name in EVALUATION])
    if (wrong := empty.any(0) & ~empty.all(0)).any():
        row = int(wrong.argmax())
        lacking = ", ".join(name for name, holes in zip(EVALUATION, empty, strict=True) if holes[row])
        raise InputError(f"{path} has an evaluation without {lacking} in row {row}; give all or none.")


def _check_sums(path: Path, columns: dict[str, np.ndarray], longest: int | None, cost_limit: float | None) -> None:
    """Raise InputError for a round whose steps, costs and violations its episodes cannot have."""
    episodes, steps, violations, rise = (
        np.diff(np.nan_to_num(columns[name]))
        for name in ("episodes", "env_steps", "train_violations", "cumulative_cost")
    )
    total = episodes * columns["train_cost"][1:]  # cost of the round
    slack = 1e-3 * (1 + np.maximum(total, columns["cumulative_cost"][1:]))  # rounded numbers are no fault
    faults = {
        "fewer environment steps than episodes": steps < episodes,
        "more train_violations than episodes": violations > episodes,
        "train_violations that fall": violations < 0,
        "another rise of cumulative_cost than its episodes times train_cost": np.abs(rise - total) > slack,
        "train_violations, but no cost": (violations > 0) & (total <= 0),
    }
    if longest is not None:
        faults[f"episodes of more than {longest} environment steps"] = steps > episodes * longest
    if cost_limit is not None:
        least, most = violations * cost_limit, np.where(violations > 0, np.inf, episodes * cost_limit)
        faults[f"less cost than the limit, {cost_limit:g}, for each of its train_violations"] = total + slack < least
        faults[f"a mean cost above the limit, {cost_limit:g}, but no train_violations"] = total - slack > most
    for what, broken in faults.items():
        if broken.any():
            raise InputError(f"{path} has {what} in row {int(broken.argmax()) + 1}.")
