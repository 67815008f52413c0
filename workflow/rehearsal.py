"""What a method would refuse by its options alone, read from its source: no study begins that its jobs cannot end.

`rehearse` follows `train` and the functions of the project that it calls, statement by statement, with the values that
a config fixes (options, hyperparameters, task, cost limit). Branches whose condition these decide are taken; of all
others both sides count as possible. Nothing is imported or executed beyond arithmetic on those values, so what cannot
be told here is left to the job.
"""

import ast
from types import SimpleNamespace

from marvel.errors import InputError
from workflow.callees import READS, functions, handed, parameters, reaches, resolve

NO, MAYBE, YES = 0, 1, 2
ARITHMETIC = {function.__name__: function for function in (abs, bool, float, int, len, max, min, round)}
DEEPEST = 8  # calls within calls
BRANCHING = (ast.IfExp, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SIMPLE = (
    *(ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Attribute, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp),
    *(ast.IfExp, ast.JoinedStr, ast.FormattedValue, ast.Tuple, ast.List, ast.Call, ast.operator, ast.unaryop),
    *(ast.boolop, ast.cmpop),
)


class Unknown:
    """A value that the config does not fix."""


def rehearse(train: str, context: SimpleNamespace, hp: object, options: dict) -> "Reading":
    """Follow a method as far as its first rows.

    Args:
        train: Its module.
        context: The facts of a Context that are known: method, stage, task, cost_limit.
        hp: Hyperparameters.
        options: Of the method, defaults included.

    Returns:
        What it reads and calls.

    Raises:
        InputError: The one that the method would raise.
    """
    function = functions(train)["train"]
    names = [argument.arg for argument in function.args.posonlyargs + function.args.args]
    found = Reading()
    found.block(function.body, Scope(train, dict(zip(names, (context, hp), strict=True)) | options), YES, 0)
    return found


class Scope:
    """The module and the known values of a function's names."""

    def __init__(self, module: str, values: dict):
        self.module, self.values = module, values

    def value(self, node: ast.expr | None) -> object:
        """An expression's value, or Unknown."""
        if node is None or not all(isinstance(part, SIMPLE) for part in ast.walk(node)):
            return Unknown
        calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
        if any(not isinstance(call.func, ast.Name) or call.func.id not in ARITHMETIC for call in calls):
            return Unknown
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        if any(self.values.get(name, Unknown) is Unknown for name in names - ARITHMETIC.keys()):
            return Unknown
        try:
            code = compile(ast.Expression(body=node), "<config>", "eval")
            return eval(code, {"__builtins__": ARITHMETIC}, self.values)
        except Exception:  # an attribute that is not known before the run, a division by zero
            return Unknown

    def forget(self, nodes: list[ast.stmt]) -> None:
        """Names that statements may set are known no more."""
        for node in nodes:
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    self.values[part.id] = Unknown


class Reading:
    """What a method was followed to.

    Attributes:
        reads: {"start": whether it reads one, "dataset": ...}, each NO, MAYBE or YES.
        calls: The project's functions that it surely calls, as "module.name"; of those that matter here.
    """

    def __init__(self):
        self.reads, self.calls = dict.fromkeys(READS.values(), NO), set()

    def block(self, body: list[ast.stmt], scope: Scope, how: int, depth: int) -> int:
        """Follow statements that are reached surely (`how` YES) or perhaps; returns whether the function ends here."""
        ended = NO
        for node in body:
            ended = max(ended, self.statement(node, scope, how, depth))
            if ended == YES:
                return YES
            how = min(how, YES - ended)
        return ended

    def statement(self, node: ast.stmt, scope: Scope, how: int, depth: int) -> int:
        """Follow one statement; returns whether the function ends with it."""
        if isinstance(node, ast.FunctionDef):  # of a function within it, called or not
            inner = Scope(scope.module, {**scope.values, **{name: Unknown for name in parameters(node)}})
            self.block(node.body, inner, min(how, MAYBE), depth)
            return NO
        if isinstance(node, ast.If):
            return self.branch(node, scope, how, depth)
        if isinstance(node, ast.For | ast.While | ast.With | ast.Try):
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.expr):
                    self.expression(part, scope, how, depth)
            inside = [*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])]
            inside += [each for handler in getattr(node, "handlers", []) for each in handler.body]
            scope.forget([node])
            sure = isinstance(node, ast.With)
            return min(self.block(inside, scope, how if sure else min(how, MAYBE), depth), YES if sure else MAYBE)
        if isinstance(node, ast.Raise):
            refused = node.exc.args[0] if isinstance(node.exc, ast.Call) and node.exc.args else None
            name = node.exc.func.id if refused is not None and isinstance(node.exc.func, ast.Name) else ""
            sentence = scope.value(refused)
            if how == YES and name == "InputError" and isinstance(sentence, str):
                raise InputError(sentence)
            return YES
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                self.expression(part, scope, how, depth)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            scope.values[node.targets[0].id] = scope.value(node.value)
        else:
            scope.forget([node])
        return YES if isinstance(node, ast.Return) else NO

    def branch(self, node: ast.If, scope: Scope, how: int, depth: int) -> int:
        """Follow an `if`: the side that is taken, or both."""
        self.expression(node.test, scope, how, depth)
        test = scope.value(node.test)
        if test is not Unknown:
            return self.block(node.body if test else node.orelse, scope, how, depth)
        ends = []
        for side in (node.body, node.orelse):
            ends.append(self.block(side, Scope(scope.module, dict(scope.values)), min(how, MAYBE), depth))
        scope.forget([*node.body, *node.orelse])
        return YES if min(ends) == YES else MAYBE if max(ends) else NO

    def expression(self, node: ast.expr, scope: Scope, how: int, depth: int) -> None:
        """Follow what an expression calls."""
        if isinstance(node, (ast.Lambda, *BRANCHING)):
            how = min(how, MAYBE)
        called = node.func if isinstance(node, ast.Call) else None
        if called is not None:
            self.call(node, scope, how, depth)
        elif isinstance(node, ast.Name | ast.Attribute) and (target := resolve(scope.module, node)):
            self.function(*target, {}, min(how, MAYBE), depth)  # handed on, and called by others or not
        for part in ast.iter_child_nodes(node):
            part = part.value if isinstance(part, ast.keyword) else part
            if isinstance(part, ast.expr) and part is not called:
                self.expression(part, scope, how, depth)
        if isinstance(called, ast.Attribute):
            self.expression(called.value, scope, how, depth)

    def call(self, node: ast.Call, scope: Scope, how: int, depth: int) -> None:
        """Follow a call, if it is one of the project's functions or of the Context."""
        if isinstance(node.func, ast.Attribute) and node.func.attr in READS:
            self.read(READS[node.func.attr], how)
        elif target := resolve(scope.module, node.func):
            self.function(*target, bound(target[1], node, scope), how, depth)
        elif any(isinstance(scope.value(part), SimpleNamespace) for part in handed(node)):  # who knows
            for what in self.reads:
                self.read(what, MAYBE)

    def function(self, module: str, function: ast.FunctionDef, values: dict, how: int, depth: int) -> None:
        """Follow a function of the project."""
        reached = reaches(module, function.name)
        if how < YES or depth >= DEEPEST:
            for what in reached & self.reads.keys():
                self.read(what, MAYBE)
        elif reached:
            self.calls.add(f"{module}.{function.name}")
            self.block(function.body, Scope(module, values), how, depth + 1)

    def read(self, what: str, how: int) -> None:
        """Note that something is read."""
        self.reads[what] = max(self.reads[what], how)


def bound(function: ast.FunctionDef, node: ast.Call, scope: Scope) -> dict:
    """{parameter: value} of a call, where it is known."""
    made = function.args
    positional = [argument.arg for argument in made.posonlyargs + made.args]
    values = dict.fromkeys(parameters(function), Unknown)
    if any(isinstance(part, ast.Starred) for part in node.args) or any(word.arg is None for word in node.keywords):
        return values
    defaults = dict(zip(reversed(positional), reversed(made.defaults), strict=False))
    defaults |= {argument.arg: default for argument, default in zip(made.kwonlyargs, made.kw_defaults, strict=True)}
    values |= {name: Scope(scope.module, {}).value(default) for name, default in defaults.items() if default}
    values |= {name: scope.value(part) for name, part in zip(positional, node.args, strict=False)}
    return values | {word.arg: scope.value(word.value) for word in node.keywords}
