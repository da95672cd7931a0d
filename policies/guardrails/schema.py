"""The configuration of a policy: JSON schemas written shortly, and a validator for the part of JSON schema they use.

The Pulumi CLI validates a policy's configuration and fills in defaults; the SDK for Python does neither, and nobody
refuses the name of a policy that does not exist. The pack and the local runner do all three with this module.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, cast

Schema = Mapping[str, Any]
LEVELS = ("advisory", "mandatory", "remediate", "disabled")


def strings(description: str, default: Sequence[str] = ()) -> dict[str, Any]:
    """A list of strings."""
    return {"type": "array", "items": {"type": "string"}, "default": list(default), "description": description}


def text(description: str, default: str = "", pattern: str = "") -> dict[str, Any]:
    """A string, matched whole against `pattern` when there is one."""
    schema: dict[str, Any] = {"type": "string", "default": default, "description": description}
    return {**schema, "pattern": f"^(?:{pattern})$"} if pattern else schema


def expression(description: str, default: str) -> dict[str, Any]:
    """A regular expression."""
    return {**text(description, default), "format": "regex"}


def number(description: str, default: float, minimum: float = 0, maximum: float | None = None) -> dict[str, Any]:
    """A number in a range, both ends included."""
    schema: dict[str, Any] = {"type": "number", "default": default, "minimum": minimum, "description": description}
    return schema if maximum is None else {**schema, "maximum": maximum}


def flag(description: str, *, default: bool = False) -> dict[str, Any]:
    """True or false."""
    return {"type": "boolean", "default": default, "description": description}


def mapping(description: str) -> dict[str, Any]:
    """An object whose values are strings, empty by default."""
    return {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "default": dict[str, str](),
        "description": description,
    }


EXEMPTIONS: Schema = {
    "type": "array",
    "default": [],
    "description": "Resources that this policy leaves alone until a date, each with a reason and an owner.",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["resource", "reason", "owner", "expires"],
        "properties": {
            "resource": {
                "type": "string",
                "minLength": 1,
                "description": "Pattern (* and ?) of the logical name or the URN.",
            },
            "reason": {"type": "string", "minLength": 10, "description": "Why the risk is accepted."},
            "owner": {"type": "string", "minLength": 1, "description": "Who answers for it."},
            "expires": {
                "type": "string",
                "pattern": r"^\d{4}-\d{2}-\d{2}$",
                "format": "date",
                "description": "The last day, ISO 8601.",
            },
        },
    },
}


def with_defaults(properties: Mapping[str, Schema], config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with the default of every property that it leaves out."""
    defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    return {**defaults, **{name: plain(value) for name, value in config.items()}}


def plain(value: Any) -> Any:
    """Proxies, protobuf lists and tuples as plain lists and dicts; scalars as they are."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in cast(Sequence[Any], value)]
    return value


def pack_faults(schemas: Mapping[str, Mapping[str, Schema]], config: Mapping[str, Any]) -> list[str]:
    """Every fault of a pack's configuration (the JSON of `--policy-pack-config`), as sentences.

    Args:
        schemas: for each policy of the pack, the schema of each of its properties.
        config: policy name, or `all`, to a level or to an object of `enforcementLevel` and properties.
    """
    faults: list[str] = []
    for name, value in config.items():
        if name != "all" and name not in schemas:
            faults.append(f"{name}: no policy has this name{_nearest(name, schemas)}")
        elif isinstance(value, str):
            faults += _level_faults(name, value)
        elif isinstance(value, Mapping):
            faults += _policy_faults(name, schemas.get(name, {}), cast(Mapping[str, Any], value))
        else:
            faults.append(f"{name}: found {_kind(value)}; give a level ({', '.join(LEVELS)}) or an object with one")
    return faults


def _policy_faults(name: str, properties: Mapping[str, Schema], config: Mapping[str, Any]) -> list[str]:
    settings = {key: value for key, value in config.items() if key != "enforcementLevel"}
    whole = {"type": "object", "properties": properties, "additionalProperties": False}
    # Without a level the policy keeps the one it declares, as with the CLI.
    level = _level_faults(name, config["enforcementLevel"]) if "enforcementLevel" in config else []
    return [*level, *faults(whole, settings, name)]


def level_of(entry: object) -> str | None:
    """The level that an entry of the configuration gives, as text or in an object; None when it gives none."""
    if isinstance(entry, Mapping):
        return cast(Mapping[str, Any], entry).get("enforcementLevel")
    return cast("str | None", entry)


def _level_faults(name: str, level: object) -> list[str]:
    return [] if level in LEVELS else [f"{name}: level {level!r} is unknown; give {', '.join(LEVELS)}"]


def _nearest(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def faults(schema: Schema, value: Any, path: str) -> list[str]:
    """Every way in which a value breaks a schema, as sentences that begin with the path."""
    kind = schema.get("type")
    if kind and not _TYPES[kind](value):
        return [f"{path}: found {_kind(value)}; it must be of type {kind}"]
    found: list[str] = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: found {value!r}; it must be one of {', '.join(map(repr, schema['enum']))}")
    if isinstance(value, str):
        found += _string_faults(schema, value, path)
    elif isinstance(value, Mapping):
        found += _object_faults(schema, cast(Mapping[str, Any], value), path)
    elif isinstance(value, Sequence):
        items = cast(Sequence[Any], value)
        found += [
            fault for i, item in enumerate(items) for fault in faults(schema.get("items", {}), item, f"{path}[{i}]")
        ]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found += _number_faults(schema, value, path)
    return found


def _string_faults(schema: Schema, value: str, path: str) -> list[str]:
    if len(value) < schema.get("minLength", 0):
        return [f"{path}: found {value!r}; it must have at least {schema['minLength']} characters"]
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{path}: found {value!r}; it must match {schema['pattern']}"]
    if "format" in schema:
        return _format_faults(schema["format"], value, path)
    return []


def _format_faults(name: str, value: str, path: str) -> list[str]:
    parse, what = _FORMATS[name]
    try:
        parse(value)
    except (ValueError, re.error) as fault:
        return [f"{path}: found {value!r}; it must be {what}: {fault}"]
    return []


def _number_faults(schema: Schema, value: float, path: str) -> list[str]:
    if "minimum" in schema and value < schema["minimum"]:
        return [f"{path}: found {value:g}; it must be at least {schema['minimum']:g}"]
    if "maximum" in schema and value > schema["maximum"]:
        return [f"{path}: found {value:g}; it must be at most {schema['maximum']:g}"]
    return []


def _object_faults(schema: Schema, value: Mapping[str, Any], path: str) -> list[str]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    others = schema.get("additionalProperties", {})
    found = [f"{path}.{key}: is not set" for key in schema.get("required", ()) if key not in value]
    for key, item in value.items():
        if key in properties:
            found += faults(properties[key], item, f"{path}.{key}")
        elif others is False:
            found.append(f"{path}.{key}: there is no such setting{_nearest(key, properties)}")
        else:
            found += faults(others, item, f"{path}.{key}")
    return found


_FORMATS: dict[str, tuple[Callable[[str], object], str]] = {
    "date": (date.fromisoformat, "a day of the calendar"),
    "regex": (re.compile, "a regular expression"),
}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, Sequence) and not isinstance(value, str),
    "object": lambda value: isinstance(value, Mapping),
}


def _kind(value: object) -> str:
    return next((f"a value of type {name}" for name, test in _TYPES.items() if test(value)), "null")
