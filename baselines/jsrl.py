"""JSRL, Jump-Start RL (Uchendu et al., ICML 2023, arXiv 2204.02372): the offline actor opens every episode."""

import itertools
from collections.abc import Iterator

import numpy as np

from baselines import official_accounting as accounting
from marvel.finetune import finetune, load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import controller as make_controller
from marvel.run.context import Context

EVALUATES = "the learner alone"  # tables say so


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    gate: float | None = None,
    stages: int = 10,
    window: int = 5,
    official_accounting: bool = False,
    controller: str | dict = "adaptive_pid",
) -> Iterator[dict]:
    """Fine-tune while a frozen guide, the offline actor, plays a shrinking first part of each episode.

    Args:
        context: `start` is an offline checkpoint.
        hp: Shared hyperparameters.
        gate: None shrinks the guide's part linearly with the rounds, as in Marvel's code. A number is the original's
            gate: the part shrinks by one of `stages` steps whenever the return has not fallen by more than this share.
        stages: Steps from "guide alone" to "learner alone"; read with a gate only.
        window: Rounds whose mean return a gate looks at.
        official_accounting: The multiplier receives the cost of the round's last episode divided by the number of the
            others (25 times too small); give `round_unit: episodes, episodes_per_round: 26` with it.
        controller: The multiplier's controller; aPID as in the paper, where all baselines have it.
    """
    if official_accounting:
        accounting.check(context.method, hp)
    agent, guide = load_agent(context, hp), load_agent(context, hp).policy()

    def policy(index: int, episode: int):
        if gate is None:
            progress = (index - 1) / hp.rounds  # share of the updates done
        else:
            progress = gated_progress([row["train_return"] for row in context.rows[1:]], gate, stages, window)
        learner, steps = agent.policy(), itertools.count()

        def act(observation, noise):
            guided = guide_acts(next(steps), context.task.max_episode_steps, progress)
            return (guide if guided else learner)(observation, noise)

        return act

    multiplier = make_controller(controller, context.cost_limit, hp)
    handed_over = accounting.jsrl if official_accounting else None
    yield from finetune(context, hp, agent, multiplier, policy=policy, accounting=handed_over)


def guide_acts(step: int, max_steps: int, progress: float) -> bool:
    """Whether the guide plays this step of an episode, at a given share of training done."""
    return step / max_steps < 1 - progress


def gated_progress(returns: list[float], tolerance: float, stages: int, window: int) -> float:
    """Share of the stages passed, a function of the mean return of every round so far.

    A stage lasts at least `window` rounds. It is passed when their mean return is not more than `tolerance` * |best|
    below the best mean with which an earlier stage was passed.
    """
    passed, begun, best = 0, 0, -np.inf
    for end in range(1, len(returns) + 1):
        mean = np.mean(returns[max(begun, end - window) : end])
        if end - begun >= window and (passed == 0 or mean >= best - tolerance * abs(best)):
            passed, begun, best = passed + 1, end, max(best, mean)
    return min(passed / stages, 1.0)
