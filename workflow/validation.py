"""What a config may say: text, numbers, names and keys, each fault one sentence with the nearest valid name."""

import contextlib
import json
import math
import re
import sys
from functools import cache
from pathlib import Path

import jsonschema
import yaml

from marvel.datasets.sources import SOURCES
from marvel.errors import InputError
from marvel.values import LARGEST, nearest, read_json, shown
from workflow.figures.kinds import KINDS

SCHEMA = Path(__file__).resolve().parent / "schemas" / "config.schema.yaml"
PLAIN = re.compile(r"[-+]?(0|[1-9]\d*|\d+\.\d*([eE][-+]\d+)?|\.\d+|\.(inf|Inf|INF)|\.(nan|NaN|NAN))", re.ASCII)
DEEPEST = 20  # levels of a config
EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
TYPES = {"array": "a list", "object": "a mapping", "boolean": "true or false", "string": "text"}


def check_file(path: Path) -> None:
    """Refuse a config file that is no mapping in YAML or JSON, or that YAML reads otherwise than it looks.

    A key given twice (loaders keep the last one without a word), and numbers such as 1:30 (90 to YAML), 010 (8), 0x10
    and 1_000.

    Raises:
        InputError: One sentence with the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(f"{path} line {line} is no UTF-8 text; save the file as UTF-8.") from None
    except (OSError, ValueError) as error:  # a ValueError: a null byte in the path
        raise InputError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    if text.lstrip().startswith("{"):
        with contextlib.suppress(ValueError, RecursionError):  # YAML in braces
            json.loads(text)
            read_json(text, str(path))
            return
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        reason = re.sub(r"\s+", " ", str(reason))
        raise InputError(f"{path}{line} is no valid YAML ({reason}); indent with spaces and quote texts.") from None
    except RecursionError:
        raise InputError(f"{path} is nested too deeply, or within itself, to be a config.") from None
    if not isinstance(node, yaml.MappingNode):
        raise InputError(f"{path} is no mapping of keys and values; a config begins with a line such as `study: mine`.")
    _check_nodes(path, node)


def _check_nodes(path: Path, root: yaml.Node) -> None:
    """Raise InputError for keys given twice (with all their lines) and numbers that are not what they look like."""
    twice, seen, waiting = [], set(), [((), root)]
    while waiting:
        place, node = waiting.pop(0)
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if (
            isinstance(node, yaml.ScalarNode)
            and node.tag.endswith((":int", ":float"))
            and not PLAIN.fullmatch(node.value)
        ):
            found = yaml.safe_load(node.value)
            raise InputError(
                f"{path} line {node.start_mark.line + 1}: {node.value} is {found} to YAML; write that, or quote a text."
            )
        if isinstance(node, yaml.SequenceNode):
            waiting += [(place, part) for part in node.value]
        if not isinstance(node, yaml.MappingNode):
            continue
        lines = {}
        for key, value in node.value:
            name = (key.tag, str(key.value))
            lines.setdefault(name, []).append(key.start_mark.line + 1)
            waiting.append(((*place, str(key.value)), value))
        for (_, name), found in lines.items():
            if len(found) > 1:
                twice.append((found, f"{': '.join([*place, name])} (lines {' and '.join(map(str, found))})"))
    if twice:
        raise InputError(f"{path}: given twice: {', '.join(text for _, text in sorted(twice))}; keep one of each.")


def from_command_line(config: dict) -> dict:
    """Values of `--config key=value`: Snakemake reads all that lies within a list or mapping as text."""
    return {key: value if isinstance(value, str) else _typed(value) for key, value in config.items()}


def _typed(value: object) -> object:
    """Numbers, booleans and null in place of the texts that YAML reads so."""
    if isinstance(value, dict):
        return {key: _typed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_typed(part) for part in value]
    try:
        found = yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        return value
    if isinstance(found, int | float) and not isinstance(found, bool) and not PLAIN.fullmatch(str(value)):
        return value  # 1:30 would be 90
    return found if found is None or isinstance(found, bool | int | float) else value


def plain(value: object, *place: str) -> object:
    """A config of texts, numbers, booleans, lists and mappings, with 1e-4 read as a number: YAML 1.1 reads it as text.

    Raises:
        InputError: A key that is no text, a value that JSON does not have, or more levels than any config has.
    """
    where = ": ".join(["config", *place])
    if len(place) > DEEPEST:
        raise InputError(f"config: {place[0]} is nested too deeply; a config has at most {DEEPEST} levels.")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise InputError(
                    f"{where}: the key {key!r} is no text, as YAML reads on, off, yes, no, null and bare numbers; "
                    "names are text: quote it."
                )
        return {key: plain(part, *place, key) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part, *place, str(number)) for number, part in enumerate(value)]
    if isinstance(value, str) and EXPONENT.fullmatch(value):
        number = float(value)
        return int(number) if number.is_integer() and math.isfinite(number) else number
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise InputError(f"{where} is {value}, a {type(value).__name__} to YAML; text must be quoted.")


@cache
def _validator() -> jsonschema.Draft202012Validator:
    """The config's schema; whole numbers are not written as 1.0, and numbers are finite."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    schema["properties"]["dataset"]["properties"]["source"]["enum"] = list(SOURCES)
    schema["$defs"]["figure"]["properties"]["kind"]["enum"] = list(KINDS)

    def integer(checker, value) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST

    def number(checker, value) -> bool:
        finite = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
        return finite  # an infinity or nan is not, nor is a whole number that no float can hold

    draft = jsonschema.Draft202012Validator
    types = draft.TYPE_CHECKER.redefine_many({"integer": integer, "number": number})
    return jsonschema.validators.extend(draft, type_checker=types)(schema)


def check_schema(config: dict) -> None:
    """Validate a config against workflow/schemas/config.schema.yaml.

    Raises:
        InputError: The first fault, headed by the path to it, with the nearest valid name or what was allowed.
    """
    errors = sorted(_validator().iter_errors(config), key=lambda error: list(map(str, error.path)))
    if not errors:
        return
    error = errors[0]
    where, value, schema = ": ".join(["config", *map(str, error.absolute_path)]), error.instance, error.schema
    if error.validator == "additionalProperties":
        known = schema.get("properties", {})
        unknown = next(key for key in value if key not in known)
        if where == "config" and isinstance(value[unknown], dict) and "train" in value[unknown]:
            raise InputError(f"{where}: {unknown!r} is no key here; an entry with `train` stands below `methods:`.")
        raise InputError(f"{where}: {unknown!r} is no key here; {nearest(unknown, known)}")
    if error.validator == "required":
        missing = next(key for key in schema["required"] if key not in value)
        raise InputError(f"{where}: the key {missing!r} is missing.")
    if error.validator == "oneOf":
        given = ", ".join(sorted(value)) or "neither"
        raise InputError(f"{where}: a method needs either `train` and `start`, or `rule`; it has {given}.")
    if error.validator in ("pattern", "maxLength"):
        raise InputError(f"{where}: {shown(value)} is no name; a name has {schema['description']}.")
    if error.validator == "type" and error.validator_value == "string":
        raise InputError(f"{where}: {shown(value)} is no text; names are text: quote it.")
    if error.validator == "type" or error.validator in BOUNDS:
        raise InputError(f"{where} is {shown(value)}; it must be {_words(schema)}.")
    if error.validator == "enum":
        raise InputError(f"{where}: {shown(value)} is not one of {', '.join(schema['enum'])}.")
    if error.validator == "anyOf":
        raise InputError(f"{where} is {shown(value)}; it must be {' or '.join(map(_words, schema['anyOf']))}.")
    raise InputError(f"{where}: {error.message}.")


def _words(schema: dict) -> str:
    """What a value may be by its schema."""
    if "const" in schema:
        return repr(schema["const"])
    if schema["type"] in TYPES:
        return TYPES[schema["type"]]
    bounds = [f"{sign} {schema[bound]}" for bound, sign in BOUNDS.items() if bound in schema]
    return f"a {'whole' if schema['type'] == 'integer' else 'finite'} number {' and '.join(bounds)}".rstrip()
