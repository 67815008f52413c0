"""Multiplier controllers: sequences worked out by hand, the official behaviour, snapshots, names."""

import json
import math

import pytest

from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import CONTROLLERS, PID, AdaptivePID, DualAscent, Fixed, controller

HP = Hyperparameters()


def play(multiplier, *rounds: tuple[float, int]) -> list[float]:
    """Values at the end of each round of 20 updates, as in fine-tuning; rounds are (cost, how many)."""
    values = []
    for cost, count in rounds:
        for _ in range(count):
            for _ in range(20):
                multiplier.update(cost)
            values.append(multiplier.value)
    return values


def test_pid_by_hand():
    pid = PID(10, kp=0.1, ki=0.01, kd=0.5, delay=2, smoothing=0.5, cost_smoothing=0.5)
    assert pid.value == 0
    # cost 14: integral 0.04, smoothed error 2, smoothed cost 7, which rose by 7 over the queue's first entry, 0
    assert pid.update(14) == pytest.approx(0.1 * 2 + 0.04 + 0.5 * 7)
    # cost 6: integral back to 0, error (2 - 4) / 2 = -1, cost (7 + 6) / 2 = 6.5, the queue still begins with 0
    assert pid.update(6) == pytest.approx(-0.1 + 0 + 0.5 * 6.5)
    # cost 10: error -0.5, cost 8.25; the queue has dropped its 0 and begins with 7
    assert pid.update(10) == pytest.approx(-0.05 + 0.5 * 1.25)


def test_pid_bounds():
    assert PID(10, maximum=0.3).update(1e6) == 0.3
    pid = PID(10, kp=0, ki=1, kd=0, integral_maximum=5)
    assert [pid.update(100), pid.update(8)] == [5, 3]  # no wind-up: it falls at once
    assert PID(10, kp=1, ki=1, kd=0).update(0) == 0
    start = PID(10, kp=0, ki=0, kd=0, value=0.7)
    assert start.value == 0 and start.update(3) == 0.7  # the integral starts there, the multiplier at 0


def test_dual_ascent_by_hand():
    dual = DualAscent(10, lr=0.1)
    assert dual.value == 1e-5
    assert dual.update(11) == pytest.approx(0.10001)
    # gradients -1 and +1: mean 0.01 / 0.19, variance 0.001999 / 0.001999
    assert dual.update(9) == pytest.approx(0.10001 - 0.1 * 0.01 / 0.19)
    far = DualAscent(10, lr=0.1)
    assert far.update(1000) == pytest.approx(0.10001)  # the size of the violation does not matter
    assert DualAscent(10, lr=0.1).update(0) == 0
    assert DualAscent(10, lr=0.1, maximum=0.05).update(60) == 0.05


def test_adaptive_gains_by_hand():
    # cost 60: smoothed cost 6, queue [0, 6], so m = 3.1 and s = 3
    official, ours = CONTROLLERS["adaptive_pid_official"](20), AdaptivePID(20)
    official.update(60)
    ours.update(60)
    assert official.kp == official.ki == pytest.approx(5e-6 * (1 + 0.05 * (3.1 - 20) / 3.1))
    assert official.kd == pytest.approx(5e-6 * (1 + 0.05 * 3 / 3.1))
    excess = (3.1 - 20) / 20
    assert ours.kp == pytest.approx(1e-4 * (1 + 0.05 * excess))
    assert ours.ki == pytest.approx(1e-5 * (1 + 0.05 * excess))
    assert ours.kd == pytest.approx(1e-5 * (1 + 0.05 * 3 / 3.1))


def test_tanh_fades_small_corrections_of_the_proportional_term():
    small, large = (AdaptivePID(10, kp=1, ki=0, kd=0, smoothing=0.0) for _ in range(2))
    assert small.update(11) == pytest.approx(math.tanh(0.1) * 1)
    assert large.update(60) == pytest.approx(math.tanh(5) * 50)
    assert AdaptivePID(10, kp=1, ki=0, kd=0, smoothing=0.0, tanh=False).update(11) == pytest.approx(1)
    assert AdaptivePID(0, kp=1, ki=0, kd=0, smoothing=0.0).update(1) == pytest.approx(math.tanh(1))


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (60, {1: 0.0027, 5: 0.056, 10: 0.256, 20: 0.656, 50: 1.86, 100: 3.86}),
        (30, {1: 0.0003, 5: 0.0014, 10: 0.008, 20: 0.091, 50: 0.39, 100: 0.89}),
    ],
)
def test_official_adaptive_pid_at_constant_cost(cost, expected):
    """Values that the published class was measured at."""
    values = play(CONTROLLERS["adaptive_pid_official"](20), (cost, 100))
    assert {number: values[number - 1] for number in expected} == pytest.approx(expected, rel=0.03, abs=5e-5)


def test_adaptive_gains_are_a_ratchet_and_constant_gains_are_not():
    """Q20: 30 rounds of cost 60, then 70 of cost 5. Ours has the same fault, at another scale; a plain PID lets go."""
    official = play(CONTROLLERS["adaptive_pid_official"](20), (60, 30), (5, 70))
    assert official[29] == pytest.approx(1.056, abs=1e-3) and official[-1] == pytest.approx(1.018, abs=1e-3)
    ours = play(AdaptivePID(20), (60, 30), (5, 70))
    assert ours[-1] > 0.9 * ours[29]
    plain = play(PID(20), (60, 30), (5, 70))
    assert plain[-1] < 0.2 * plain[29]


def test_symmetric_excess_keeps_the_factor_positive_where_the_official_one_does_not():
    """At no cost (m - limit) / m is -199: the official gain would turn negative and meets its clip at once."""
    official, ours = CONTROLLERS["adaptive_pid_official"](20), AdaptivePID(20)
    official.update(0)
    ours.update(0)
    assert official.ki == official.kp == pytest.approx(5e-7)
    assert ours.ki == pytest.approx(1e-5 * (1 - 0.05 * (20 - 0.1) / 20))


@pytest.mark.parametrize("name", CONTROLLERS)
def test_a_snapshot_continues_the_sequence(name):
    costs = [35, 60, 0, 18, 22, 90, 5, 21, 19, 40, 3, 77, 20, 50]
    whole, first = controller(name, 20, HP), controller(name, 20, HP)
    for cost in costs[:8]:
        whole.update(cost)
        first.update(cost)
    second = controller(name, 20, HP)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert [whole.update(cost) for cost in costs[8:]] == [second.update(cost) for cost in costs[8:]]
    assert all(value >= 0 for value in (whole.value, second.value))


def test_a_controller_is_named_and_given_arguments():
    assert controller("fixed", 20, HP).update(99) == 1.0
    assert controller({"name": "fixed", "value": 0.3}, 20, HP).value == 0.3
    assert controller("dual_ascent", 20, HP).lr == HP.multiplier_lr
    assert controller({"name": "dual_ascent", "lr": 0.5}, 20, HP).lr == 0.5
    assert type(controller({"kp": 2e-4}, 20, HP)) is AdaptivePID
    official = controller("adaptive_pid_official", 20, HP)
    assert (official.excess, official.kp, official.ki, official.kd) == ("official", 5e-6, 5e-6, 5e-6)
    assert controller({"name": "adaptive_pid_official", "kp": 1e-5}, 20, HP).kp == 1e-5


def test_wrong_names_are_answered_with_the_right_ones():
    with pytest.raises(ValueError, match="controller 'adaptive_pdi' does not exist; did you mean adaptive_pid"):
        controller("adaptive_pdi", 20, HP)
    with pytest.raises(ValueError, match=r"allowed are adaptive_pid, .*fixed, pid"):
        controller("zzz", 20, HP)
    with pytest.raises(ValueError, match="controller pid: 'gain' is no argument; allowed are "):
        controller({"name": "pid", "gain": 1}, 20, HP)
    with pytest.raises(ValueError, match="controller adaptive_pid: excess is 'both'; it must be one of symmetric, off"):
        controller({"excess": "both"}, 20, HP)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (None, "controller is None; it must be a name, or a mapping"),
        (["pid"], "must be a name, or a mapping"),
        ({"name": {"a": 1}}, "does not exist"),
        ({"name": "fixed", "value": -1}, "controller fixed: value is -1; it must be a finite number >= 0"),
        ({"name": "fixed", "value": float("nan")}, "value is nan"),
        ({"name": "fixed", "value": True}, "value is true"),
        ({"name": "pid", "kp": "big"}, "kp is 'big'; it must be a finite number >= 0"),
        ({"name": "pid", "kd": -1e-5}, "kd is -1e-05"),
        ({"name": "pid", "delay": 0}, "delay is 0; it must be a whole number >= 1"),
        ({"name": "pid", "delay": 2.5}, "delay is 2.5"),
        ({"name": "pid", "smoothing": 1}, "smoothing is 1; it must be a finite number >= 0 and < 1"),
        ({"name": "pid", "cost_limit": 5}, "'cost_limit' is no argument"),
        ({"rates": [1]}, r"rates is \[1\]; it must be a list of 3 values, each a finite number >= 0"),
        ({"bound": 0.5}, "bound is 0.5; it must be a finite number >= 1"),
        ({"tanh": "no"}, "tanh is 'no'; it must be true or false"),
        ({"name": "adaptive_pid_official", "ki": float("inf")}, "ki is inf"),
        ({"name": "dual_ascent", "lr": 0}, "lr is 0; it must be a finite number > 0"),
    ],
)
def test_arguments_are_checked_by_type_and_range(choice, words):
    with pytest.raises(ValueError, match=words) as error:
        controller(choice, 20, HP)
    assert "\n" not in str(error.value)


def test_an_infinite_maximum_may_be_written_out():
    assert controller({"name": "pid", "maximum": float("inf"), "kp": "1e-3"}, 20, HP).kp == 1e-3


def test_fixed_never_moves():
    fixed = Fixed(20, value=0.4)
    assert [fixed.update(cost) for cost in (0, 1e9)] == [0.4, 0.4]
