"""Whether a method can take over the networks of the stages that it starts from, by the settings of their entries."""

import ast
from functools import cache

from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters
from marvel.options import source_of, syntax

SHAPES = ("hidden_layers", "hidden_units")
MEANING = ("reward_scale", "discount")  # of the values of critics that are handed over


LOADER = "marvel.finetune.load_agent"  # by which a method takes them over


def check_handover(where: str, hp: Hyperparameters, start: str, other: Hyperparameters, names: tuple[str, ...]) -> None:
    """Refuse an entry whose networks have another shape or form than those that it loads.

    Args:
        where: The entry's place in the config; heads the message.
        hp: Its hyperparameters.
        start: The place of the entry that it starts from.
        other: The hyperparameters of that.
        names: What must be the same.

    Raises:
        InputError: The first setting that differs.
    """
    for name in names:
        if getattr(hp, name) != getattr(other, name):
            raise InputError(
                f"{where}: {name} is {getattr(hp, name)}, but {start}, which it starts from, has "
                f"{getattr(other, name)}; give both entries the same."
            )


@cache
def learner_form() -> tuple[str, ...]:
    """The settings that a pre-aligned checkpoint and the method that loads it must share."""
    for part in ast.walk(syntax(source_of("marvel.sac"))):
        if isinstance(part, ast.Assign) and [ast.unparse(target) for target in part.targets] == ["FORM"]:
            return tuple(node.value for node in ast.walk(part.value) if isinstance(node, ast.Constant))
    raise AssertionError("SACLagrangian has no FORM")
