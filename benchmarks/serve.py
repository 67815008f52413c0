"""A candidate in a process of its own: it trains, and then works and reports its CPU time whenever it is asked.

Candidates run in processes of their own because they set up torch differently. This suite's environment and the peers'
share this file, so it knows only NumPy.
"""

import os
import sys
import time
from collections.abc import Callable

import numpy as np

ROWS = 100_000


def transitions(observation_dim: int, action_dim: int) -> dict[str, np.ndarray]:
    """Made-up transitions, float32: values depend on state and action, so that networks have something to learn."""
    rng = np.random.default_rng(0)
    observations = rng.standard_normal((ROWS, observation_dim), np.float32)
    actions = np.tanh(rng.standard_normal((ROWS, action_dim), np.float32))
    drift = 0.1 * rng.standard_normal((ROWS, observation_dim), np.float32)
    return {
        "observations": observations,
        "next_observations": 0.9 * observations + drift + 0.1 * actions.mean(1, keepdims=True),
        "actions": actions,
        "rewards": 1 - np.square(actions - observations[:, :action_dim]).mean(1),
        "costs": (observations[:, -1] + actions[:, 0] > 1).astype(np.float32),
        "terminals": rng.random(ROWS) < 0.005,
        "timeouts": np.zeros(ROWS, bool),
    }


def serve(make: Callable[[], Callable[[], object]]) -> None:
    """Train for as many steps as the first line on stdin says; for each further line, report the CPU time of as many.

    Args:
        make: Sets up the candidate and returns its step.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    step = make()
    for line in sys.stdin:
        began = time.process_time()
        for _ in range(int(line)):
            step()
        print(time.process_time() - began, file=answers, flush=True)
