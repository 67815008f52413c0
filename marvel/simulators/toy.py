"""A point mass on the plane that should stay inside a circle: a task for tests, without a simulator."""

from __future__ import annotations

import math

import numpy as np

from marvel.tasks import Task

RADIUS = 1.0  # the circle that must not be left, around the origin
GOAL = (2.0, 0.0)  # outside the circle, so that leaving it pays
TIME_STEP = 0.2


class Toy:
    """A damped point mass that is rewarded for being near a goal outside the circle and charged for leaving it.

    Observation: position (2), velocity (2). Action: the wanted velocity (2), half of the way to which is made per step.
    Reward per step: 0.5 - distance to the goal / 2, at least -1; so about 12 for an episode at the goal (cost 20) and
    about -3 for one that stops at the edge of the circle (cost 0). Cost per step: 1 outside the circle.
    """

    def __init__(self, task: Task):
        self._state = (0.0, 0.0, 0.0, 0.0)

    def reset(self, seed: int) -> np.ndarray:
        """Start at rest, within 0.3 of the origin in both directions; returns the observation (4,)."""
        x, y = np.random.default_rng(seed).uniform(-0.3, 0.3, 2).tolist()
        self._state = (x, y, 0.0, 0.0)
        return np.array(self._state)

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, float, bool]:
        """Move by one time step under an action (2,)."""
        x, y, vx, vy = self._state
        ax, ay = action.tolist()
        vx += 0.5 * (min(max(ax, -1.0), 1.0) - vx)
        vy += 0.5 * (min(max(ay, -1.0), 1.0) - vy)
        x += TIME_STEP * vx
        y += TIME_STEP * vy
        self._state = (x, y, vx, vy)
        reward = max(-1.0, 0.5 - 0.5 * math.hypot(x - GOAL[0], y - GOAL[1]))
        cost = 1.0 if math.hypot(x, y) > RADIUS else 0.0
        return np.array(self._state), reward, cost, False

    def close(self) -> None:
        """Nothing to free."""
