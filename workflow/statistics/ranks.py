"""Table 1's numbers: rank correlations of critics with Monte-Carlo returns, and the share of points that differ."""

import numpy as np
import pandas as pd

RANKS = ["task", "seed", "critic", "points", "stage", "spearman", "active"]
FEWEST = 30  # points, below which a correlation says nothing
CRITICS = {"reward": ("mc_return", "Q"), "cost": ("mc_cost", "Qc")}


def active_share(values: np.ndarray) -> float:
    """Share of steps that differ from the most common value by more than a thousandth of the range: 0 to 1."""
    values = np.asarray(values, dtype=np.float64)
    span = np.ptp(values)
    if span == 0:
        return 0.0
    _, counts = np.unique(np.round(1000 * (values - values.min()) / span), return_counts=True)
    return 1 - counts.max() / len(values)


def correlations(rollouts: pd.DataFrame) -> pd.DataFrame:
    """One row per critic, kind of points and stage.

    Args:
        rollouts: one file of `marvel.ranks`, a row per rollout.

    Returns:
        critic, points, stage, spearman (NaN with fewer than `FEWEST` points or if all returns are equal), n (points),
        rollouts (from each), step (mean over points), deviation (of the moments from the recorded ones, mean, in
        standard deviations of the data), active (share of points whose return differs from the most common one) and
        noise: how far a point's mean return is from its expectation (root mean square standard error), over the spread
        of the means.
    """
    rows = []
    for kind, part in rollouts.groupby("points", sort=False):
        groups = part.groupby("number")
        means, count = groups.mean(numeric_only=True), groups.size()
        for critic, (returns, _) in CRITICS.items():
            error = np.sqrt((groups[returns].var() / count).mean())
            spread = means[returns].std()
            for stage in ("before", "after"):
                rho = np.nan
                if len(means) >= FEWEST and spread > 0:
                    rho = means[returns].rank().corr(means[f"{critic}_{stage}"].rank())
                row = {"critic": critic, "points": kind, "stage": stage, "spearman": rho, "n": len(means)}
                row |= {"rollouts": int(count.max()), "step": means["step"].mean()}
                row |= {"deviation": means["deviation"].mean(), "active": active_share(means[returns].to_numpy())}
                rows.append(row | {"noise": error / spread if spread > 0 else np.nan})
    return pd.DataFrame(rows)
