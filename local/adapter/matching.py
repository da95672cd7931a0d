"""From the inputs that the engine sees to the parameters of an API operation, by the names in the API's model.

`kmsKeyId` is `KmsKeyId`, `kmsMasterKeyId` is `KMSMasterKeyID`, `subnets` is `SubnetIds` only where a table says so. A
map of tags becomes the API's list of key and value where the model has one. An input that has no member is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from local.adapter.table import Fields, To
from local.adapter.values import UNKNOWN
from shapes.check import Fault, at
from shapes.models import Shape

#: Member names of the API's lists that the provider writes as maps: tags, dimensions, parameters.
_PAIRS = (("key", "value"), ("tagkey", "tagvalue"), ("name", "value"))


@dataclass(slots=True)
class Matched:
    """The parameters of one call, where each came from (API path -> input path), and what could not be matched."""

    parameters: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def origin(self, path: str) -> str:
        """The input path of an API path; what comes from no input keeps its API path."""
        start, rest = path, ""
        while start:
            if start in self.origins:
                return self.origins[start] + _lowered(rest)
            cut = max(start.rfind("."), start.rfind("["))
            if cut <= 0:
                break
            start, rest = start[:cut], start[cut:] + rest
        return path


def match(shape: Shape, inputs: Mapping[str, Any], fields: Fields) -> Matched:
    """Match the inputs of one call against the operation's input shape."""
    matched = Matched()
    _Matcher(fields, matched).structure(shape, inputs, matched.parameters, rule="", source="", path="")
    return matched


def put(parameters: dict[str, Any], path: str, value: Any) -> None:
    """Set a member at a dotted path, where a name with `[]` is a list of one item.

    What is missing on the way is made, and objects that meet are merged. What is unknown stays so as a whole.
    """
    *parents, last = path.split(".")
    for parent in parents:
        name, listed = parent.removesuffix("[]"), parent.endswith("[]")
        found = parameters.setdefault(name, [{}] if listed else {})
        inner = found[0] if listed and found != UNKNOWN else found
        if inner == UNKNOWN:
            return
        parameters = inner
    if last.endswith("[]"):
        parameters[last[:-2]] = [value]
        return
    present = parameters.get(last)
    if isinstance(present, dict) and isinstance(value, dict):
        present.update(value)
    else:
        parameters[last] = value


class _Matcher:
    """Walks inputs and shape together.

    `rule` is the input path without indexes (the key of `fields`), `source` the input path with them, `path` the API
    path.
    """

    def __init__(self, fields: Fields, matched: Matched):
        self._fields = fields
        self._matched = matched

    def structure(
        self,
        shape: Shape,
        inputs: Mapping[str, Any],
        into: dict[str, Any],
        *,
        rule: str,
        source: str,
        path: str,
    ) -> None:
        """Match the members of one object into `into`."""
        for key, value in inputs.items():
            if value is None:
                continue
            here, there = at(rule, key), at(source, key)
            destination = self._fields.get(here)
            if destination is None:
                member = find_member(shape, key)
                if member is None:
                    allowed = (
                        f"is an input that no member of the API takes; it knows {', '.join(sorted(shape.members))}"
                    )
                    self._matched.faults.append(Fault(path=there, found=value, allowed=allowed))
                    continue
                destination = member
            self._place(shape, destination, value, into, rule=here, source=there, path=path)

    def _place(
        self,
        shape: Shape,
        to: str | To,
        value: Any,
        into: dict[str, Any],
        *,
        rule: str,
        source: str,
        path: str,
    ) -> None:
        if isinstance(to, str):
            to = To(to)
        if to.via is not None and value != UNKNOWN:
            try:
                value = to.via(value)
            except ValueError as error:
                self._matched.faults.append(Fault(path=source, found=value, allowed=str(error)))
                value = UNKNOWN  # named once; the model has nothing to add
        if not to.member or value is None:
            return
        target = at(path, to.member.replace("[]", "[0]"))
        self._matched.origins[target] = source
        member = descend(shape, to.member)
        put(into, to.member, self.value(member, value, rule=rule, source=source, path=target))

    def value(self, shape: Shape, value: Any, *, rule: str, source: str, path: str) -> Any:
        """One value in the form of its shape; what does not fit is left as it is, for the validation to name."""
        if _is(shape, "list") and isinstance(value, dict) and (names := _pair_names(shape)):
            return self._pairs(names, cast("dict[str, Any]", value), source=source, path=path)
        if _is(shape, "structure") and isinstance(value, dict):
            members: dict[str, Any] = {}
            self.structure(shape, cast("dict[str, Any]", value), members, rule=rule, source=source, path=path)
            return members
        if _is(shape, "list") and isinstance(value, list):
            items = cast("list[Any]", value)
            return [
                self.value(shape.member, item, rule=rule, source=f"{source}[{index}]", path=f"{path}[{index}]")
                for index, item in enumerate(items)
            ]
        if _is(shape, "map") and isinstance(value, dict):
            entries = cast("dict[str, Any]", value)
            self._matched.origins |= {at(path, key): at(source, key) for key in entries}
            return {
                key: self.value(shape.value, item, rule=rule, source=at(source, key), path=at(path, key))
                for key, item in entries.items()
            }
        if (
            shape is not None
            and shape.type_name in ("integer", "long")
            and isinstance(value, float)
            and value.is_integer()
        ):
            return int(value)
        return value

    def _pairs(self, names: tuple[str, str], value: dict[str, Any], *, source: str, path: str) -> list[dict[str, Any]]:
        """A map as the API's list of pairs; both parts of a pair come from the entry."""
        pairs: list[dict[str, Any]] = []
        for index, key in enumerate(sorted(value)):
            pairs.append(dict(zip(names, (key, value[key]), strict=True)))
            self._matched.origins |= {f"{path}[{index}].{name}": at(source, key) for name in names}
        return pairs


def _is(shape: Shape, *type_names: str) -> bool:
    return shape is not None and shape.type_name in type_names


def find_member(shape: Shape, key: str) -> str | None:
    """The member that an input names: the same letters whatever their case, else one of its `spellings`."""
    members = _members(shape)
    for candidate in spellings(key.lower()):
        if candidate in members:
            return members[candidate]
    return None


@lru_cache(maxsize=4096)
def _members_of(names: tuple[str, ...]) -> dict[str, str]:
    return {name.lower(): name for name in names}


def _members(shape: Shape) -> dict[str, str]:
    return _members_of(tuple(shape.members))


def spellings(key: str) -> tuple[str, ...]:
    """A name in lower case, then its plurals, its singulars, and what changes it."""
    spellings = [key, f"{key}s", f"{key}es"]
    if key.endswith("ies"):
        spellings.append(f"{key[:-3]}y")
    if key.endswith("es"):
        spellings.append(key[:-2])
    if key.endswith("s"):
        spellings.append(key[:-1])
    return (*spellings, f"{key}updates")


def descend(shape: Shape, path: str) -> Shape:
    """The shape at a dotted path; below a map every name has the map's value shape.

    None where the path leaves the model.
    """
    for part in path.split("."):
        if _is(shape, "structure"):
            shape = shape.members.get(part.removesuffix("[]"))
        elif _is(shape, "map"):
            shape = shape.value
        else:
            return None
        if part.endswith("[]"):
            shape = shape.member if _is(shape, "list") else None
    return shape


def _pair_names(shape: Shape) -> tuple[str, str] | None:
    """The names of both parts where a list holds pairs, such as `Key` and `Value`; None for any other list."""
    item = shape.member
    names = {name.lower(): name for name in item.members} if _is(item, "structure") else {}
    for key, content in _PAIRS:
        if set(names) == {key, content}:
            return names[key], names[content]
    return None


def _lowered(rest: str) -> str:
    """The tail of an API path in the spelling of inputs: `.SubnetIds[0]` -> `.subnetIds[0]`."""
    return ".".join(part[:1].lower() + part[1:] for part in rest.split("."))
