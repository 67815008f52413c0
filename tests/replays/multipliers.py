"""G1: the multiplier controllers of marvel.multipliers over recorded cost sequences."""

import math
from collections.abc import Callable

import numpy as np

from marvel.multipliers import PID, AdaptivePID, DualAscent
from tests.replays.recording import Recording

# Recorded name -> what it is here; "ring" is the published word for the last smoothed costs.
STATE: dict[str, Callable[[PID], float]] = {
    "lambda": lambda pid: pid.value,
    "kp": lambda pid: pid.kp,
    "ki": lambda pid: pid.ki,
    "kd": lambda pid: pid.kd,
    "integral": lambda pid: pid.integral,
    "delta_p": lambda pid: pid.error,
    "cost_d": lambda pid: pid.cost,
    "ring_first": lambda pid: pid.past_costs[0],
    "ring_mean": lambda pid: np.mean(pid.past_costs),
    "ring_std": lambda pid: np.std(pid.past_costs),
    "ring_len": lambda pid: len(pid.past_costs),
}


def pid_arguments(settings: dict) -> dict:
    """The constructor's arguments for the published class's settings.

    Its switches decide the bounds: `diff_norm` caps integral and multiplier at 1, `penalty_max` counts only where both
    switches are off.
    """
    capped = math.inf if settings["sum_norm"] else settings["penalty_max"]
    return {
        "kp": settings["kp"],
        "ki": settings["ki"],
        "kd": settings["kd"],
        "delay": settings["d_delay"],
        "smoothing": settings["ema_p"],
        "cost_smoothing": settings["ema_d"],
        "value": settings["initial_integral"],
        "maximum": 1.0 if settings["diff_norm"] else capped,
        "integral_maximum": 1.0 if settings["diff_norm"] else math.inf,
    }


def replay_multipliers(recording: Recording) -> None:
    """All settings of the manifest over all sequences; each array is [sequence, step]."""
    costs = recording.input("episode_cost")

    def trace(make: Callable, read: dict[str, Callable]) -> dict[str, list]:
        values = {name: [] for name in read}
        for sequence in costs:
            multiplier = make()
            steps = []
            for cost in sequence:
                multiplier.update(float(cost))
                steps.append([get(multiplier) for get in read.values()])
            for name, column in zip(read, np.transpose(steps), strict=True):
                values[name].append(column)
        return values

    for setting, settings in recording.hp["pid"].items():
        for kind, make, extra in (("adaptive", AdaptivePID, {"excess": "official", "tanh": False}), ("plain", PID, {})):
            arguments = pid_arguments(settings) | extra
            traced = trace(lambda m=make, a=arguments, s=settings: m(s["cost_limit"], **a), STATE)
            for name, values in traced.items():
                recording.check(f"{kind}.{setting}.{name}", values, relative=True)
    for setting, settings in recording.hp["dual_ascent"].items():
        maximum = settings["lagrangian_upper_bound"]
        arguments = {
            "lr": settings["lambda_lr"],
            "value": settings["lagrangian_multiplier_init"],
            "maximum": math.inf if maximum is None else maximum,
        }
        traced = trace(lambda s=settings, a=arguments: DualAscent(s["cost_limit"], **a), {"lambda": STATE["lambda"]})
        recording.check(f"dual.{setting}.lambda", traced["lambda"])
