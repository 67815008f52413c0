"""Safety of single episodes by the measures of SafeRLEval, under its names (Spoor et al. 2026, arXiv 2609.15315).

With d the cost limit and C the cost of an episode: V is the share of episodes with C > d; D_norm is (mean C - d) / d;
D_plus_norm, its D+_norm, is (mean C of the episodes with C > d, minus d) / d. Beside them stands the worst episode's
cost. Each is taken for three policies, which its code calls train, final_expl and final_greedy.
"""

import numpy as np
import pandas as pd

from workflow.statistics.aggregates import over_seeds
from workflow.statistics.per_seed import in_last_fifth, runs_of
from workflow.statistics.scores import DIVERGED

POLICIES = {
    "train": "training",
    "final_stochastic": "final, stochastic",
    "final_deterministic": "final, deterministic",
}
MEASURES = ("V", "D_norm", "D_plus_norm", "worst")
SAFETY = [f"{measure}_{policy}" for policy in POLICIES for measure in MEASURES]
EPISODES = ["method", "task", "seed", "round", "kind", "cost"]  # what `safety` reads of its episodes
RUN = ["task", "method", "seed"]


def measures(costs: np.ndarray, cost_limit: float) -> dict[str, float]:
    """`MEASURES` of a policy's episodes.

    Args:
        costs: (episodes,) undiscounted.
        cost_limit: cost per episode.

    Returns:
        NaN without episodes; D_norm and D_plus_norm are NaN for a limit of 0, D_plus_norm also if no episode is above
        the limit.
    """
    if not len(costs):
        return dict.fromkeys(MEASURES, np.nan)
    above = costs[costs > cost_limit]
    scale = cost_limit or np.nan
    return {
        "V": len(above) / len(costs),
        "D_norm": (costs.mean() - cost_limit) / scale,
        "D_plus_norm": (above.mean() - cost_limit) / scale if len(above) else np.nan,
        "worst": costs.max(),
    }


def safety(episodes: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """`MEASURES` of every run for each of `POLICIES`.

    Args:
        episodes: one row per episode, with `EPISODES`; kind is `train` or `eval`. A run may have none.
        scores: rows of scores.csv.

    Returns:
        One row per task, method and seed with `SAFETY`. train: all training episodes. final_stochastic: the training
        episodes of the last fifth of env_steps. final_deterministic: the last evaluation. A run that diverged has no
        final policy.
    """
    columns = {name: episodes[name].to_numpy() for name in ("round", "kind", "cost")}
    played = episodes.groupby(RUN).indices
    made = []
    for key, run in runs_of(scores):
        rounds, kinds, costs = (column[played.get(key, [])] for column in columns.values())
        train, evaluation = kinds == "train", kinds == "eval"
        final = run["status"][-1] != DIVERGED
        late = run["round"][in_last_fifth(run["round"], run["env_steps"])]
        chosen = {
            "train": train,
            "final_stochastic": train & np.isin(rounds, late) & final,
            "final_deterministic": evaluation & (rounds == max(rounds[evaluation], default=-1)) & final,
        }
        row = dict(zip(RUN, key, strict=True))
        for policy, part in chosen.items():
            found = measures(costs[part].astype(np.float64), float(run["cost_limit"][0]))
            row |= {f"{measure}_{policy}": value for measure, value in found.items()}
        made.append(row)
    return pd.DataFrame(made, columns=[*RUN, *SAFETY])


def by_policy(seeds: pd.DataFrame) -> pd.DataFrame:
    """One row per task, method and policy of which episodes are known.

    Args:
        seeds: one row per task, method and seed, with cost_limit and `SAFETY`.

    Returns:
        task, method, cost_limit, policy (a key of `POLICIES`), n, {measure}_mean, _low, _high, violating_seeds (with an
        episode above the limit) and worst (of all seeds). As in SafeRLEval's tables, D_plus_norm is a mean over the
        violating seeds, and 0 if there are none.
    """
    keys = ["task", "method", "cost_limit"]
    parts = []
    for policy in POLICIES:
        columns = {f"{measure}_{policy}": measure for measure in MEASURES}
        rows = seeds[[*keys, "seed", *columns]].rename(columns=columns)
        rows = rows[rows["V"].notna()]
        violating = rows[rows["D_plus_norm"].notna()]
        table = over_seeds(rows, keys, ["V", "D_norm"]).set_index(keys)
        severity = over_seeds(violating, keys, ["D_plus_norm"]).set_index(keys)
        table["violating_seeds"] = severity.pop("n").reindex(table.index, fill_value=0)
        table = table.join(severity)
        nowhere = (table["violating_seeds"] == 0) & table["D_norm_mean"].notna()
        table.loc[nowhere, "D_plus_norm_mean"] = 0.0
        table["worst"] = rows.groupby(keys)["worst"].max()
        parts.append(table.reset_index().assign(policy=policy))
    table = pd.concat(parts, ignore_index=True)
    ends = [f"{name}_{end}" for name in ("V", "D_norm", "D_plus_norm") for end in ("mean", "low", "high")]
    table = table[[*keys, "policy", "n", *ends, "violating_seeds", "worst"]]
    order = {key: place for place, key in enumerate(dict.fromkeys(map(tuple, seeds[keys].to_numpy())))}
    place = [order[tuple(key)] for key in table[keys].to_numpy()]
    return table.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)
