"""What has to happen to a resource: the difference between its last inputs and the new ones. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.runtime import values
from local.runtime.model import Op
from local.runtime.registration import PROVIDER_PREFIX, Registration
from local.runtime.state import Entry

#: Answers which of the changed inputs force a new resource: the adapter's `replaces` for this type.
Replaces = Callable[[values.Properties, values.Properties], list[str]]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The operation, its inputs, which of them differ, and whether a replacement deletes first."""

    op: Op
    inputs: values.Properties
    changed: tuple[str, ...] = ()
    delete_first: bool = False


def difference(registration: Registration, old: Entry | None, replaces: Replaces) -> Difference:
    """Compare a registration with what exists.

    Inputs under `ignore_changes` keep their old values. A component or provider is never replaced: it is nothing but
    its inputs here.
    """
    if old is None:
        return Difference(op=Op.CREATE, inputs=registration.inputs)
    inputs = _ignoring(registration.inputs, old.inputs, registration.options.ignore_changes)
    changed = tuple(sorted(key for key in inputs.keys() | old.inputs.keys() if inputs.get(key) != old.inputs.get(key)))
    if not changed:
        return Difference(op=Op.SAME, inputs=inputs)
    if not registration.custom or registration.type.startswith(PROVIDER_PREFIX):
        return Difference(op=Op.UPDATE, inputs=inputs, changed=changed)
    forced = _forced(inputs, old.inputs, registration.options.replace_on_changes) or replaces(old.inputs, inputs)
    if not forced:
        return Difference(op=Op.UPDATE, inputs=inputs, changed=changed)
    delete_first = registration.options.delete_before_replace
    if delete_first is None:
        delete_first = _holds_its_name(registration, old.inputs, inputs)
    return Difference(op=Op.REPLACE, inputs=inputs, changed=changed, delete_first=delete_first)


def _ignoring(new: values.Properties, old: values.Properties, paths: tuple[str, ...]) -> values.Properties:
    for text in paths:
        if text == "*":
            return old
        path = values.parse_path(text)
        new = values.with_path(new, path, values.get_path(old, path))
    return new


def _forced(new: values.Properties, old: values.Properties, paths: tuple[str, ...]) -> list[str]:
    if "*" in paths:
        return ["*"]
    parsed = [(text, values.parse_path(text)) for text in paths]
    return [text for text, path in parsed if values.get_path(new, path) != values.get_path(old, path)]


def _holds_its_name(registration: Registration, old: values.Properties, new: values.Properties) -> bool:
    """Whether old and new would have the same physical name, so that the old one has to go first.

    The AWS provider does the same for a resource that is named explicitly (pulumi-terraform-bridge,
    `nameRequiresDeleteBeforeReplace`); a generated name is generated anew.
    """
    kind = registration.type.split(":")[-1]
    names = {"name", "bucket", kind[0].lower() + kind[1:] + "Name"} - set(registration.generated)
    return any(old.get(key) is not None and old.get(key) == new.get(key) for key in names)
