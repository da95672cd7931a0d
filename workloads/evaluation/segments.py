"""Groups of test rows that are reported one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def of_each(segments: Sequence[Any]) -> list[tuple[Any, NDArray[np.bool_]]]:
    """The segments in order with the rows of each, from that of every row (n,): numbers or texts.

    None is a missing one: a segment of its own, and the last.
    """
    values = sorted(set(segments), key=lambda value: (value is None, 0 if value is None else value))
    number = {value: index for index, value in enumerate(values)}
    numbers = np.array([number[value] for value in segments])
    return [(value, numbers == number[value]) for value in values]
