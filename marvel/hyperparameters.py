"""Values that all methods share and that may be tuned per task; what is one method's own is its function's option."""

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Literal

from marvel.errors import InputError
from marvel.values import Option, check, nearest


@dataclass(frozen=True)
class Hyperparameters:
    """Shared values. Sources, weakest first: these defaults, the task's row of hyperparameters.tsv, `hyperparameters`
    of the study's config, the method's entry.

    The defaults of the learning rates and the temperature are the median of the official per-task values; the last
    block says how the update is written: by default correctly, by `OFFICIAL` as in the official code.
    """

    # networks
    hidden_layers: int = 2
    hidden_units: int = 256
    # learning
    discount: float = 0.99
    tau: float = 0.005  # Polyak step of the targets, after every minibatch
    actor_lr: float = 5e-5
    critic_lr: float = 5e-3
    cost_critic_lr: float = 5e-3
    multiplier_lr: float = 1e-4  # dual ascent alone reads it
    temperature: float = 1e-3  # fixed, never tuned online
    reward_scale: float = 0.1  # rewards are multiplied by it before learning; costs are not scaled
    batch_size: int = 64
    # budget and rhythm
    online_episodes: int = 500
    episodes_per_round: int = 5
    updates_per_round: Annotated[int, ">= 0"] = 20  # official: 5 calls of 4 minibatches; 0 freezes the learner
    eval_every: int = 20  # rounds
    eval_episodes: int = 10
    # "steps": whole episodes until the time limits of a round's episodes are used up, so that budgets are equal (Q33)
    round_unit: Literal["steps", "episodes"] = "steps"
    # form of the update, one option per row of the table in docs/paper-against-code.md
    trunk_activation: Literal["relu", "tanh"] = "relu"  # after the online actor's last hidden layer (Q7)
    cost_critic_layers: int | None = None  # None: as the other critics; official: 3, offline tensors by name (Q8)
    restore_actor_optimizer: bool = False  # offline Adam moments and learning rate go on online (Q9)
    log_prob: Literal["true", "official"] = "true"  # "official": the official code's h (Q16)
    entropy_in_target: Literal["sample", "batch_mean"] = "sample"  # (Q17)
    actor_critics: Literal["live", "target"] = "live"  # the critics in the actor's loss (Q18)
    # "minibatch": updates_per_round times a round, whatever the update ratio (Q19)
    multiplier_moves: Literal["minibatch", "round"] = "minibatch"
    layer_norm: bool = False  # in the online critics; offline ones have none, so it needs critics that start afresh
    divide_by_multiplier: bool = False  # the actor's loss divided by 1 + multiplier (Q21: official: not divided)
    timeouts_terminal: bool = False  # a time limit stops bootstrapping (Q22)
    repeat_eval_episode: bool = False  # the evaluation's episodes are one episode repeated (Q27)

    @property
    def hidden(self) -> list[int]:
        """Widths of the hidden layers of actor and reward critics."""
        return [self.hidden_units] * self.hidden_layers

    @property
    def cost_hidden(self) -> list[int]:
        """Widths of the hidden layers of the cost critic."""
        return [self.hidden_units] * (self.cost_critic_layers or self.hidden_layers)

    @property
    def rounds(self) -> int:
        """Rounds of rollouts and updates in the online budget."""
        return self.online_episodes // self.episodes_per_round


FIELDS = {field.name: Option(field.name, field.type, field.default) for field in dataclasses.fields(Hyperparameters)}

# What `official: true` in a method's entry stands for; single keys of the same line still win. Distinct evaluation
# episodes are kept (Q27 is a fault of measurement, not part of the method).
OFFICIAL = {
    "trunk_activation": "tanh",
    "cost_critic_layers": 3,
    "restore_actor_optimizer": True,
    "log_prob": "official",
    "entropy_in_target": "batch_mean",
    "actor_critics": "target",
    "timeouts_terminal": True,
    "round_unit": "episodes",
}


def checked(values: dict, where: str) -> dict:
    """`values` with each in the type of its hyperparameter.

    Raises:
        InputError: An unknown name, or a value that its hyperparameter does not take.
    """
    for name in values:
        if name not in FIELDS:
            raise InputError(f"{where}: {name!r} is no hyperparameter; {nearest(name, FIELDS)}")
    return {name: check(FIELDS[name], value, where) for name, value in values.items()}


def resolve(*layers: dict, where: str = "hyperparameters") -> Hyperparameters:
    """Lay `layers` over the defaults, later ones winning, and check every value.

    Raises:
        InputError: See `checked`; or online_episodes is not a multiple of episodes_per_round.
    """
    values = {}
    for layer in layers:
        values |= checked(layer, where)
    hp = Hyperparameters(**values)
    if hp.online_episodes % hp.episodes_per_round:
        raise InputError(
            f"{where}: online_episodes {hp.online_episodes} is not a multiple of "
            f"episodes_per_round {hp.episodes_per_round}."
        )
    return hp
