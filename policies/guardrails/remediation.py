"""Changing a resource's inputs where that is safe.

`Remediate` of the SDK for Python hands out unknown values as plain sentinel strings and lets in-place edits leak to the
next policy (pulumi-policy 1.21, tried), so a remediation works on a copy that knows unknowns and keeps secrets secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pulumi_policy import Secret

from .reading import Prop, is_unknown, read
from .resource import Resource


class Draft:
    """A copy of a resource's inputs for one remediation to write to.

    Attributes:
        resource: the resource as it is, for reading; unknown values read as unknown.
        config: the configuration of the policy.
        changed: whether anything was set.
    """

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.config = resource.config
        self.changed = False
        self._inputs = cast(dict[str, Any], _copy(resource.inputs))

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs with every change made."""
        return self._inputs

    def prop(self, path: str) -> Prop:
        """A property as it now stands."""
        return Prop(self.resource, "", self._inputs).prop(path)

    def set(self, path: str, value: Any) -> None:
        """Set the property at a dotted path, making the objects on the way; numbers in the path are list indexes.

        Nothing is written over a value that is not known yet: that value may be the right one.
        """
        *parents, last = path.split(".")
        here: Any = self._inputs
        for key in parents:
            child = read(here, int(key) if key.isdigit() else key)
            if is_unknown(child):
                return
            if child is None:
                here[key] = {}
            here = here[int(key) if key.isdigit() else key]
        key = int(last) if last.isdigit() else last
        found = read(here, key)
        if is_unknown(found):
            return
        here[key] = Secret(value) if isinstance(found, Secret) else value
        self.changed = True


def _copy(value: Any) -> Any:
    """A deep copy of plain containers, out of the SDK's proxies and with secrets still marked."""
    target = _target(value)
    if isinstance(target, Mapping):
        return {key: _copy(item) for key, item in cast(Mapping[str, Any], target).items()}
    if isinstance(target, Sequence) and not isinstance(target, str):
        return [_copy(item) for item in cast(Sequence[Any], target)]
    return target


def _target(value: Any) -> Any:
    """The container behind a proxy of the SDK, which gives it under the key `__target`; other values as they are."""
    if type(value).__module__ in {"pulumi_policy.secret", "pulumi_policy.proxy"} and not isinstance(value, Secret):
        return value["__target"]
    return value
