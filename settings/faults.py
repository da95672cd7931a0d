"""Faults of the stack config in words: where, what was found, what is allowed, what to do.

What is allowed is read from the JSON schema of the settings, so that a message can never disagree with the check.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

#: Tag names and values, as every service takes them (AWS Resource Groups tagging guide).
TAG_CHARACTERS: Final = "letters, digits, spaces or _ . : / = + @ -"
MAX_TAG_NAME: Final = 128

#: Key of the JSON schema of a field, or of a kind, whose limits are AWS's: the page that says so.
SOURCE: Final = "x-source"

Schema = dict[str, Any]
Location = tuple[str | int, ...]

#: Schema keywords and how they read; the first that a schema has all of speaks for it.
_WORDS: Final[tuple[tuple[tuple[str, ...], Callable[[Schema], str]], ...]] = (
    (("oneOf", "discriminator"), lambda s: ", ".join(s["discriminator"]["mapping"])),
    (("const",), lambda s: str(s["const"])),
    (("enum",), lambda s: ", ".join(str(value) for value in s["enum"])),
    (("minimum", "maximum"), lambda s: f"{s['minimum']} to {s['maximum']}"),
    (("exclusiveMinimum", "maximum"), lambda s: f"above {s['exclusiveMinimum']}, at most {s['maximum']}"),
    (("exclusiveMinimum",), lambda s: f"a number above {s['exclusiveMinimum']}"),
    (("examples",), lambda s: f"text like {s['examples'][0]}"),
    (("pattern", "maxLength"), lambda s: f"up to {s['maxLength']} {TAG_CHARACTERS}"),
    (("maxProperties",), lambda s: f"at most {s['maxProperties']} entries"),
    (("minProperties",), lambda s: f"a mapping of at least {s['minProperties']}"),
    (("minItems",), lambda s: f"a list of at least {s['minItems']}"),
)
_TYPES: Final[Mapping[str, str]] = {
    "array": "a list",
    "boolean": "true or false",
    "object": "a mapping",
    "string": "text",
}


#: What the engine makes of a bare 2027-01-01 in a stack file, which YAML reads as a moment (Go's time.Time.String).
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) [+-]\d{4} \S+")


def in_quotes(found: str) -> str | None:
    """What to do about a text that was written as a date without quotes; None for any other text."""
    if moment := _MOMENT.fullmatch(found):
        day, time = moment.groups()
        written = day if time == "00:00:00" else f"{day}T{time}"
        return f"YAML reads a bare date so: write it in quotes, as in {json.dumps(written)}"
    return None


class Fault(NamedTuple):
    """One thing wrong: the path below its section, the value found, what is allowed, and what to do.

    `source` is the page of AWS that sets the limit, with the day it was read, where the limit is AWS's.
    """

    path: str
    found: object
    allowed: str
    advice: str
    source: str = ""

    @property
    def told(self) -> str:
        """What to do, and who says so."""
        return _sourced(self.advice, self.source)


class SectionError(ValueError):
    """What is wrong between the fields of one section."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(fault.path for fault in faults))
        self.faults = faults


def repeated(path: str, values: Iterable[str]) -> Iterator[Fault]:
    """A fault if a list names something twice."""
    seen = list(values)
    if twice := sorted({value for value in seen if seen.count(value) > 1}):
        yield Fault(path, twice, "each once", "remove the repetition")


def once(faults: Iterable[Fault]) -> list[Fault]:
    """Each fault at its first place; what was found may be a list, which no set holds."""
    found: list[Fault] = []
    for fault in faults:
        if fault not in found:
            found.append(fault)
    return found


class Reporter:
    """Turns errors into lines, with the JSON schema of the settings to say what is allowed.

    Reporter("ml-platform", Settings.model_json_schema()).lines(error)
    """

    def __init__(self, project: str, schema: Mapping[str, Any]) -> None:
        self._project, self._root = project, dict(schema)

    def lines(self, error: Mapping[str, Any]) -> list[str]:
        """One error of pydantic (an item of `ValidationError.errors`) as lines."""
        location: Location = tuple(error["loc"])
        found = error["input"]
        cause = error.get("ctx", {}).get("error")
        if isinstance(cause, SectionError):
            return [self._line((*location, *filter(None, [f.path])), f.found, f.allowed, f.told) for f in cause.faults]
        schema = self._schema(location)
        match error["type"]:
            case "extra_forbidden":
                return [self._unknown(location, found)]
            case "missing":
                return [self._line(location, "nothing", _allowed(schema), "set it")]
            case "union_tag_invalid" | "union_tag_not_found":
                advice = _sourced("name one of these", schema.get(SOURCE, ""))
                return [self._line((*location, "kind"), found.get("kind", "nothing"), _allowed(schema), advice)]
            case _ if "[key]" in location:
                allowed = f"up to {MAX_TAG_NAME} {TAG_CHARACTERS}"
                return [self._line(location[:-2], found, allowed, "rename it")]
            case "dict_type" if "oneOf" in schema:  # a union's kind in the place of its mapping
                return [self._line(location, found, _TYPES["object"], _advice("", found, schema))]
            case kind:
                advice = _advice(kind, found, schema)
                return [self._line(location, found, _allowed(schema), _sourced(advice, _page(kind, schema)))]

    def line(self, fault: Fault) -> str:
        """A fault that no model has found."""
        return self._line((fault.path,), fault.found, fault.allowed, fault.told)

    def wrong_type(self, key: str, found: str) -> str:
        """A config value that is not even JSON, where the key takes more than text."""
        if key not in self._root["properties"]:
            return self._unknown((key,), found)
        return self._line((key,), found, _allowed(self._schema((key,))), "write it as YAML of that type")

    def secret(self, key: str) -> str:
        """A value that the stack file encrypts. It is not shown."""
        advice = "names, descriptions and the state would show it: set it without --secret, or keep it elsewhere"
        return f"  {self._project}:{key}: found a secret; allowed: plain values; {advice}"

    def words(self, field: Schema) -> tuple[str, str]:
        """Type of a field and what it allows, for the reference."""
        schema = self._resolved(field)
        kind = str(schema.get("type") or "").replace("integer", "whole number")
        return _TYPES.get(kind, kind) or "one of several mappings", _allowed(schema)

    def _unknown(self, location: Location, found: object) -> str:
        names = ", ".join(self._schema(location[:-1])["properties"])
        advice = "there is no such key: correct its name or remove it"
        if kinds := self._kinds_with(location):
            have = f"kind {kinds[0]} has" if len(kinds) == 1 else f"kinds {', '.join(kinds)} have"
            page = self._schema(location[:-1]).get(SOURCE, "")
            advice = _sourced(f"{have} this key: choose such a kind or remove it", page)
        return self._line(location, found, names, advice)

    def _kinds_with(self, location: Location) -> list[str]:
        """Of a key that a mapping of one kind does not have: the kinds that have it."""
        union = self._schema(location[:-2])
        if "oneOf" not in union:
            return []
        kinds = union["discriminator"]["mapping"]
        return [kind for kind, its in kinds.items() if location[-1] in self._resolved({"$ref": its})["properties"]]

    def _line(self, location: Location, found: object, allowed: str, advice: str) -> str:
        path = ""
        for i, part in enumerate(location):
            # The tag of a union, which pydantic puts in and no user wrote.
            if "oneOf" in self._schema(location[:i]) and part != "kind":
                continue
            path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
        shown = found if found == "nothing" else json.dumps(found, default=str)
        return f"  {self._project}:{path}: found {shown}; allowed: {allowed}; {advice}"

    def _schema(self, location: Location) -> Schema:
        """The schema of one place in the settings, references resolved; empty where there is none."""
        node = self._root
        for part in location:
            node = self._resolved(_child(node, part))
        return node

    def _resolved(self, node: Schema) -> Schema:
        if "anyOf" in node:  # an optional value
            node = {**node, **node["anyOf"][0]}
        if reference := node.get("$ref"):
            return {**self._root["$defs"][reference.rpartition("/")[2]], **node}
        return node


def _child(node: Schema, part: str | int) -> Schema:
    if isinstance(part, int):
        return node.get("items", {})
    if "oneOf" in node:
        return {"$ref": node["discriminator"]["mapping"][part]} if part != "kind" else {}
    if "patternProperties" in node:
        return next(iter(node["patternProperties"].values()))
    if isinstance(entries := node.get("additionalProperties"), dict):
        return entries
    return node.get("properties", {}).get(part, {})


def _advice(kind: str, found: object, schema: Schema) -> str:
    """What to do about a value that is not allowed: where only its YAML type is wrong, how to write it."""
    if kind == "string_type" and isinstance(found, bool | int | float):
        return f"write it in quotes, as in {json.dumps(schema.get('examples', [json.dumps(found)])[0])}"
    if kind in {"int_type", "float_type", "bool_type"} and isinstance(found, str) and _is_plain(found):
        return "write it without quotes"
    if isinstance(found, str) and (advice := in_quotes(found)):
        return advice
    default = schema.get("default")
    plain = isinstance(default, bool | int | float | str)
    return "choose such a value" + (f", or remove the key for the default {json.dumps(default)}" if plain else "")


def _page(kind: str, schema: Schema) -> str:
    """The page that sets what is allowed; of a value that only has the wrong type, none."""
    return "" if kind.endswith("_type") else schema.get(SOURCE, "")


def _sourced(advice: str, page: str) -> str:
    return f"{advice} ({page})" if page else advice


def _is_plain(text: str) -> bool:
    """Whether a text reads as a number or a boolean."""
    try:
        return isinstance(json.loads(text), bool | int | float)
    except json.JSONDecodeError:
        return False


def _allowed(schema: Schema) -> str:
    for keywords, words in _WORDS:
        if schema.keys() >= set(keywords):
            return words(schema)
    if schema.get("format") == "ipv4network":
        return "an IPv4 network such as 10.20.0.0/16"
    kind = str(schema.get("type", "nothing"))
    return _TYPES.get(kind, kind)
