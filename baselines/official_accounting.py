"""What the official baselines store of a round's episodes, and the episode cost that they hand to the multiplier.

The official loops play 26 episodes a round. `docs/baselines.md` says what that means for a comparison.
"""

from marvel.errors import InputError
from marvel.finetune import episode_costs
from marvel.hyperparameters import Hyperparameters
from marvel.rollout import Episode


def check(method: str, hp: Hyperparameters) -> None:
    """Refuse rounds for which the official accounting means nothing.

    Raises:
        InputError: Rounds are not counted in episodes, or have fewer than two.
    """
    if hp.round_unit != "episodes" or hp.episodes_per_round < 2:
        raise InputError(
            f"{method}: official_accounting is true, but a round is {hp.episodes_per_round} episodes counted in "
            f"{hp.round_unit}; it needs round_unit: episodes and episodes_per_round of at least 2 (official: 26)."
        )


def jsrl(episodes: list[Episode]) -> tuple[list[Episode], float]:
    """All episodes are stored; the cost is the last one's divided by the number of the others (25 times too small)."""
    costs = episode_costs(episodes)
    return episodes, costs[-1] / (len(costs) - 1)


def pex(episodes: list[Episode]) -> tuple[list[Episode], float]:
    """All episodes but the last one are stored; the cost is that one's, which the learner played alone."""
    return episodes[:-1], episode_costs(episodes)[-1]
