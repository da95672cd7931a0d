"""What has to happen to a resource: the difference between its last inputs and the new ones. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from local import values
from local.runtime.model import Op
from local.runtime.registration import PROVIDER_PREFIX, Registration
from local.runtime.state import Entry

#: Answers which of the changed inputs force a new resource: the adapter's `replaces` for this type.
Replaces = Callable[[values.Properties, values.Properties], list[str]]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The operation, the inputs that differ, and whether a replacement deletes the old resource first."""

    op: Op
    changed: tuple[str, ...] = ()
    delete_first: bool = False


def with_ignored(registration: Registration, old: Entry | None) -> Registration:
    """The registration with the old value of every input under `ignore_changes`."""
    if old is None:
        return registration
    inputs = registration.inputs
    for text in registration.options.ignore_changes:
        if text == "*":
            written = {key: value for key, value in old.inputs.items() if key not in old.generated}
            return replace(registration, inputs=written)
        path = values.parse_path(text)
        inputs = values.with_path(inputs, path, values.get_path(old.inputs, path))
    return replace(registration, inputs=inputs)


def difference(registration: Registration, old: Entry | None, replaces: Replaces) -> Difference:
    """Compare a registration with what exists.

    A component or provider is never replaced: it is nothing but its inputs here.
    """
    if old is None:
        return Difference(op=Op.CREATE)
    if old.incomplete:
        return Difference(op=Op.REPLACE, delete_first=True)
    before, after = old.found, registration.inputs
    changed = tuple(sorted(key for key in after.keys() | before.keys() if after.get(key) != before.get(key)))
    triggered = registration.custom and old.replacement_trigger != registration.options.replacement_trigger
    if not changed and not triggered:
        return Difference(op=Op.SAME)
    if not registration.custom or registration.type.startswith(PROVIDER_PREFIX):
        return Difference(op=Op.UPDATE, changed=changed)
    forced = _forced(after, before, registration.options.replace_on_changes) or replaces(before, after)
    if not forced and not triggered:
        return Difference(op=Op.UPDATE, changed=changed)
    delete_first = registration.options.delete_before_replace
    if delete_first is None:
        delete_first = _holds_its_name(registration, before, after)
    return Difference(op=Op.REPLACE, changed=changed, delete_first=delete_first)


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
