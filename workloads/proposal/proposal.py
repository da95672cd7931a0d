"""From the profiles of a file's columns to a contract: roles by choice, everything else by what was seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.schema import ColumnType, Ingestion, Split, Task
from workloads.proposal import kinds, naming, roles
from workloads.proposal import label as labels
from workloads.proposal.errors import ChoiceError
from workloads.proposal.personal import suspicion
from workloads.proposal.profile import Profile
from workloads.proposal.reasons import gaps, seen, span, unreadable
from workloads.proposal.roles import Choices
from workloads.proposal.spelling import USUAL

_FEW_ROWS = 2000  # of whose test part a calibration error over ten bins is mostly chance


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the contract below `columns` or `features`, and why it says that."""

    name: str
    body: Any
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A contract to be written, with what it leaves out and what the file cannot tell."""

    name: str
    task: Task
    label: str
    entity: str
    event_time: str | None
    columns: tuple[Line, ...]
    features: tuple[Line, ...]
    left_out: tuple[Line, ...]
    open_questions: tuple[str, ...]
    rows: int
    sections: Mapping[str, Any] = field(default_factory=dict[str, Any])
    positive_share: float | None = None
    encoding: str | None = None


def propose(profiles: Sequence[Profile], choices: Choices, *, now: datetime, encoding: str | None = None) -> Proposal:
    """The contract of a file in `encoding` (None: UTF-8).

    ChoiceError for a role that is not chosen, or by a column that cannot have it.
    """
    named = naming.column_names(profile.name for profile in profiles if profile.name)
    label = roles.chosen("label", choices.label, profiles, named, roles.labels(profiles))
    entity = roles.chosen("entity", choices.entity, profiles, named, roles.entities(profiles))
    time = roles.time(choices.event_time, profiles, named)
    if len({label.name, entity.name, time.name if time else None}) < 3:
        raise ChoiceError("label, entity and event time are three columns; one is chosen twice")
    left_out = [Line(name=p.name or "(no name)", body=None, why=why) for p in profiles if (why := _useless(p))]
    kept = [p for p in profiles if not _useless(p)]
    target = labels.of(label, task=choices.task, positive=choices.positive)
    columns: list[Line] = []
    features: list[Line] = []
    taken = {name.lower() for name in named.values()}
    for profile in kept:
        name = named[profile.name]
        if profile is label:
            columns.append(Line(name=name, body=_body(profile, name, target.keys), why=target.why))
        elif profile is entity:
            columns.append(_entity(profile, name, time))
        elif profile is time:
            columns.append(
                Line(name=name, body=_body(profile, name, {"type": "timestamp"}), why=span(profile) + gaps(profile))
            )
        else:
            line = _column(profile, name)
            columns.append(line)
            features += _features(profile, line, taken)
    if not features:
        raise ChoiceError(
            "no column is left that a model could learn from: give the file columns of numbers or of few texts"
        )
    questions = [*target.questions, *_questions(target.task, profiles, columns, time, now)]
    if encoding == USUAL:
        questions.append(
            f"whether the file is in {USUAL}: it is no UTF-8, and all of it can be read so; look at umlauts"
        )
    return Proposal(
        name=choices.name,
        task=target.task,
        label=named[label.name],
        entity=named[entity.name],
        event_time=named[time.name] if time else None,
        columns=tuple(columns),
        features=tuple(features),
        left_out=tuple(left_out),
        open_questions=tuple(questions),
        rows=label.rows,
        sections=_sections(target.task, label.rows, time, now),
        positive_share=target.positive_share,
        encoding=encoding,
    )


def _useless(profile: Profile) -> str | None:
    """Why the contract leaves a column out."""
    if not profile.name:
        return "it has no name"
    if "\n" in profile.name:
        return "its name has a line end, which no contract can say"
    if not profile.present:
        return "no row has a value"
    return None if kinds.type_of(profile) else "its values are of a type that no contract has (lists, times of day ...)"


def _body(profile: Profile, name: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    kind = ColumnType(keys["type"])
    column = profile.spelling.column(kind)
    form = {key: value for key, value in profile.spelling.keys.items() if getattr(column, key) is not None}
    return {**keys, **form, **({} if name == profile.name else {"source": profile.name})}


def _entity(profile: Profile, name: str, time: Profile | None) -> Line:
    reason = suspicion(profile.name, profile.sample)
    kind = ColumnType.STRING if reason else kinds.type_of(profile)
    why = f"{profile.distinct} different ones in {profile.rows} rows"
    if profile.distinct < profile.present and time is None:
        why += "; without an event time a second row of one is quarantined"
    if reason:
        why += f"; {reason}: hashed, so that the same one stays the same"
    return Line(
        name=name, body=_body(profile, name, {"type": str(kind), **({"pii": "hash"} if reason else {})}), why=why
    )


def _column(profile: Profile, name: str) -> Line:
    kind = kinds.type_of(profile)
    assert kind is not None  # noqa: S101 - others are left out
    keys: dict[str, Any] = {"type": str(kind), **({"nullable": True} if profile.present < profile.rows else {})}
    reason = suspicion(profile.name, profile.sample)
    if reason:
        return Line(
            name=name, body=_body(profile, name, {**keys, "pii": "drop"}), why=f"suspected of persons: {reason}"
        )
    keys |= kinds.limits(profile, kind)
    return Line(name=name, body=_body(profile, name, keys), why=seen(profile, kind) + gaps(profile))


def _features(profile: Profile, line: Line, taken: set[str]) -> Iterator[Line]:
    """The model's inputs that follow from one column."""
    if "pii" in line.body or profile.distinct < 2:
        return
    name = line.name
    if line.body["type"] in ("integer", "number", "boolean"):
        yield Line(name=name, body=name)
    elif "allowed" in line.body or (line.body["type"] == "string" and kinds.repeats(profile)):
        yield Line(name=name, body=name, why="a category: a missing text is one of its own")
        return
    if line.body.get("nullable") and line.body["type"] != "string":
        feature = naming.free(naming.slug(f"{name}_missing"), taken)
        taken.add(feature.lower())
        yield Line(name=feature, body=f"missing({name})")


def _questions(
    task: Task, profiles: Sequence[Profile], columns: Sequence[Line], time: Profile | None, now: datetime
) -> Iterator[str]:
    yield "whether every column is known when a prediction is asked for: one filled in later gives the label away"
    wider = f"ranges are {kinds.MARGIN:.0%} of their width wider at each end, lists of texts are not"
    yield f"whether more is legal than was seen: {wider}"
    yield "whether a column without gaps here may have some later (nullable: true)"
    if task is Task.BINARY_CLASSIFICATION:
        yield "what a false alarm and a missed case cost: threshold 0.5, and `quality` as docs/contract.md has it"
    else:
        yield f"from when on a model is good enough: `quality` of a {task} as docs/contract.md has it"
    if suspected := [line.name for line in columns if "pii" in line.body]:
        yield f"whether {', '.join(suspected)} identify persons; and names in free text are not found"
    else:
        yield "whether a column identifies persons: none looks like it, and names in free text are not found"
    for profile in profiles:
        if what := unreadable(profile):
            yield f"what {profile.name} holds: {what}"
        if "format" in profile.spelling.keys:  # none of those that are proposed has an offset
            yield f"whose time {profile.name} is: UTC, if its `timezone` names no place"
    if time is not None and time.last is not None and time.last > now:
        yield f"why {time.name} lies in the future ({time.last:%Y-%m-%d}): such rows are quarantined"


def _sections(task: Task, rows: int, time: Profile | None, now: datetime) -> dict[str, Any]:
    """Sections of the contract that differ from their defaults, each with its reason."""
    found: dict[str, Any] = {}
    if time is not None and time.first is not None:
        days = math.ceil((now - time.first).total_seconds() / 86_400)
        if days > Ingestion.max_lateness_days:
            found["ingestion"] = ({"max_lateness_days": (days // 100 + 2) * 100}, f"the oldest row is {days} days old")
    if rows < _FEW_ROWS:
        tested = round(rows * Split.test / 100)
        if task is not Task.REGRESSION:
            found["quality"] = (
                {"calibration_error": {"max": 0.2}},
                f"of {rows} rows some {tested} are tested on, too few for 0.1",
            )
        found["drift"] = ({"max_score": 0.5}, "few rows differ more from each other by chance")
    return found
