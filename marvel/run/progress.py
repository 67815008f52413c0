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
        InputError: Too few or too many steps.
    """
    played = int(rows["env_steps"].iloc[-1])
    before = int(rows["env_steps"].iloc[-2]) if len(rows) > 1 else 0
    most = steps + longest - 1 if longest else None
    if played < steps or (most is None and before >= steps) or (most is not None and played > most):
        allowed = f"{steps:,} to {most:,}" if most else f"{steps:,}, reached in the last row and not before"
        raise InputError(
            f"{path} ends at {played:,} environment steps, but the budget is {allowed}; "
            "play whole episodes until it is reached."
        )


def read_progress(path: Path) -> "pd.DataFrame":
    """Read and check one run's progress.csv, whoever wrote it.

    Args:
        path: the file; one row per round, columns as in `COLUMNS` (others are ignored), raw units, empty = missing.

    Returns:
        (rounds, 16) frame with the columns in the order of `COLUMNS`; counts are integers, the rest float64.

    Raises:
        InputError: the file is missing or breaks the contract; one sentence says where and how.
    """
    import pandas as pd  # here, since every run imports this module and none needs pandas

    try:
        frame = pd.read_csv(path, float_precision="round_trip")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run this method, task and seed first.") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a readable CSV file ({str(error).strip()}).") from None
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise InputError(f"{path} lacks the column(s) {', '.join(missing)}; it needs {', '.join(COLUMNS)}.")
    if frame.empty:
        raise InputError(f"{path} has no rows; row 0 is the policy before any training.")
    frame = frame[list(COLUMNS)]
    for name in COLUMNS:
        values = pd.to_numeric(frame[name], errors="coerce").astype(np.float64)
        wrong = np.flatnonzero(np.isinf(values) | (values.isna() & frame[name].notna()))
        if wrong.size:
            value = frame[name].iloc[wrong[0]]
            raise InputError(f"{path} has {value!r} as {name} in row {wrong[0]}; it must be a finite number.")
        required = COUNTS if name in COUNTS else TRAINING
        holes = np.flatnonzero(values.isna())
        holes = holes if name in COUNTS else holes[holes > 0]
        if name in required and holes.size:
            raise InputError(f"{path} has no {name} in row {holes[0]}; only row 0 may leave training columns empty.")
        frame = frame.assign(**{name: values})
    _check_counts(path, frame)
    return frame.astype(dict.fromkeys(COUNTS, np.int64))


def _check_counts(path: Path, frame: "pd.DataFrame") -> None:
    """Raise the one-sentence error for rows out of order or counts that contradict each other."""
    if frame["round"].tolist() != list(range(len(frame))):
        row = int(np.flatnonzero(frame["round"].to_numpy() != np.arange(len(frame)))[0])
        raise InputError(f"{path} has round {frame['round'][row]:g} in row {row}; rounds must count 0, 1, 2, ...")
    steps = frame["env_steps"].to_numpy()
    if steps[0] != 0:
        raise InputError(f"{path} starts at env_steps {steps[0]:g}; row 0 is the start policy after 0 steps.")
    if (np.diff(steps) <= 0).any():
        row = int(np.flatnonzero(np.diff(steps) <= 0)[0]) + 1
        raise InputError(
            f"{path} goes from env_steps {steps[row - 1]:g} to {steps[row]:g} in row {row}; it must strictly increase."
        )
    for name in ("episodes", "updates", "train_violations", "cumulative_cost"):
        falls = np.flatnonzero(np.diff(frame[name].fillna(0).to_numpy()) < 0)
        if falls.size:
            raise InputError(f"{path} has a {name} that falls in row {falls[0] + 1}; it is a count since the start.")
    too_many = np.flatnonzero(frame["train_violations"] > frame["episodes"])
    if too_many.size:
        raise InputError(f"{path} has more train_violations than episodes in row {too_many[0]}.")
