"""The label of a proposed contract: which tasks a column can be the label of, and its line for one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from contracts.labels import MOST_CLASSES
from contracts.schema import ColumnType, Task
from workloads.proposal import kinds
from workloads.proposal.errors import ChoiceError
from workloads.proposal.profile import Profile

_LEAST_ROWS = 3  # of a class: one for each part of the split
_POSITIVE = (
    "1",
    "1.0",
    "true",
    "yes",
    "y",
    "t",
    "ja",
    "oui",
    "si",
    "positive",
    "pos",
    "churned",
    "left",
    "fraud",
    "bad",
    "default",
)


@dataclass(frozen=True, kw_only=True)
class Label:
    """The label's keys and the reason of them, its shares where the task has a positive value, and what is open."""

    task: Task
    keys: dict[str, Any]
    why: str
    positive_share: float | None = None
    questions: tuple[str, ...] = ()


def tasks(profile: Profile) -> list[Task]:
    """The tasks that a column can be the label of, the likeliest first; none for most texts, timestamps, constants."""
    if profile.distinct == 2:
        return [Task.BINARY_CLASSIFICATION]
    if profile.distinct < 2:
        return []
    kind = kinds.type_of(profile)
    classes = [Task.MULTICLASS_CLASSIFICATION] if _has_classes(profile) else []
    if kind is ColumnType.STRING:
        return classes
    if kind not in (ColumnType.INTEGER, ColumnType.NUMBER):
        return []
    numbers = [] if kind is ColumnType.INTEGER and profile.is_unique else [Task.REGRESSION]
    return classes + numbers if profile.distinct <= kinds.MOST_CATEGORIES else numbers + classes


def is_plain(profile: Profile) -> bool:
    """Whether nothing but the file is needed to tell the task: not of a few whole numbers, classes or a count."""
    return len(tasks(profile)) == 1


def usual_positive(profile: Profile) -> str | None:
    """The one of two values that is usually the one to be found; None where neither is."""
    return next((value for value, _ in profile.values if value.lower() in _POSITIVE), None)


def rarer(profile: Profile) -> str:
    """The one of two values that has fewer rows."""
    counts = dict(profile.values)
    return min(counts, key=lambda value: (counts[value], value))


def check(task: str | None, positive: str | None, profile: Profile) -> Task:
    """The task of the label, with what was chosen of it. ChoiceError."""
    able = tasks(profile)
    if task is not None and task not in able:
        raise ChoiceError(f"--task: found {str(task)!r}; allowed for label {profile.name!r}: {', '.join(able)}")
    found = Task(task) if task else able[0]
    if positive is not None and found is not Task.BINARY_CLASSIFICATION:
        raise ChoiceError(f"--positive: found {positive!r} with a label of a {found}; leave it out")
    if positive is not None and positive not in dict(profile.values):
        values = ", ".join(repr(value) for value, _ in profile.values)
        raise ChoiceError(f"--positive: found {positive!r}; allowed: {values}")
    return found


def of(profile: Profile, *, task: str | None, positive: str | None) -> Label:
    """The label that a column makes. ChoiceError."""
    match check(task, positive, profile):
        case Task.BINARY_CLASSIFICATION:
            found = _binary(profile, positive)
        case Task.MULTICLASS_CLASSIFICATION:
            found = _classes(profile)
        case Task.REGRESSION:
            found = _number(profile)
    asked = () if task or is_plain(profile) else (_open_task(profile, found.task),)
    return replace(found, why=found.why + _lacking(profile), questions=(*asked, *found.questions))


def _has_classes(profile: Profile) -> bool:
    if (profile.kind == "text" and kinds.type_of(profile) is ColumnType.STRING) or _is_whole(profile):
        few = profile.distinct <= MOST_CLASSES
        return few and all(count >= _LEAST_ROWS for _, count in profile.values)
    return False


def _is_whole(profile: Profile) -> bool:
    """Whether all values are whole numbers, in whatever way they are written (7.0 where some row has none)."""
    return kinds.type_of(profile) in (ColumnType.INTEGER, ColumnType.NUMBER) and (
        profile.read[ColumnType.INTEGER] == profile.present
    )


def _binary(profile: Profile, positive: str | None) -> Label:
    counts = dict(profile.values)
    found = positive if positive is not None else usual_positive(profile)
    questions: Sequence[str] = ()
    if found is None:
        found = rarer(profile)
        questions = (
            f"whether {found!r} is what the model is to find: it is the rarer value of the label (--positive)",
        )
    (other,) = (value for value in counts if value != found)
    share = counts[found] / profile.present
    keys: dict[str, Any] = {"type": "integer", "allowed": [0, 1]}
    if kinds.type_of(profile) is ColumnType.BOOLEAN and found.lower() == "true":
        keys = {"type": "boolean"}
    elif (found, other) != ("1", "0"):
        keys["values"] = {found: 1, other: 0}
    why = f"{share:.1%} of {profile.present} rows are positive"
    return Label(task=Task.BINARY_CLASSIFICATION, keys=keys, why=why, positive_share=share, questions=tuple(questions))


def _classes(profile: Profile) -> Label:
    texts = [value for value, _ in profile.values]
    whole = _is_whole(profile)
    names = sorted({int(profile.number(text)) for text in texts}) if whole else sorted(texts)
    (most, _), (least, rows) = profile.values[0], profile.values[-1]
    why = f"{len(names)} classes, from {most!r}, the most frequent, to {least!r} of {rows} rows"
    keys = {"type": str(ColumnType.INTEGER if whole else ColumnType.STRING), "allowed": names}
    question = "whether there will be further classes: rows of any but those listed are quarantined"
    return Label(task=Task.MULTICLASS_CLASSIFICATION, keys=keys, why=why, questions=(question,))


def _number(profile: Profile) -> Label:
    kind = kinds.type_of(profile)
    assert kind is not None and profile.low is not None and profile.high is not None  # noqa: S101 - it is numbers
    keys = {key: value for key, value in kinds.limits(profile, kind).items() if key != "nullable"}
    why = f"{profile.low:g} to {profile.high:g} seen"
    if "missing" in keys:
        why += f"; {keys['missing'][0]} stands apart and is taken for no value: those rows are quarantined"
    what = "what is to be predicted of it: the mean, as here (objective: squared), or the median (absolute), a limit"
    what += " below which a share lies ({quantile: 0.9})"
    if profile.low >= 0:
        what += "; of counts poisson, of amounts " + ("gamma" if profile.low > 0 else "that are often 0 tweedie")
    keys = {"type": str(kind), **keys}
    return Label(task=Task.REGRESSION, keys=keys, why=why, questions=(what,))


def _open_task(profile: Profile, task: Task) -> str:
    others = ", ".join(other for other in tasks(profile) if other is not task)
    return (
        f"whether {profile.name} with its {profile.distinct} values is the label of a {task}, or of a {others} (--task)"
    )


def _lacking(profile: Profile) -> str:
    """What validation does with rows that have no label."""
    gone = profile.rows - profile.present
    return f"; without one, and quarantined: {gone} of {profile.rows} rows" if gone else ""
