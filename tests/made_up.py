"""Scores of studies that nobody ran, for what reads scores."""

import numpy as np
import pandas as pd

from marvel.run.progress import COLUMNS
from marvel.tasks import get_task, normalize_cost, normalize_return
from workflow.statistics.scores import SCORES


def made_up(tasks: list[str], methods: list[str], seeds: int = 3, rounds: int = 60, peak: float = 90.0) -> pd.DataFrame:
    """Scores that look like training: returns rise, costs overshoot and come down; episodes may end early."""
    frames = []
    for task_number, name in enumerate(tasks):
        task = get_task(name)
        span = task.max_return - task.min_return
        for method_number, method in enumerate(methods):
            for seed in range(seeds):
                random = np.random.default_rng([task_number, method_number, seed])
                count = 0 if method == "offline_only" else rounds
                done = np.arange(count + 1) / max(count, 1)
                lengths = random.integers(3 * task.max_episode_steps, 5 * task.max_episode_steps + 1, count)
                frame = pd.DataFrame({column: np.nan for column in COLUMNS}, index=range(count + 1))
                frame["round"] = frame["env_steps"] = np.arange(count + 1)
                frame["episodes"], frame["updates"] = 5 * frame["round"], 20 * frame["round"]
                frame["env_steps"] = np.concatenate([[0], np.cumsum(lengths)])
                speed = 3 + 2 * method_number
                level = task.min_return + span * (0.8 - 0.08 * method_number) * (1 - np.exp(-speed * done))
                frame["train_return"] = level + random.normal(0, 0.04 * span, count + 1)
                cost = peak * np.exp(-(2 + method_number) * done) + 12 + 4 * method_number
                frame["train_cost"] = np.maximum(0, cost + random.normal(0, 6, count + 1))
                frame.loc[0, ["train_return", "train_cost"]] = np.nan
                frame["cumulative_cost"] = 5 * frame["train_cost"].fillna(0).cumsum()
                frame["train_violations"] = np.cumsum(frame["train_cost"] > 20)
                evaluated = frame["round"] % 10 == 0
                frame.loc[evaluated, "eval_return"] = (
                    task.min_return + 0.45 * span + random.normal(0, 0.03 * span, sum(evaluated))
                )
                frame.loc[evaluated, "eval_cost"] = 14 + random.normal(0, 2, sum(evaluated))
                frame = frame.assign(
                    method=method, task=name, seed=seed, cost_limit=20.0, start="", code="current", status=""
                )
                for source in ("train", "eval"):
                    frame[f"{source}_return_normalized"] = normalize_return(task, frame[f"{source}_return"])
                    frame[f"{source}_cost_normalized"] = normalize_cost(task, frame[f"{source}_cost"], 20.0)
                frames.append(frame)
    return pd.concat(frames, ignore_index=True)[SCORES]
