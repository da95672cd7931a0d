"""From a table's steps to the calls to make, with every fault found on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jmespath

from local.adapter.conventions import GENERIC_INPUTS
from local.adapter.matching import Matched, match, put
from local.adapter.table import ABSENT, Call, ForEach, Request, ResourceType, Scope, Step, evaluated
from local.adapter.tags import effective_tags, tag_requests
from local.adapter.values import UNKNOWN
from shapes.check import Checker, Fault
from shapes.models import Shape, operation_model

_CHECKER = Checker(unknown=lambda _, value: isinstance(value, str) and value == UNKNOWN)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that is ready to be made.

    `faults` are what the model has against it, in the words of the inputs. `failures` is a JMESPath into the answer
    where anything found is an error; `then` gives the calls that follow from the answer.
    """

    operation: str
    parameters: dict[str, Any]
    faults: tuple[Fault, ...]
    failures: str = ""
    then: Callable[[Mapping[str, Any]], Iterator[Prepared]] | None = None


def on_create(kind: ResourceType, scope: Scope) -> Iterator[Prepared]:
    """The call that creates a resource and gives its id."""
    if kind.create:
        yield from _prepared(kind, kind.create[0], scope, kind.create, tagged=True)


def after_create(kind: ResourceType, scope: Scope) -> Iterator[Prepared]:
    """The calls that complete a resource whose id is known."""
    for step in kind.create[1:]:
        if step.always or _concerned(step, scope.inputs):
            yield from _prepared(kind, step, scope, kind.create)
    if kind.tags is not None and not kind.tags.create:
        yield from _tag_calls(kind, replace(scope, before={}))


def on_update(kind: ResourceType, scope: Scope) -> Iterator[Prepared]:
    """The calls that turn the resource's former inputs into the present ones; none where nothing has changed."""
    changed = scope.changed - GENERIC_INPUTS - set(kind.provider_only)
    for step in kind.update:
        due = bool(changed & set(step.takes)) if step.takes is not None else bool(changed)
        if due or (step.always and changed):
            yield from _prepared(kind, step, scope, kind.update)
    if kind.tags is not None:
        yield from _tag_calls(kind, scope)


def on_delete(kind: ResourceType, scope: Scope) -> Iterator[Prepared]:
    """The calls that delete a resource."""
    for step in kind.delete:
        yield from _prepared(kind, _naming_only(step), scope, kind.delete)


def to_read(kind: ResourceType, read: Call, scope: Scope) -> Prepared:
    """The call that reads a resource back."""
    return next(_prepared(kind, _naming_only(read), scope, ()))


def untaken(kind: ResourceType, keys: Iterable[str]) -> list[str]:
    """The changed inputs that no update call of the type takes."""
    taken = {key for step in kind.update for key in step.takes or ()}
    ignored = taken | GENERIC_INPUTS | set(kind.provider_only) | set(kind.replace)
    return [key for key in keys if key not in ignored]


def _naming_only(step: Step) -> Step:
    """A call that takes no inputs unless it says so: reads and deletes name the resource and nothing else."""
    return replace(step, takes=step.takes or ()) if isinstance(step, Call) else step


def _concerned(step: Step, inputs: Mapping[str, Any]) -> bool:
    return step.takes is None or any(inputs.get(key) is not None for key in step.takes)


def _prepared(
    kind: ResourceType, step: Step, scope: Scope, steps: tuple[Step, ...], *, tagged: bool = False
) -> Iterator[Prepared]:
    if isinstance(step, Call):
        matched = _matched(kind, step, scope, steps)
        if tagged:
            _add_tags(kind, step, scope, matched)
        yield _checked(kind, step.operation, matched, step.failures)
    elif isinstance(step, ForEach):
        if not step.only_if or scope.inputs.get(step.only_if):
            yield _found(kind, step, scope)
    elif not any(scope.inputs.get(key) == UNKNOWN for key in step.takes):
        for request in step.build(scope):
            yield _from_request(kind, request)


def _found(kind: ResourceType, step: ForEach, scope: Scope) -> Prepared:
    """The finding call; what it finds is worked on when its answer is there."""
    find = _checked(kind, step.find.operation, _matched(kind, replace(step.find, takes=()), scope, ()), "")

    def then(answer: Mapping[str, Any]) -> Iterator[Prepared]:
        for request in step.build(scope, answer):
            yield _from_request(kind, request)
        if step.repeat and jmespath.search(step.repeat, answer):
            yield _found(kind, step, scope)

    return replace(find, then=then)


def _from_request(kind: ResourceType, request: Request) -> Prepared:
    matched = match(_shape(kind, request.operation), request.parameters, {})
    matched.origins.update(request.origins)
    return _checked(kind, request.operation, matched, request.failures)


def _matched(kind: ResourceType, call: Call, scope: Scope, steps: tuple[Step, ...]) -> Matched:
    """The inputs that a call takes, matched; then what it clears and what it is given beside them."""
    shape, fields = _shape(kind, call.operation), {**kind.fields, **call.fields}
    stays = {*call.only_changed} - scope.changed
    inputs = {key: scope.inputs[key] for key in _taken(kind, call, scope.inputs, steps) if key not in stays}
    cleared = {key: value for key, value in call.unset.items() if key in scope.before and inputs.get(key) is None}
    matched = match(shape, inputs | cleared, fields)
    for path, source in call.given.items():
        found = evaluated(source, scope)
        if found is not ABSENT:
            put(matched.parameters, path, found)
    return matched


def _taken(kind: ResourceType, call: Call, inputs: Mapping[str, Any], steps: tuple[Step, ...]) -> list[str]:
    """The inputs of a call; a call without `takes` has all that the other steps leave."""
    if call.takes is not None:
        return [key for key in call.takes if key in inputs]
    others = {key for step in steps if step is not call for key in step.takes or ()}
    left_out = others | GENERIC_INPUTS | set(kind.provider_only) | set(kind.refused)
    return [key for key in inputs if key not in left_out]


def _add_tags(kind: ResourceType, call: Call, scope: Scope, matched: Matched) -> None:
    tags = effective_tags(scope.inputs)
    if kind.tags is None or not kind.tags.create or not tags:
        return
    content = tags if kind.tags.wrap is None or tags == UNKNOWN else kind.tags.wrap(tags)
    found = match(_shape(kind, call.operation), {"tags": content}, {"tags": kind.tags.create})
    matched.origins.update(found.origins)
    for member, value in found.parameters.items():
        put(matched.parameters, member, value)


def _tag_calls(kind: ResourceType, scope: Scope) -> Iterator[Prepared]:
    if kind.tags is not None and kind.tags.tag and effective_tags(scope.inputs) != UNKNOWN:
        for request in tag_requests(kind.tags, scope):
            yield _from_request(kind, request)


def _checked(kind: ResourceType, operation: str, matched: Matched, failures: str) -> Prepared:
    found = [
        Fault(
            path=matched.origin(fault.path),
            found=fault.found,
            allowed=f"{fault.allowed} ({kind.service} {operation} {fault.path})",
        )
        for fault in _CHECKER.faults(_shape(kind, operation), matched.parameters)
    ]
    unmatched = [replace(fault, allowed=f"{fault.allowed} ({kind.service} {operation})") for fault in matched.faults]
    return Prepared(operation, matched.parameters, (*unmatched, *found), failures)


def _shape(kind: ResourceType, operation: str) -> Shape:
    shape = operation_model(kind.service, operation).input_shape
    if shape is None:
        raise TypeError(f"{kind.service} {operation} takes no input; its table entry cannot be right")
    return shape
