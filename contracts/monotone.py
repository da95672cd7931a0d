"""What a contract says of the direction in which a feature may move the answers: `monotone`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from contracts.faults import Fault
from contracts.schema import Loss, Monotone, Objective, Task

KEY: Final = "monotone"
DIRECTIONS: Final = ("increasing", "decreasing")
#: XGBoost finds the leaves of these anew, by quantiles of the residuals, and no constraint holds of them then (tried).
_FREE: Final = (Loss.ABSOLUTE, Loss.QUANTILE)


def faults(
    given: Any, task: Task | None, objective: Objective | None, features: Collection[str], texts: Collection[str]
) -> Iterator[Fault]:
    """Why `given` says nothing that a model can keep; `texts` are those of the features that are categories."""
    if given is None:
        return
    if not isinstance(given, Mapping) or not given:
        allowed = f"a mapping from feature to {' or '.join(DIRECTIONS)}"
        yield (KEY,), f"{given!r} is found; allowed is {allowed}, or leave it out"
        return
    if task is Task.MULTICLASS_CLASSIFICATION:
        yield (KEY,), f"is found, while the classes of a {task} share one certainty; remove it"
    if objective is not None and objective.loss in _FREE:
        loss = objective.loss
        yield (KEY,), f"is found, and the objective {loss} sets its leaves without regard to it; remove one of both"
    for name, direction in given.items():
        if name not in features:
            yield (KEY, name), f"is no feature; allowed are {', '.join(features)}"
        elif name in texts:
            yield (KEY, name), "is a category, which has no direction; remove it"
        if direction not in DIRECTIONS:
            yield (KEY, name), f"{direction!r} is found; allowed are {', '.join(DIRECTIONS)}"


def read(given: Mapping[str, str] | None) -> Monotone | None:
    """The directions of a contract without faults."""
    if given is None:
        return None
    found = {way: tuple(name for name, direction in given.items() if direction == way) for way in DIRECTIONS}
    return Monotone(**found)
