"""Which of the project's functions a function calls, and what it may come to, as the sources say."""

import ast
from functools import cache

from marvel.errors import InputError
from marvel.options import source_of, syntax

READS = {"read_start": "start", "read_dataset": "dataset"}  # methods of the Context


@cache
def functions(module: str) -> dict[str, ast.FunctionDef]:
    """{name: function} of a module of the project."""
    return {node.name: node for node in syntax(source_of(module)).body if isinstance(node, ast.FunctionDef)}


@cache
def imported(module: str) -> dict[str, tuple[str, str]]:
    """{name: (module, name there)} of what a module imports by `from`."""
    nodes = [node for node in ast.walk(syntax(source_of(module))) if isinstance(node, ast.ImportFrom)]
    return {part.asname or part.name: (node.module or "", part.name) for node in nodes for part in node.names}


@cache
def reaches(module: str, name: str) -> frozenset[str]:
    """Which of "start", "dataset" and "refusal" a function, or one that it names, may come to."""
    found, seen, waiting = set(), set(), [(module, name)]
    while waiting:
        if (here := waiting.pop()) in seen:
            continue
        seen.add(here)
        function = functions(here[0])[here[1]]
        made = function.args.args
        contexts = {each.arg for each in made if each.annotation and "Context" in ast.unparse(each.annotation)}
        contexts |= {"context", "ctx"}
        for node in ast.walk(function):
            if isinstance(node, ast.Raise):
                found.add("refusal")
            if isinstance(node, ast.Attribute) and node.attr in READS:
                found.add(READS[node.attr])
            if isinstance(node, ast.Name | ast.Attribute) and (target := resolve(here[0], node)):
                waiting.append((target[0], target[1].name))
            elif isinstance(node, ast.Call) and resolve(here[0], node.func) is None:
                given = {part.id for part in handed(node) if isinstance(part, ast.Name)}
                found |= {*READS.values()} if given & contexts else set()  # handed to who knows whom
    return frozenset(found)


@cache
def resolve(module: str, node: ast.expr) -> tuple[str, ast.FunctionDef] | None:
    """The project's function that a name, or a name of an imported module, stands for in a module."""
    if isinstance(node, ast.Name):
        where, name = imported(module).get(node.id, (module, node.id))
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        where, name = ".".join(imported(module).get(node.value.id, ("", ""))), node.attr
    else:
        return None
    try:
        return (where, functions(where)[name])
    except (InputError, KeyError):  # no module of this project, no function
        return None


def parameters(function: ast.FunctionDef) -> list[str]:
    """Names of all parameters."""
    made = function.args
    others = [made.vararg, made.kwarg]
    named = [*made.posonlyargs, *made.args, *made.kwonlyargs, *filter(None, others)]
    return [argument.arg for argument in named]


def handed(node: ast.Call) -> list[ast.expr]:
    """The arguments of a call."""
    return [*node.args, *(keyword.value for keyword in node.keywords)]
