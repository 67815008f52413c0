"""The benchmark of rollouts, and by it that the environments are faster than the stock ones."""

from benchmarks.rollouts import HEADER, compare, markdown


def test_rollouts_are_faster_than_the_stock_environment():
    """The environment is some 4 times as fast; the policy's time depends on the threads that other tests left NumPy."""
    row = compare("BallRun", blocks=3, seconds=0.05)
    assert row["environment_ratio"] > 2
    assert row["simulator"] > row["environment"] > row["rollout"] > 0
    assert row["at_most"] > row["environment_ratio"]
    assert row["rollout_ratio_low"] <= row["rollout_ratio"] <= row["rollout_ratio_high"]
    assert markdown(row).startswith("| BallRun | ") and markdown(row).count("|") == HEADER.splitlines()[0].count("|")
