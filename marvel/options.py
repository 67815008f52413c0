"""Options as the source says them: of a method, read without importing its file, and of a multiplier."""

import ast
import inspect
import tokenize
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union, get_origin

from marvel.errors import InputError
from marvel.values import RANGE, REQUIRED, Option, declared_range, nearest

ROOT = Path(__file__).resolve().parents[1]
# What an annotation may name; an option of another type takes any value.
TYPES = {kind.__name__: kind for kind in (bool, int, float, str, dict, list, tuple)}
TYPES |= {"Annotated": Annotated, "Literal": Literal, "Optional": Optional, "Union": Union, "Any": Any}


def source_of(module: str) -> Path:
    """The file of a module of this project, such as "baselines.warm_start".

    Raises:
        InputError: There is none.
    """
    path = ROOT / f"{module.replace('.', '/')}.py"
    if not all(map(str.isidentifier, module.split("."))) or not path.is_file():
        known = [f"{folder}.{file.stem}" for folder in ("marvel", "baselines") for file in (ROOT / folder).glob("*.py")]
        raise InputError(f"train: {module!r} is no module of this project; {nearest(module, known)}")
    return path


@cache
def syntax(path: Path) -> ast.Module:
    """The syntax tree of a Python file.

    Raises:
        InputError: It is no valid Python.
    """
    try:
        with tokenize.open(path) as file:
            return ast.parse(file.read())
    except (SyntaxError, ValueError) as error:  # a ValueError: a null byte, no UTF-8
        line = f" line {error.lineno}" if getattr(error, "lineno", None) else ""
        raise InputError(f"{_name(path)}{line} is no valid Python ({getattr(error, 'msg', error)}).") from None


def _name(path: Path) -> str:
    """A file's name in messages: relative to the project if it is of it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def options_of(train: str) -> dict[str, Option]:
    """Options of the function `train` in a module of this project; see `read_options`."""
    return read_options(source_of(train))


@cache
def read_options(path: Path) -> dict[str, Option]:
    """Options of the function `train` in a Python file: its keyword-only arguments.

    Raises:
        InputError: No such function, or an option that cannot be read; the sentence names the file.
    """
    functions = [node for node in syntax(path).body if isinstance(node, ast.FunctionDef) and node.name == "train"]
    if not functions or len(functions[-1].args.posonlyargs + functions[-1].args.args) != 2:
        raise InputError(f"train: {_name(path)} has no function train(context, hp, *, ...).")
    options, arguments = {}, functions[-1].args
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        where = f"train: {_name(path)} line {argument.lineno}: the option {argument.arg}"
        try:
            value = REQUIRED if default is None else ast.literal_eval(default)
        except ValueError:
            raise InputError(
                f"{where} has the default {ast.unparse(default)}; write the value itself, since options are read "
                "without importing the file."
            ) from None
        option = Option(argument.arg, _type(argument.annotation), value)
        if not RANGE.fullmatch(declared_range(option.annotation) or ""):
            raise InputError(
                f"{where} has the range {declared_range(option.annotation)!r}; write comparisons joined by 'and', such "
                "as '> 0 and <= 1'."
            )
        options[option.name] = option
    return options


def defaults_of(train: str) -> dict[str, object]:
    """{option: default} of a method; see `options_of`."""
    return {name: option.default for name, option in options_of(train).items()}


def constant_of(module: str, name: str, default: object) -> object:
    """A literal that a module assigns to a name at its top level; `default` where it assigns none."""
    for node in syntax(source_of(module)).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            return ast.literal_eval(node.value)
    return default


def _type(node: ast.expr | None) -> object:
    """The type that an annotation names; `object`, any value, where it names others than `TYPES`."""
    if node is None:
        return object
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)
    try:
        kind = eval(text, {"__builtins__": {}}, TYPES)
    except (NameError, AttributeError, TypeError, SyntaxError):
        return object
    return kind if isinstance(kind, type) or get_origin(kind) is not None else object


def arguments_of(kind: type) -> dict[str, Option]:
    """Arguments of a class's constructor after the first; where it hands `**others` on, of its parent's as well."""
    options = {}
    for parent in kind.__mro__:
        if "__init__" not in vars(parent):
            continue
        parameters = list(inspect.signature(parent.__init__, eval_str=True).parameters.values())
        named = [p for p in parameters[2:] if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        options = {p.name: Option(p.name, p.annotation, p.default) for p in named} | options
        if all(p.kind is not p.VAR_KEYWORD for p in parameters):
            break
    return options
