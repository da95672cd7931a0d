"""The rows of one request: as they were sent, and with their features computed."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Entity = str | int | None
Values = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Raw:
    """Legal rows, each the values of the contract's inputs in order.

    `entities` holds what was given as the entity, None for none, and is None where no row could name one. `single` is
    true of a body that is one JSON object, which is answered by one object.
    """

    values: list[Values]
    entities: list[Entity] | None
    single: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Features of `count` rows, row after row in float64 with NaN for missing; the rest as in `Raw`."""

    count: int
    values: array[float]
    entities: list[Entity] | None
    single: bool = False
