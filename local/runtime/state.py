"""What the stack is known to consist of: one entry for each resource, written after every step.

The file holds secrets in plain text, as it serves an emulator on this machine only; it is readable by its owner alone.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from local import disk, values
from local.runtime.errors import StateError
from local.runtime.registration import PROVIDER_PREFIX

VERSION = 2


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A resource that exists. `inputs` and `outputs` are in the form of `local.values`.

    `generated` are the inputs that the provider's check filled in, such as a generated name; they stay as they are
    for the resource's life. `emulated` is False for a custom resource that is recorded only. `pending_deletion` marks
    the old one of a replaced pair until it is deleted. `incomplete` is a resource whose creation failed after it
    existed: the next update makes it anew. One whose `replacement_trigger` is another one by then is made anew too.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    parent: str = ""
    inputs: values.Properties = field(default_factory=dict)
    outputs: values.Properties = field(default_factory=dict)
    generated: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    provider: str = ""
    protect: bool = False
    retain_on_delete: bool = False
    emulated: bool = True
    pending_deletion: bool = False
    incomplete: bool = False
    replacement_trigger: str = ""

    @functools.cached_property
    def found(self) -> values.Properties:
        """The inputs as they are by what the provider read back after the last step: that is what it compares with."""
        return {key: self.outputs.get(key, value) for key, value in self.inputs.items()}

    @functools.cached_property
    def text(self) -> str:
        """The entry as one line of the state file; encoded once, as the whole file is written after every step."""
        return json.dumps(asdict(self))


class State:
    """The entries of a stack by URN, in the order of creation, kept in a file; `endpoint` is the cloud they live in."""

    def __init__(self, path: Path | None, endpoint: str):
        """Without a path nothing is written. Raises StateError when the file belongs to another cloud."""
        self.path = path
        self.endpoint = endpoint
        self.outputs: dict[str, Any] = {}
        self._entries: dict[str, Entry] = {}
        self._pending: list[Entry] = []
        if path is not None and path.is_file():
            self._load(path)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def on_paper(self) -> State:
        """The same entries, of which nothing is written: what a preview may change."""
        copy = State(None, self.endpoint)
        copy.outputs, copy._entries, copy._pending = self.outputs, dict(self._entries), list(self._pending)
        return copy

    def get(self, urn: str) -> Entry | None:
        """The entry of a resource, None when it does not exist."""
        return self._entries.get(urn)

    def put(self, entry: Entry, *, former_urn: str | None = None) -> None:
        """Keep a resource, under its new URN where it had another one, and write the file if anything is different."""
        if self._entries.get(entry.urn) == entry and former_urn in (None, entry.urn):
            return
        if former_urn is not None and former_urn != entry.urn:
            self._entries.pop(former_urn, None)
        self._entries[entry.urn] = entry
        self.write()

    def supersede(self, old: Entry, new: Entry) -> None:
        """Put a replacement in the place of a resource; the old one is out of the stack and waits to be deleted."""
        self._pending.append(replace(self._entries.pop(old.urn), pending_deletion=True))
        self._entries[new.urn] = new
        self.write()

    def drop(self, entry: Entry) -> None:
        """Forget a resource that is deleted."""
        if entry.pending_deletion:
            self._pending.remove(entry)
        else:
            self._entries.pop(entry.urn)
        self.write()

    def set_outputs(self, outputs: Mapping[str, Any]) -> None:
        """Keep the stack's outputs."""
        self.outputs = dict(outputs)
        self.write()

    def deletions(self, keep: Iterable[str]) -> list[Entry]:
        """What is no longer wanted, dependents before what they depend on."""
        kept = set(keep)
        gone = [*self._pending, *(entry for urn, entry in self._entries.items() if urn not in kept)]
        return _dependents_first(gone)

    def write(self) -> None:
        """Replace the file in one step, so that a crash leaves the old or the new text and never a part."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        entries = [*self._entries.values(), *self._pending]
        head = json.dumps({"version": VERSION, "endpoint": self.endpoint, "outputs": self.outputs})[:-1]
        body = ",\n".join(entry.text for entry in entries)
        draft = self.path.with_suffix(".new")
        draft.touch(mode=0o600)
        disk.write(draft, f'{head},"resources":[\n{body}\n]}}\n')
        draft.replace(self.path)

    def _load(self, path: Path) -> None:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise StateError(
                f"{path}: version {content['version']!r}, this code reads {VERSION}; remove it with `down`"
            )
        if content["endpoint"] != self.endpoint:
            raise StateError(
                f"{path}: its resources live in {content['endpoint']}, not in {self.endpoint}; "
                "an emulator that has ended took them with it: run `python -m local down` first"
            )
        self.outputs = content["outputs"]
        for fields in content["resources"]:
            listed = {key: tuple(fields[key]) for key in ("dependencies", "generated")}
            entry = Entry(**fields | listed)
            if entry.pending_deletion:
                self._pending.append(entry)
            else:
                self._entries[entry.urn] = entry


def _dependents_first(entries: list[Entry]) -> list[Entry]:
    """Children and dependents before what they need, providers after everything."""
    by_urn: dict[str, list[Entry]] = {}
    for entry in entries:
        by_urn.setdefault(entry.urn, []).append(entry)
    ordered: list[Entry] = []
    visited: set[int] = set()

    def visit(entry: Entry) -> None:
        if id(entry) in visited:
            return
        visited.add(id(entry))
        for urn in (*entry.dependencies, entry.parent):
            for needed in by_urn.get(urn, ()):
                visit(needed)
        ordered.append(entry)

    for entry in sorted(entries, key=lambda entry: not entry.type.startswith(PROVIDER_PREFIX)):
        visit(entry)
    return ordered[::-1]
