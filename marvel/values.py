"""What a value may be: type and range of a method's options, of hyperparameters and of multipliers' arguments.

A new method's author gets the checks for free. They follow from annotation, default and name, and run before any job:
`steps: int = 100` takes whole numbers >= 1, `noise: float = 0.2` finite numbers >= 0, `actor_lr` numbers > 0,
`safe_only: bool = False` true and false alone. Where that is not the right range, the annotation says it:

    delay: Annotated[int, ">= 0"] = 5
    shift: Annotated[float, "> -1 and < 1"] = 0.5
    speeds: Annotated[tuple[float, float], ">= 0 and rising"] = (5.0, 40.0)
"""

import difflib
import inspect
import json
import math
import operator
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from marvel.errors import InputError

# Ranges of numbers whose name says more than their type, the first match counts. Of all others, whole numbers are >= 1
# (>= 0 where the default is 0) and the rest >= 0. A default outside of its range lifts it.
RANGES = {
    "lr": "> 0",
    "*_lr": "> 0",
    "*_ratio": "> 0",
    "discount": ">= 0 and < 1",
    "tau": "> 0 and <= 1",
    "*_share": ">= 0 and <= 1",
    "outliers": ">= 0 and <= 1",  # a share of episodes
    "*smoothing": ">= 0 and < 1",  # weight of the past
    "warmup_*": ">= 0",
    "bound": ">= 1",  # a factor
    "*_width": "> 0",
    "*_scale": "> 0",
    "std": "> 0 and <= 7",  # of a Gaussian before the tanh, which networks bound by e^2
    "inverse_temperature": "> 0",
}
COMPARISONS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
RISING = "rising"  # of a list: each number is larger than the one before
RANGE = re.compile(rf"(((>=|>|<=|<) [-+]?\d+(\.\d+)?|{RISING})( and (?=\S)|$))*")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?\.?inf|\.?nan", re.IGNORECASE | re.ASCII)
LARGEST = 2**63 - 1  # of whole numbers, which libraries keep in 64 bits
REQUIRED = inspect.Parameter.empty  # the default of an option that has none


class Option(NamedTuple):
    """A named value: a keyword-only argument of a method, a hyperparameter, an argument of a multiplier."""

    name: str
    annotation: object  # a type, or `object` for any value
    default: object


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence: 'did you mean x?' or, where nothing is close, the list of what is allowed."""
    known = sorted(set(known))
    close = difflib.get_close_matches(str(name), known, n=2, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"allowed are {', '.join(known) or 'none'}."


def shown(value: object) -> str:
    """A value as a config would say it, cut short."""
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def read_json(text: str, where: str) -> dict:
    """The mapping that a JSON text holds.

    Args:
        text: JSON.
        where: Heads the messages.

    Raises:
        InputError: It is no JSON or no mapping, or gives a key twice.
    """

    def once(pairs: list[tuple[str, object]]) -> dict:
        keys = [key for key, _ in pairs]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise InputError(f"{where}: given twice: {', '.join(twice)}; keep one of each.")
        return dict(pairs)

    try:
        found = json.loads(text, object_pairs_hook=once)
    except InputError:
        raise
    except RecursionError:
        raise InputError(f"{where} is nested too deeply to be read.") from None
    except ValueError as error:  # no JSON, or a whole number of thousands of digits
        raise InputError(f"{where} is no JSON: {str(error).split(';')[0]}.") from None
    if not isinstance(found, dict):
        raise InputError(f"{where} is no JSON object: it is {shown(found)}; write a mapping in braces.")
    return found


def check_all(options: dict[str, Option], given: dict, where: str) -> dict:
    """`given` with each value in its option's type.

    Raises:
        InputError: A value that its option does not take, or an option without a default that is not given.
    """
    for name, option in options.items():
        if option.default is REQUIRED and name not in given:
            raise InputError(f"{where}: the option {name} is missing; it has no default.")
    return {name: check(options[name], value, where) for name, value in given.items()}


def check(option: Option, value: object, where: str) -> object:
    """`value` in the type of the option: 3 becomes 3.0 where a float is meant, 1e5 or "1e5" 100000 where an int is.

    Raises:
        InputError: It has another type or is out of range.
    """
    try:
        return _fit(value, option.annotation, option)
    except (ValueError, OverflowError):
        allowed = describe(option.annotation, option)
        if "whole number" in allowed and isinstance(value, int | float) and LARGEST < abs(value) < math.inf:
            allowed += " and at most 2^63 - 1"
        raise InputError(f"{where}: {option.name} is {shown(value)}; it must be {allowed}.") from None


def _fit(value: object, kind: object, option: Option) -> object:
    """`value` as the type `kind`, which is the option's or a part of it; raises ValueError if it is none."""
    kind = _bare(kind, option)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        for part in sorted(parts, key=lambda part: part is not NoneType):
            try:
                return _fit(value, part, option)
            except (ValueError, OverflowError):
                continue
        raise ValueError
    if origin is Literal and any(value == part and type(value) is type(part) for part in parts):
        return value
    if origin in (tuple, list) and isinstance(value, tuple | list):
        kinds = parts[:1] * len(value) if origin is list or parts[-1] is Ellipsis else parts
        fitted = [_fit(part, its_kind, option) for part, its_kind in zip(value, kinds, strict=True)]
        if RISING in (declared_range(option.annotation) or "") and any(a >= b for a, b in pairwise(fitted)):
            raise ValueError
        return fitted
    if kind in (int, float):
        return _number(value, kind, option)
    if kind in (object, Any):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError
        return value
    if origin not in (tuple, list) and isinstance(origin or kind, type) and isinstance(value, origin or kind):
        return value
    raise ValueError


def _number(value: object, kind: type, option: Option) -> int | float:
    """`value` as a finite number (an infinite default may be given as well) in the option's range, or ValueError."""
    if isinstance(value, str) and NUMBER.fullmatch(value):
        value = int(value) if re.fullmatch(r"[-+]?\d+", value) else float(re.sub(r"\.(?=[in])", "", value.lower()))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    if not math.isfinite(value):
        if value == option.default:
            return value
        raise ValueError
    if kind is int and abs(value) > LARGEST:
        raise ValueError
    if kind(value) != value or not within(value, range_of(option, kind)):
        raise ValueError
    return kind(value)


def range_of(option: Option, kind: type) -> str:
    """The range of an option's numbers: as its annotation says, else by its name, else by its type."""
    if (declared := declared_range(option.annotation)) is not None:
        return declared
    named = (text for pattern, text in RANGES.items() if fnmatchcase(option.name, pattern))
    text = next(named, ">= 0" if kind is float or option.default == 0 else ">= 1")
    defaults = option.default if isinstance(option.default, tuple | list) else [option.default]
    lifted = any(type(part) in (int, float) and not within(part, text) for part in defaults)
    return "" if lifted else text


def declared_range(annotation: object) -> str | None:
    """The text in an `Annotated`, also where that is a part of a union or a tuple; None without one."""
    if get_origin(annotation) is Annotated:
        return next((text for text in annotation.__metadata__ if isinstance(text, str)), None)
    return next((text for text in map(declared_range, get_args(annotation)) if text is not None), None)


def within(value: float, text: str) -> bool:
    """Whether a number is in a range such as "> 0 and <= 1"; "" is all numbers, and "rising" means nothing to one."""
    comparisons = (part.split() for part in text.split(" and ") if part not in ("", RISING))
    return all(COMPARISONS[sign](value, float(bound)) for sign, bound in comparisons)


def _bare(kind: object, option: Option) -> object:
    """A type without the range that `Annotated` gives it; the default's type where no annotation says one."""
    if get_origin(kind) is Annotated:
        return kind.__origin__
    if kind in (object, REQUIRED):
        return type(option.default) if isinstance(option.default, bool | int | float | str) else object
    return kind


def describe(kind: object, option: Option) -> str:
    """What a value of this type may be, in words."""
    kind = _bare(kind, option)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(describe(part, option) for part in parts)
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin in (tuple, list):
        many = "" if origin is list or parts[-1] is Ellipsis else f"{len(parts)} values, "
        return f"a list of {many}each {describe(parts[0], option)}"
    if kind in (int, float):
        return f"{'a whole' if kind is int else 'a finite'} number {range_of(option, kind)}".rstrip()
    names = {bool: "true or false", str: "text", dict: "a mapping", list: "a list", tuple: "a list", NoneType: "null"}
    return names.get(origin or kind, "finite")
