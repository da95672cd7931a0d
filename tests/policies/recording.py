"""Which properties a policy asks for, and the same properties made unknown."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE as UNKNOWN

from policies.guardrails.rule import Rule
from tests.policies.support import Specimen, judge

Path = tuple[str | int, ...]


class Recorded(Mapping[str, Any]):
    """Properties that note every path asked for, found or not."""

    def __init__(self, value: Mapping[str, Any], reads: set[Path], at: Path = ()) -> None:
        self._value, self._reads, self._at = value, reads, at

    def __getitem__(self, key: str) -> Any:
        self._reads.add((*self._at, key))
        return recorded(self._value[key], self._reads, (*self._at, key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def __len__(self) -> int:
        return len(self._value)


class _RecordedList(Sequence[Any]):
    def __init__(self, value: Sequence[Any], reads: set[Path], at: Path) -> None:
        self._value, self._reads, self._at = value, reads, at

    def __getitem__(self, index: Any) -> Any:
        value = self._value[index]
        self._reads.add((*self._at, index))
        return recorded(value, self._reads, (*self._at, index))

    def __len__(self) -> int:
        return len(self._value)


def recorded(value: Any, reads: set[Path], at: Path = ()) -> Any:
    """A value that notes in `reads` what is asked for below it."""
    if isinstance(value, Mapping):
        return Recorded(value, reads, at)
    if isinstance(value, list):
        return _RecordedList(value, reads, at)
    return value


def unknown_at(value: Any, path: Path) -> Any:
    """A copy of a value with the one at a path not known yet."""
    return put_at(value, path, UNKNOWN)


def put_at(value: Any, path: Path, new: Any) -> Any:
    """A copy of a value with another one at a path."""
    changed = copy.deepcopy(value)
    *parents, last = path
    here = changed
    for key in parents:
        here = here[key]
    here[last] = new
    return changed


def has(value: Any, path: Path) -> bool:
    """Whether there is a value at a path."""
    try:
        for key in path:
            value = value[key]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """The path to every part of a value, the value itself left out."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from paths(item, (*at, key))


def reads(rule: Rule, specimens: Mapping[str, Specimen]) -> dict[str, set[Path]]:
    """The paths that a rule asks for, by specimen."""
    found: dict[str, set[Path]] = defaultdict(set)
    if rule.needs_stack:
        seen = {*rule.types, *rule.reads}
        names = (name for name, specimen in specimens.items() if specimen.token in seen)
        judge(specimens.values(), only=[rule.name], wrap=lambda props: recorded(props, found[next(names)]))
        return found
    for name, specimen in ((name, each) for name, each in specimens.items() if rule.bears_on(each.token)):
        judge([specimen], only=[rule.name], wrap=lambda props, name=name: recorded(props, found[name]))
    return found


def joins(rule: Rule) -> bool:
    """Whether what a rule says of a resource depends on others: one that only gathers looks at each alone."""
    return bool(rule.reads) or rule.stack_check is not None


def looked_at(rule: Rule, specimens: Mapping[str, Specimen], name: str) -> list[Specimen]:
    """What a rule is to be shown to judge one specimen."""
    return list(specimens.values()) if joins(rule) else [specimens[name]]
