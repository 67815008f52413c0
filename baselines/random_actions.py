"""Random actions: an example of a program that is none of ours.

It needs a simulator and NumPy, no torch and no loop of this project, and hands in one thing: progress.csv.
"""

import argparse
from pathlib import Path

import numpy as np

from marvel.files import write_atomically
from marvel.simulators import make_env
from marvel.tasks import get_task

ROUND = 5  # a row after so many time limits of environment steps, as the other methods
COLUMNS = (
    "round,episodes,env_steps,updates,train_return,train_cost,train_violations,cumulative_cost,eval_return,eval_cost,"
    "eval_return_std,eval_cost_std,eval_episodes,multiplier,reward_q,cost_q"
)


def main() -> None:
    """Play whole episodes of uniformly random actions until the budget is used up, with a row every round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True, help="environment steps; the last episode may go beyond")
    parser.add_argument("--cost-limit", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    env, rng = make_env(options.task), np.random.default_rng(options.seed)
    a_round = ROUND * get_task(options.task).max_episode_steps
    lines, number, episodes, steps, violations, total = [COLUMNS, "0,0,0,0,,,0,0,,,,,,,,"], 0, 0, 0, 0, 0.0
    while steps < options.steps:
        number += 1
        returns, costs = [], []
        while not returns or steps < min(number * a_round, options.steps):
            env.reset(seed=int(rng.integers(2**31)))
            episode_return, episode_cost, ended = 0.0, 0.0, False
            while not ended:
                action = rng.uniform(-1, 1, env.action_space.shape).astype(np.float32)
                _, reward, terminated, truncated, info = env.step(action)
                episode_return, episode_cost, steps = episode_return + reward, episode_cost + info["cost"], steps + 1
                ended = terminated or truncated
            returns.append(episode_return)
            costs.append(episode_cost)
        episodes += len(costs)
        violations += sum(cost > options.cost_limit for cost in costs)
        total += sum(costs)
        means = f"{np.mean(returns)},{np.mean(costs)}"
        lines.append(f"{number},{episodes},{steps},0,{means},{violations},{total},,,,,,,,")
    write_atomically(options.out, ("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
