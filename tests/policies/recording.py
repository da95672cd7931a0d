"""Which properties a policy reads, and the same properties made unknown."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE as UNKNOWN

Path = tuple[str | int, ...]


class Recorded(Mapping[str, Any]):
    """Properties that note every path read from them."""

    def __init__(self, value: Mapping[str, Any], reads: set[Path], at: Path = ()) -> None:
        self._value, self._reads, self._at = value, reads, at

    def __getitem__(self, key: str) -> Any:
        value = self._value[key]
        self._reads.add((*self._at, key))
        return recorded(value, self._reads, (*self._at, key))

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
    """A value that notes in `reads` what is read below it."""
    if isinstance(value, Mapping):
        return Recorded(value, reads, at)
    if isinstance(value, list):
        return _RecordedList(value, reads, at)
    return value


def unknown_at(value: Any, path: Path) -> Any:
    """A copy of a value with the one at a path not known yet."""
    changed = copy.deepcopy(value)
    *parents, last = path
    here = changed
    for key in parents:
        here = here[key]
    here[last] = UNKNOWN
    return changed
