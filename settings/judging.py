"""All faults of a stack config at once, also where a part and the whole that it is in are both wrong.

pydantic makes no section of which a part is refused, and so tells nothing of what is wrong between that section's
fields: those who mend the part would be told of the next fault only then. Here each field is judged by itself first,
what is wrong is taken out, and then every section whose fields can be read is asked for the faults between them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from settings.faults import Fault, Location, once
from settings.section import FIELDS_ALONE, Section, Shared
from settings.stack import Settings

#: An error of a key that no section has: without it all others can be judged as they are.
_UNKNOWN: Final = "extra_forbidden"


def judge(values: Mapping[str, Any]) -> tuple[Sequence[Mapping[str, Any]], Sequence[Fault]]:
    """The errors of single fields, as `ValidationError.errors` has them, and the faults between fields by their path.

    Values of which no settings can be made even without those fields, such as where one is missing that has no default,
    have pydantic's errors alone.
    """
    try:
        return [], _between(Settings.model_validate_json(json.dumps(values), context=FIELDS_ALONE), ())
    except ValidationError as error:
        wrong = _errors(error)
    readable = copy.deepcopy(dict(values))
    places = {_taken_out(readable, each["loc"]): each["type"] for each in wrong}
    try:
        settings = Settings.model_validate_json(json.dumps(readable), context=FIELDS_ALONE)
    except ValidationError:
        return _told_by_pydantic(values), []
    return wrong, _between(settings, [place for place, kind in places.items() if kind != _UNKNOWN])


def _told_by_pydantic(values: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    try:
        Settings.model_validate_json(json.dumps(values))
    except ValidationError as error:
        return _errors(error)
    return []


def _errors(error: ValidationError) -> Sequence[Mapping[str, Any]]:
    return [dict(each) for each in error.errors(include_url=False)]


def _taken_out(values: Any, location: Location) -> Location:
    """Take what is at an error's location out of values; its location without the tags of unions, which nobody wrote.

    What is missing stays so.
    """
    place: list[str | int] = []
    holder, node = None, values
    for part in location:
        if isinstance(node, dict) and part not in node and node.get("kind") == part:
            continue
        holder = node
        place.append(part)
        node = _child(node, part)
    if isinstance(holder, dict) and place:
        holder.pop(place[-1], None)
    return tuple(place)


def _child(node: Any, part: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(part)
    return node[part] if isinstance(node, list) and isinstance(part, int) else None


def _between(settings: Settings, unread: Collection[Location]) -> list[Fault]:
    """Faults between the fields of every section that has all of its fields, without those of an unread place."""
    found = list(_of(settings, (), unread))
    if not unread:
        found += once(settings.hand_down())  # what the stack says wrong is wrong of each workload
    return found


def _of(value: object, place: Location, unread: Collection[Location]) -> Iterator[Fault]:
    match value:
        case Section():
            for name in type(value).model_fields:
                yield from _of(getattr(value, name), (*place, name), unread)
            whole = not any(other[: len(place)] == place for other in unread)
            # Shared ones are judged once the stack's part and the workload's are one.
            if whole and not isinstance(value, Shared):
                yield from (fault._replace(path=_path((*place, fault.path))) for fault in value.faults())
        case Mapping():
            for key, entry in value.items():
                yield from _of(entry, (*place, key), unread)
        case tuple() | list():
            for number, entry in enumerate(value):
                yield from _of(entry, (*place, number), unread)
        case _:
            pass


def _path(place: Location) -> str:
    """A place as messages write it."""
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path and part else part
    return path
