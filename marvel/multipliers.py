"""Lagrange multipliers: one family of controllers that turn an episode's cost into the weight of cost.

Each has `value` (the multiplier, >= 0, in units of scaled reward per unit of cost) and `update(episode_cost) -> value`.
"""

import math
from collections import deque
from functools import partial
from typing import Literal

import numpy as np

from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters
from marvel.options import arguments_of
from marvel.values import check_all, nearest


class Fixed:
    """A multiplier that never moves."""

    def __init__(self, cost_limit: float, value: float = 1.0):
        self.value = value

    def update(self, episode_cost: float) -> float:
        """Return the constant."""
        return self.value

    def state_dict(self) -> dict:
        """Everything that changes, for a snapshot."""
        return {key: list(value) if isinstance(value, deque) else value for key, value in vars(self).items()}

    def load_state_dict(self, state: dict) -> None:
        """Go back to a snapshot."""
        for key, value in state.items():
            old = getattr(self, key)
            setattr(self, key, deque(value, maxlen=old.maxlen) if isinstance(old, deque) else value)


def check_start(value: float, maximum: float) -> None:
    """Refuse a start above the bound: the first update would clip it without a word.

    Raises:
        InputError: It is above.
    """
    if value > maximum:
        raise InputError(f"controller: the start {value:g} lies above its maximum, {maximum:g}; lower it.")


class DualAscent(Fixed):
    """Adam ascends multiplier * (J - limit), so a step is about `lr` whatever the size of the violation.

    Args:
        cost_limit: Allowed episode cost.
        lr: Adam's step size.
        value: Start; at least 1e-5, as in the official code.
        maximum: Upper bound.
    """

    def __init__(self, cost_limit: float, lr: float = 1e-4, value: float = 1e-5, maximum: float = math.inf):
        self.cost_limit, self.lr, self.maximum = cost_limit, lr, maximum
        self.value, self.steps, self.first, self.second = max(value, 1e-5), 0, 0.0, 0.0
        check_start(self.value, maximum)

    def update(self, episode_cost: float) -> float:
        """Move by one Adam step (betas 0.9 and 0.999, epsilon 1e-8) and clip to [0, maximum]."""
        gradient = self.cost_limit - episode_cost
        self.steps += 1
        self.first = 0.9 * self.first + 0.1 * gradient
        self.second = 0.999 * self.second + 0.001 * gradient**2
        mean, variance = self.first / (1 - 0.9**self.steps), self.second / (1 - 0.999**self.steps)
        self.value = min(max(self.value - self.lr * mean / (math.sqrt(variance) + 1e-8), 0.0), self.maximum)
        return self.value


class PID(Fixed):
    """PID control of the episode cost (Stooke et al. 2020) in the official code's arrangement.

    Args:
        cost_limit: Allowed episode cost.
        kp, ki, kd: Gains. `ki` stands inside the integral.
        value: Start of the integral (the multiplier itself is 0 until the first update).
        delay: Updates over which the derivative looks back.
        smoothing, cost_smoothing: Weight of the past in the smoothed error (proportional term) and in the smoothed cost
            (derivative term), which both start at 0.
        maximum: Upper bound of the multiplier; the official code has none (Q21).
        integral_maximum: Upper bound of the integral (anti-windup).
    """

    def __init__(
        self,
        cost_limit: float,
        kp: float = 1e-4,
        ki: float = 1e-5,
        kd: float = 1e-5,
        value: float = 0.0,
        delay: int = 10,
        smoothing: float = 0.9,
        cost_smoothing: float = 0.9,
        maximum: float = math.inf,
        integral_maximum: float = math.inf,
    ):
        self.cost_limit, self.kp, self.ki, self.kd = cost_limit, kp, ki, kd
        self.smoothing, self.cost_smoothing = smoothing, cost_smoothing
        self.maximum, self.integral_maximum = maximum, integral_maximum
        check_start(value, integral_maximum)
        self.integral, self.error, self.cost, self.value = value, 0.0, 0.0, 0.0
        self.past_costs = deque([0.0], maxlen=delay)

    def update(self, episode_cost: float) -> float:
        """Move by one control step."""
        error = episode_cost - self.cost_limit
        self.integral = min(max(0.0, self.integral + self.ki * error), self.integral_maximum)
        self.error = self.smoothing * self.error + (1 - self.smoothing) * error
        self.cost = self.cost_smoothing * self.cost + (1 - self.cost_smoothing) * episode_cost
        rise = max(0.0, self.cost - self.past_costs[0])
        self.value = min(max(0.0, self.proportional() + self.integral + self.kd * rise), self.maximum)
        self.past_costs.append(self.cost)
        self.adapt()
        return self.value

    def proportional(self) -> float:
        """The proportional term: kp times the smoothed error."""
        return self.kp * self.error

    def adapt(self) -> None:
        """Change the gains for the next update; a plain PID does not."""


class AdaptivePID(PID):
    """aPID: the gains grow while the smoothed cost is above the limit and shrink below it.

    After each update, with m the mean of the last smoothed costs (plus 0.1) and s their spread, each gain is multiplied
    by 1 + rate * x and clipped to [1/bound, bound] times its first value: x is the relative excess of m over the limit
    for kp and ki, and s / m for kd.

    The paper's formula is not public. Known are three rates, bounds on the gains, the initial kp 1e-4 and ki 1e-5, and
    a tanh on kp alone, meant to react fast to large errors and to avoid frequent small corrections. Chosen here: the
    official code's steps; an excess (m - limit) / max(m, limit) that stays in [-1, 1]; a proportional term
    kp * tanh(|e| / limit) * e, full for errors beyond the limit and fading for small ones; kd 1e-5. The official code
    has (m - limit) / m, whose factor turns negative at low cost, no tanh, and gains 5e-6. In both forms ki grows above
    the limit and shrinks below it, so the integral rises far faster than it falls (Q20).

    Args:
        cost_limit: Allowed episode cost.
        rates: Adaptation coefficients of kp, ki and kd.
        bound: Largest factor between a gain and its first value.
        excess: "symmetric" or "official", as above.
        tanh: Whether the proportional term fades for small errors.
        **pid: Arguments of `PID`.
    """

    def __init__(
        self,
        cost_limit: float,
        rates: tuple[float, float, float] = (0.05, 0.05, 0.05),
        bound: float = 10.0,
        excess: Literal["symmetric", "official"] = "symmetric",
        tanh: bool = True,
        **pid,
    ):
        super().__init__(cost_limit, **pid)
        self.rates, self.bound, self.excess, self.tanh = rates, bound, excess, tanh
        self.first_gains = (self.kp, self.ki, self.kd)

    def proportional(self) -> float:
        """kp times the smoothed error, faded by the tanh."""
        fade = math.tanh(abs(self.error) / max(self.cost_limit, 1.0)) if self.tanh else 1.0
        return self.kp * fade * self.error

    def adapt(self) -> None:
        """Move and clip the three gains."""
        mean, spread = float(np.mean(self.past_costs)) + 0.1, float(np.std(self.past_costs))
        excess = (mean - self.cost_limit) / (mean if self.excess == "official" else max(mean, self.cost_limit))
        gains = []
        for gain, first, rate, change in zip(
            (self.kp, self.ki, self.kd), self.first_gains, self.rates, (excess, excess, spread / mean), strict=True
        ):
            gains.append(min(max(gain * (1 + rate * change), first / self.bound), first * self.bound))
        self.kp, self.ki, self.kd = gains


OFFICIAL = {"excess": "official", "tanh": False, "kp": 5e-6, "ki": 5e-6, "kd": 5e-6}
CONTROLLERS = {
    "fixed": Fixed,
    "dual_ascent": DualAscent,
    "pid": PID,
    "adaptive_pid": AdaptivePID,
    "adaptive_pid_official": partial(AdaptivePID, **OFFICIAL),
}


def controller(choice: str | dict, cost_limit: float, hp: Hyperparameters) -> Fixed:
    """The multiplier that a method's `controller` option names.

    Args:
        choice: A name of `CONTROLLERS`, or {"name": ..., argument: value, ...}.
        cost_limit: Allowed episode cost.
        hp: `multiplier_lr` is dual ascent's step size unless `choice` sets `lr`.

    Raises:
        InputError: Unknown name or argument, or a value that the argument does not take.
    """
    if not isinstance(choice, str | dict):
        raise InputError(f"controller is {choice!r}; it must be a name, or a mapping such as {{name: pid, kp: 0.01}}.")
    arguments = {"name": choice} if isinstance(choice, str) else dict(choice)
    name = arguments.pop("name", "adaptive_pid")
    if not isinstance(name, str) or name not in CONTROLLERS:
        raise InputError(f"controller {name!r} does not exist; {nearest(name, CONTROLLERS)}")
    make = CONTROLLERS[name]
    known = arguments_of(getattr(make, "func", make))
    for argument in arguments:
        if argument not in known:
            raise InputError(f"controller {name}: {argument!r} is no argument; {nearest(argument, known)}")
    arguments = check_all(known, arguments, f"controller {name}")
    if name == "dual_ascent":
        arguments.setdefault("lr", hp.multiplier_lr)
    return make(cost_limit, **arguments)
