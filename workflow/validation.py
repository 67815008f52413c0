"""What a config may say: text, numbers, names and keys, each fault one sentence with the nearest valid name."""

import math
import re
from functools import cache
from pathlib import Path

import jsonschema
import yaml

from marvel.datasets.sources import SOURCES
from marvel.errors import InputError
from marvel.values import nearest, shown

SCHEMA = Path(__file__).resolve().parent / "schemas" / "config.schema.yaml"
EXPONENT = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
KINDS = {"array": "a list", "object": "a mapping", "boolean": "true or false", "string": "text"}


def check_keys_once(path: Path) -> None:
    """Refuse a config file that gives a key twice: YAML loaders keep the last one without a word.

    Raises:
        InputError: All such keys with their lines, or the file is no UTF-8.
    """
    try:
        waiting = [((), yaml.compose(Path(path).read_text(encoding="utf-8"), yaml.SafeLoader))]
    except UnicodeDecodeError:
        raise InputError(f"{path} is no UTF-8 text; save it as UTF-8.") from None
    except yaml.YAMLError:  # JSON with tabs, which Snakemake has read
        return
    twice, seen = [], set()
    while waiting:
        place, node = waiting.pop(0)
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
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
    return found if found is None or isinstance(found, bool | int | float) else value


def plain(value: object, *place: str) -> object:
    """A config of texts, numbers, booleans, lists and mappings, with 1e-4 read as a number: YAML 1.1 reads it as text.

    Raises:
        InputError: A key that is no text, or a value that JSON does not have.
    """
    where = ": ".join(["config", *place])
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise InputError(
                    f"{where}: the key {key!r} is no text, as YAML reads on, off, yes, no, null and bare numbers; "
                    "names are text: quote it."
                )
        return {key: plain(part, *place, key) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part, *place) for part in value]
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

    def integer(checker, value) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def number(checker, value) -> bool:
        return integer(checker, value) or (isinstance(value, float) and math.isfinite(value))

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
    if schema["type"] in KINDS:
        return KINDS[schema["type"]]
    bounds = [f"{sign} {schema[bound]}" for bound, sign in BOUNDS.items() if bound in schema]
    return f"a {'whole' if schema['type'] == 'integer' else 'finite'} number {' and '.join(bounds)}".rstrip()
