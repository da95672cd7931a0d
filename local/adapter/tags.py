"""Tags: which ones a resource carries, and the calls that change them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.adapter.matching import put
from local.adapter.table import Request, Scope, Tagging, evaluated


def effective_tags(inputs: Mapping[str, Any]) -> Any:
    """The tags of the resource: the runtime merges its own with the provider's default tags into `tagsAll`."""
    found = inputs.get("tagsAll")
    return inputs.get("tags") or {} if found is None else found


def tag_requests(tagging: Tagging, scope: Scope) -> Iterator[Request]:
    """The calls that turn the former tags into the present ones; none where they are equal."""
    before, after = effective_tags(scope.before), effective_tags(scope.inputs)
    if before == after:
        return
    names: dict[str, Any] = {}
    for member, source in tagging.given.items():
        put(names, member, evaluated(source, scope))
    if tagging.whole:
        yield (
            Request(operation=tagging.tag, parameters=_with(names, tagging.member, after))
            if after
            else Request(operation=tagging.untag, parameters=names)
        )
        return
    removed = sorted(set(before) - set(after))
    if removed:
        keys: list[Any] = [{"Key": key} for key in removed] if tagging.as_key_objects else list(removed)
        yield Request(operation=tagging.untag, parameters=_with(names, tagging.keys, keys))
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    if changed:
        yield Request(operation=tagging.tag, parameters=_with(names, tagging.member, changed))


def _with(names: Mapping[str, Any], member: str, value: Any) -> dict[str, Any]:
    parameters = dict(names)
    put(parameters, member, value)
    return parameters
