"""What `--refresh` does before the plan: the state's inputs are brought to what is live, as the provider's Read does.

A rollout that is turned back, an emergency rollback and a hand move resources behind the state. What is read is the
cloud's to say (`local.adapter.readings`); whatever the program wants otherwise is then a difference like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from local import values
from local.adapter.errors import ApiRefused, UnknownType
from local.adapter.values import same
from local.runtime.model import Cloud
from local.runtime.registration import PROVIDER_PREFIX, urn_name
from local.runtime.state import Entry, State


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What a refresh found: `moved` are the resources that differ from the state, as they are by now, and `gone` those
    that are there no more; `differs` names the inputs by URN. `count` were read, `unread` are the types that were not.
    """

    count: int
    moved: Sequence[Entry]
    gone: Sequence[Entry]
    differs: Mapping[str, Sequence[str]]
    unread: Sequence[str]

    def into(self, state: State) -> State:
        """The state with what was found; what is gone leaves it."""
        for entry in self.moved:
            state.put(entry)
        for entry in self.gone:
            state.drop(entry)
        return state

    def told(self) -> list[str]:
        """For people: a line for each resource that differs, and once what was not read."""
        lines = [
            f"refresh: {self.count} resources read, {len(self.moved)} differ from the state, {len(self.gone)} gone"
        ]
        lines += [f"  ~ {urn_name(urn)}: {', '.join(keys)}" for urn, keys in self.differs.items()]
        lines += [f"  - {urn_name(entry.urn)}" for entry in self.gone]
        if self.unread:
            lines.append(
                f"  left as the state has them, for no refresh reads their types here: {', '.join(self.unread)}"
            )
        return lines


def read(state: State, cloud: Cloud) -> Refreshed:
    """Ask the cloud for every resource of a state; changes nothing.

    What was recorded only, and what waits to be made anew, is left as it is. Raises ApiRefused for every refusal but
    that a resource is gone.
    """
    count, moved, gone = 0, list[Entry](), list[Entry]()
    differs, unread = dict[str, Sequence[str]](), set[str]()
    for entry in state:
        if not entry.custom or entry.type.startswith(PROVIDER_PREFIX) or not entry.emulated or entry.incomplete:
            continue
        try:
            live = cloud.read(entry.type, entry.id, values.plain(entry.inputs), values.plain(entry.outputs))
        except UnknownType:
            unread.add(entry.type)
            continue
        except ApiRefused as error:
            if not error.is_gone:
                raise
            gone.append(entry)
        else:
            found = _as_it_is(entry, live)
            if keys := _changed(entry, found):
                moved.append(found)
                differs[entry.urn] = keys
        count += 1
    return Refreshed(count=count, moved=moved, gone=gone, differs=differs, unread=sorted(unread))


def _changed(before: Entry, after: Entry) -> list[str]:
    keys = before.inputs.keys() | after.inputs.keys()
    return sorted(key for key in keys if before.found.get(key) != after.found.get(key))


def _as_it_is(entry: Entry, live: Mapping[str, Any]) -> Entry:
    """The entry with what is live in its inputs and outputs; what is equal keeps the form that it was written in."""
    inputs, outputs = dict(entry.inputs), dict(entry.outputs)
    for key, value in (dict(live) | _own_tags(entry, live)).items():
        if same(values.plain(entry.found.get(key)), value) and same(values.plain(inputs.get(key)), value):
            continue
        if value is None:
            inputs.pop(key, None)
            outputs.pop(key, None)
            continue
        hidden = values.has_secret(entry.inputs.get(key)) or values.has_secret(entry.outputs.get(key))
        inputs[key] = outputs[key] = values.secret(value) if hidden else value
    return replace(entry, inputs=inputs, outputs=outputs)


def _own_tags(entry: Entry, live: Mapping[str, Any]) -> dict[str, Any]:
    """The resource's own tags among all that it has: those that are not the provider's default ones."""
    if "tagsAll" not in live:
        return {}
    own, every = (values.plain(entry.inputs.get(key)) or {} for key in ("tags", "tagsAll"))
    default = {key: value for key, value in every.items() if key not in own}
    tags = {key: value for key, value in (live["tagsAll"] or {}).items() if default.get(key) != value}
    return {"tags": tags or None}
