"""Which columns are label, entity and event time: a person says it, from those that can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.labels import MOST_CLASSES
from contracts.schema import ColumnType, Task
from workloads.proposal import kinds
from workloads.proposal.errors import ChoiceError
from workloads.proposal.label import tasks
from workloads.proposal.profile import Profile

DELIVERY = "delivery"
LABEL = f"two values, numbers, or texts of up to {MOST_CLASSES} classes with several rows each"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a person decides. Columns by their name in the file or in the contract; `event_time` may be DELIVERY.

    `task` is what is predicted of the label; None takes the likeliest. `positive` is the delivered text of a label of
    two values that the model is to find; None takes what is usual, or the rarer one.
    """

    name: str
    label: str | None = None
    entity: str | None = None
    event_time: str | None = None
    task: str | None = None
    positive: str | None = None


def labels(profiles: Sequence[Profile]) -> list[str]:
    """Columns that can be the label, by their names in the file: of two values, of classes, then numbers."""
    order = list(Task)
    able = [(order.index(found[0]), profile.name) for profile in profiles if profile.name and (found := tasks(profile))]
    return [name for _, name in sorted(able, key=lambda each: each[0])]


def usual_label(profiles: Sequence[Profile]) -> str | None:
    """The only column of two values; None where there is none, or several."""
    binary = [profile.name for profile in profiles if profile.name and tasks(profile) == [Task.BINARY_CLASSIFICATION]]
    return binary[0] if len(binary) == 1 else None


def entities(profiles: Sequence[Profile]) -> list[str]:
    """Columns that can say what a row is about: whole numbers or texts, another in nearly every row, or called so.

    Where none is, all of those types with more than two values: an entity may have many rows.
    """
    keys = [p for p in profiles if p.name and kinds.type_of(p) in (ColumnType.INTEGER, ColumnType.STRING)]
    likely = [p.name for p in keys if p.is_unique or p.name.lower() in ("id", "key") or p.name.lower().endswith("id")]
    return likely or [p.name for p in keys if p.distinct > 2]


def times(profiles: Sequence[Profile]) -> list[str]:
    """Columns that can be the event time."""
    return [profile.name for profile in profiles if profile.name and kinds.type_of(profile) is ColumnType.TIMESTAMP]


def chosen(
    role: str, name: str | None, profiles: Sequence[Profile], named: Mapping[str, str], able: list[str]
) -> Profile:
    """The column of a role, by its name in the file or in the contract. ChoiceError."""
    among = f"columns that can be it: {', '.join(map(repr, able)) or 'none'}"
    if name is None:
        raise ChoiceError(f"--{role}: none is given; {among}")
    found = _find(name, profiles, named)
    if found is None:
        raise ChoiceError(f"--{role}: found {name!r}, which is no column; {among}")
    if role == "label" and not tasks(found):
        has = {0: "no value", 1: "one value in all rows"}.get(
            found.distinct, f"{found.distinct} different {_what(found)}"
        )
        raise ChoiceError(f"--label: found {name!r}, which has {has}; a label has {LABEL}; {among}")
    if role == "entity" and kinds.type_of(found) not in (ColumnType.INTEGER, ColumnType.STRING):
        raise ChoiceError(f"--entity: found {name!r}, which holds neither whole numbers nor texts; {among}")
    return found


def _what(profile: Profile) -> str:
    kind = kinds.type_of(profile)
    return {ColumnType.STRING: "texts", ColumnType.TIMESTAMP: "timestamps"}.get(kind or ColumnType.STRING, "values")


def _find(name: str, profiles: Sequence[Profile], named: Mapping[str, str]) -> Profile | None:
    by_file = next((p for p in profiles if p.name == name), None)
    return by_file or next((p for p in profiles if named.get(p.name) == name), None)


def time(choice: str | None, profiles: Sequence[Profile], named: Mapping[str, str]) -> Profile | None:
    """The column of the event time; None where it is the moment of delivery."""
    able = times(profiles)
    if choice is None and len(able) > 1:
        raise ChoiceError(
            f"--event-time: none is given; columns that can be it: {', '.join(map(repr, able))}; or {DELIVERY}"
        )
    if choice == DELIVERY or (choice is None and not able):
        return None
    found = _find(choice or able[0], profiles, named)
    if found is None or found.name not in able:
        raise ChoiceError(
            f"--event-time: found {choice!r}, which is no column of ISO 8601 timestamps; columns that can be it: "
            f"{', '.join(map(repr, able)) or 'none'}; or {DELIVERY}"
        )
    return found
