"""What a contract says of the inputs that move no answer: `invariant`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from contracts.faults import Fault

KEY: Final = "invariant"


def faults(given: Any, inputs: Sequence[str], faulty: Sequence[str]) -> Iterator[Fault]:
    """Why `given` says nothing that can be tried; `inputs` are those of the columns that a request may carry.

    Of a column that has a fault of its own nothing is said here: those are `faulty`. Neither is a set: what is given
    may be a list, which has no hash.
    """
    if given is None:
        return
    if not isinstance(given, list) or not given:
        yield (KEY,), f"{given!r} is found; allowed is a list of inputs, or leave it out"
        return
    for index, name in enumerate(given):
        if name not in inputs and name not in faulty:
            yield (KEY, index), f"{name!r} is found, which is no input; allowed are {', '.join(inputs)}"
        elif given.index(name) < index:
            yield (KEY, index), f"{name!r} is found twice; remove one"


def read(given: list[str] | None) -> tuple[str, ...] | None:
    """The inputs of a contract without faults."""
    return None if given is None else tuple(given)
