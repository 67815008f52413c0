"""Values that all methods share and that may be tuned per task; what is one method's own is its function's option."""

import dataclasses
import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from marvel.errors import InputError


def nearest(name: str, known: Iterable[str]) -> str:
    """'did you mean x?' or, where nothing is close, the list of what is allowed."""
    known = sorted(known)
    close = difflib.get_close_matches(str(name), known, n=2, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"allowed are {', '.join(known)}"


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
    updates_per_round: int = 20  # official: 5 calls of 4 minibatches
    eval_every: int = 20  # rounds
    eval_episodes: int = 10
    round_unit: str = "steps"  # of whole episodes, so that budgets are equal; or "episodes", the official unit (Q33)
    # form of the update, one option per row of the table in docs/paper-against-code.md
    trunk_activation: str = "relu"  # after the online actor's last hidden layer (Q7)
    cost_critic_layers: int | None = None  # None: as the other critics; official: 3, offline tensors by name (Q8)
    restore_actor_optimizer: bool = False  # offline Adam moments and learning rate go on online (Q9)
    log_prob: str = "true"  # or "official", the official code's h (Q16)
    entropy_in_target: str = "sample"  # or "batch_mean" (Q17)
    actor_critics: str = "live"  # or "target": the critics in the actor's loss (Q18)
    multiplier_moves: str = "minibatch"  # updates_per_round times a round, whatever the update ratio; or "round" (Q19)
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


FIELDS = {field.name: field for field in dataclasses.fields(Hyperparameters)}

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
AT_LEAST_ONE = ("hidden_layers", "hidden_units", "batch_size", "episodes_per_round", "eval_every", "cost_critic_layers")
CHOICES = {
    "round_unit": ("steps", "episodes"),
    "trunk_activation": ("relu", "tanh"),
    "log_prob": ("true", "official"),
    "entropy_in_target": ("sample", "batch_mean"),
    "actor_critics": ("live", "target"),
    "multiplier_moves": ("minibatch", "round"),
}


def resolve(*layers: dict, where: str = "hyperparameters") -> Hyperparameters:
    """Lay `layers` over the defaults, later ones winning, and check every value.

    Raises:
        InputError: An unknown name, a value of the wrong type, out of range or not among the choices.
    """
    values = {}
    for layer in layers:
        values.update(layer)
    for name, value in values.items():
        if name not in FIELDS:
            raise InputError(f"{where}: {name!r} is no hyperparameter; {nearest(name, FIELDS)}.")
        values[name] = check(name, value, where)
    hp = Hyperparameters(**values)
    if hp.online_episodes % hp.episodes_per_round:
        raise InputError(
            f"{where}: online_episodes {hp.online_episodes} is not a multiple of "
            f"episodes_per_round {hp.episodes_per_round}."
        )
    return hp


def check(name: str, value: object, where: str) -> object:
    """`value` in the type of the hyperparameter `name` (integers become floats where a float is meant)."""
    default = FIELDS[name].default
    if name in CHOICES and value not in CHOICES[name]:
        raise InputError(f"{where}: {name} is {value!r}; it must be one of {', '.join(CHOICES[name])}.")
    if name == "cost_critic_layers" and value is None:
        return None
    kind = int if name == "cost_critic_layers" else type(default)
    if isinstance(value, str) and kind in (int, float):
        try:
            value = kind(value)  # YAML 1.1 reads 1e-4 as text
        except ValueError:
            raise InputError(f"{where}: {name} is {value!r}; it must be a number.") from None
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"{where}: {name} is {value!r}; it must be of type {kind.__name__}.")
    if kind in (int, float) and value < 0:
        raise InputError(f"{where}: {name} is {value}; it must not be negative.")
    if name in AT_LEAST_ONE and value < 1:
        raise InputError(f"{where}: {name} is {value}; it must be at least 1.")
    return value
