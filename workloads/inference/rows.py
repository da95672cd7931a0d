"""The rows of one request, read and with their features computed."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

Entity = str | int | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Features of `count` rows, one row after the other in float64 with NaN for missing.

    `entities` holds what was given as the entity, None for none, and is None where no row could name one. `single` is
    true of a body that is one JSON object, which is answered by one object.
    """

    count: int
    values: array[float]
    entities: list[Entity] | None
    single: bool = False
