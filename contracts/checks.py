"""What must hold between the fields of a contract: pure functions from a draft to its faults."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from contracts import expression, fairness, invariant, labels, monotone, weights
from contracts.faults import Fault, Path
from contracts.metrics import METRICS, Metric
from contracts.schema import (
    MOST_TEXTS,
    Bounds,
    Column,
    ColumnType,
    Cost,
    EventTime,
    Feature,
    Objective,
    Pii,
    Split,
    Task,
    Value,
)
from contracts.texts import BLANKS, missing_numbers, never, never_number, number_of, written
from contracts.tree import ColumnRef, comparisons

# SageMaker Feature Store's rule for feature names (API CreateFeatureGroup, FeatureDefinition$FeatureName) narrowed to
# what an expression can name, and names that it, our ETL and our requests keep.
NAME = re.compile(r"[a-zA-Z](_*[a-zA-Z0-9]){0,63}")
RESERVED_NAMES = ("api_invocation_time", "instances", "is_deleted", "split", "write_time")
# Beside these a prediction repeats the entity.
ANSWER_NAMES = ("decision", "model_version", "prediction", "probabilities", "score")
# The workload's name begins the name of every AWS resource; SageMaker allows 63 characters for the whole.
WORKLOAD_NAME = re.compile(r"[a-z](-?[a-z0-9]){0,29}")
LEGAL_WORKLOAD_NAME = "up to 30 lower-case letters, digits and single inner -, a letter first"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The parts of a contract that are sound on their own; `column_names` holds the faulty columns' names too."""

    name: str
    task: Task | None
    objective: Objective | None
    cost: Cost | None
    class_weights: Any
    monotone: Any
    invariant: Any
    fairness: Any
    roles: dict[str, str]
    event_time_from: EventTime
    columns: dict[str, Column]
    column_names: tuple[str, ...]
    features: tuple[Feature, ...]
    segments: tuple[Feature, ...]
    quality: tuple[Bounds, ...]
    sections: dict[str, Any]


def run(draft: Draft) -> Iterator[Fault]:
    """Every fault between fields, as (path, sentence)."""
    yield from _workload_name(draft.name)
    yield from _names(draft)
    for column in draft.columns.values():
        yield from _bounds(column)
        yield from _allowed(column)
        yield from _values(column, is_input=column.pii is None and column.name not in draft.roles.values())
    yield from _sources(draft)
    yield from _roles(draft)
    yield from weights.faults(draft.class_weights, draft.columns.get(draft.roles.get("label", "")), draft.task)
    names = tuple(feature.name for feature in draft.features)
    yield from monotone.faults(draft.monotone, draft.task, draft.objective, names, tuple(_texts(draft)))
    faulty = tuple(name for name in draft.column_names if name not in draft.columns)
    yield from invariant.faults(draft.invariant, tuple(_inputs(draft)), faulty)
    yield from fairness.faults(draft.fairness, draft.task, tuple(segment.name for segment in draft.segments))
    yield from _split(draft.sections.get("split"))
    for bounds in draft.quality:
        yield from _quality(bounds, METRICS[draft.task or Task.BINARY_CLASSIFICATION][bounds.metric])
    for key, expressions in (("features", draft.features), ("segments", draft.segments)):
        for feature in expressions:
            yield from _expression(draft, key, feature)


def _inputs(draft: Draft) -> dict[str, ColumnType]:
    """The columns that a request may carry, with their types (`Contract.inputs`)."""
    kept = set(draft.roles.values())
    return {c.name: c.type for c in draft.columns.values() if c.name not in kept and c.pii is None}


def _texts(draft: Draft) -> Iterator[str]:
    """The features that are a string column and nothing more."""
    for feature in draft.features:
        column = draft.columns.get(feature.expression)
        if column is not None and column.type is ColumnType.STRING:
            yield feature.name


def show(value: Any) -> str:
    """A value as the reader of a YAML file knows it, shortened."""
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, date) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _workload_name(name: str) -> Iterator[Fault]:
    if name and not WORKLOAD_NAME.fullmatch(name):
        yield ("name",), f"{name!r} is found; allowed are {LEGAL_WORKLOAD_NAME} (every resource's name begins with it)"


def _names(draft: Draft) -> Iterator[Fault]:
    """Names are legal and, seen without case, unique; a feature may bear a column's name if it is that column."""
    taken: dict[str, Path] = {}
    entries: list[tuple[Path, str | None]] = [(("columns", name), None) for name in draft.column_names]
    entries += [(("features", item.name), item.expression) for item in draft.features]
    entries += [(("segments", item.name), item.expression) for item in draft.segments]
    for path, text in entries:
        name = str(path[-1])
        other = taken.get(name.lower())
        if not NAME.fullmatch(name) or keyword.iskeyword(name):
            yield path, f"{_bad_name(name)}; {_rename(path)}"
        elif name.lower() in RESERVED_NAMES:
            yield path, f"the name {name!r} is reserved, as are {', '.join(RESERVED_NAMES)}; {_rename(path)}"
        elif other is None:
            taken[name.lower()] = path
        elif other != ("columns", name) or text != name:
            means = "" if text is None or other[0] != "columns" else f" and {text!r} is more than that column"
            yield path, f"the name is taken by {'.'.join(map(str, other))} (case does not count){means}; rename it"


def _bad_name(name: str) -> str:
    allowed = "up to 64 ASCII letters, digits and inner _, a letter first, no Python keyword"
    return f"the name {name!r} is found; allowed are {allowed}"


def _rename(path: Path) -> str:
    """What to do about a name; a column keeps its name in files."""
    kept = f", and say how files call it: source: {path[-1]!r}" if path[0] == "columns" else ""
    return f"rename it{kept}"


def _bounds(column: Column) -> Iterator[Fault]:
    path = ("columns", column.name)
    for key, value in (("minimum", column.minimum), ("maximum", column.maximum)):
        if value is None:
            continue
        if column.type not in (ColumnType.INTEGER, ColumnType.NUMBER):
            yield (*path, key), f"{value:g} is found on a {column.type}; only integer and number have bounds; remove it"
        elif column.type is ColumnType.INTEGER and value != int(value):
            yield (*path, key), f"{value:g} is found on an integer column; a whole number is allowed"
    if column.minimum is not None and column.maximum is not None and column.minimum > column.maximum:
        yield path, f"minimum {column.minimum:g} is above maximum {column.maximum:g}; correct one of them"


_KINDS: dict[ColumnType, Any] = {
    ColumnType.STRING: str,
    ColumnType.INTEGER: int,
    ColumnType.NUMBER: (int, float),
    ColumnType.BOOLEAN: bool,
}


def _is_of_type(value: Value, column: Column) -> bool:
    is_boolean = column.type is ColumnType.BOOLEAN
    return isinstance(value, _KINDS[column.type]) and isinstance(value, bool) == is_boolean


def _remedy(column: Column) -> str:
    if column.type is ColumnType.STRING:
        return "put it in quotes"
    return "values: {Yes: 1, No: 0} says what delivered texts mean"


def _allowed(column: Column) -> Iterator[Fault]:
    path = ("columns", column.name, "allowed")
    if not column.allowed:
        return
    if column.type not in _KINDS or column.type is ColumnType.BOOLEAN:
        yield path, f"is found on a {column.type}; only string, integer and number have such a list; remove it"
        return
    for index, value in enumerate(column.allowed):
        if not _is_of_type(value, column):
            yield (*path, index), f"{show(value)} is found; the column is of type {column.type}; {_remedy(column)}"
        elif isinstance(value, str) and (why := never(replace(column, values=()), value)):
            yield (*path, index), f"{show(value)} is found, which no row ever holds: {why}"
    if len(set(column.allowed)) < len(column.allowed):
        yield path, f"a value stands twice in {list(column.allowed)}; remove one"
    if column.minimum is not None or column.maximum is not None:
        yield path, "is found beside minimum or maximum; a list of legal values needs no bounds; remove one"


def _values(column: Column, *, is_input: bool) -> Iterator[Fault]:
    """What delivered texts mean is legal, and a request that holds a value cannot be taken to hold a text."""
    path = ("columns", column.name, "values")
    if column.values and column.type not in _KINDS:
        yield path, f"is found on a {column.type}, which is read as ISO 8601 only; remove it"
        return
    texts = [text for text, _ in column.values]
    for text, value in column.values:
        if not text or texts.count(text) > 1:
            yield (
                path,
                f"the text {text!r} is found {texts.count(text)} times, blanks at the ends left out; allowed is once",
            )
        elif not _is_of_type(value, column):
            yield (*path, text), f"{show(value)} is found; the column is of type {column.type}"
        elif column.allowed and value not in column.allowed:
            yield (*path, text), f"{show(value)} is found; allowed are {', '.join(map(show, column.allowed))}"
        elif not isinstance(value, str) and not _in_bounds(value, column):
            yield (*path, text), f"{show(value)} is found, outside minimum and maximum"
        elif why := _is_read_otherwise(value, column):
            yield (*path, text), f"{show(value)} is found, which a request cannot hold: {why}"
        elif is_input and _is_value(text, column, other_than=value):
            clash = f"stands for {show(value)} and is a value itself, so nobody could tell what a request means"
            yield (*path, text), f"{text!r} {clash}; choose other values, or keep the delivered ones"


def _is_read_otherwise(value: Value, column: Column) -> str | None:
    """Why `value`, which a delivered text means, is read as another one where it is delivered itself."""
    if isinstance(value, str):
        return never(column, value)
    return "it is a mark of no value" if value in missing_numbers(column) else None


def _is_value(text: str, column: Column, *, other_than: Value) -> bool:
    """Whether `text` is the spelling of another value of the column, as a request may hold it."""
    meant = {written(value) for _, value in column.values if value != other_than}
    if column.type is ColumnType.STRING:
        return text in meant or (text in column.allowed and text != other_than)
    if column.type is ColumnType.BOOLEAN:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), other_than) != other_than
    return number_of(column)(text) not in (None, other_than)


def _in_bounds(value: float, column: Column) -> bool:
    low, high = column.minimum, column.maximum
    return (low is None or low <= value) and (high is None or value <= high)


def _sources(draft: Draft) -> Iterator[Fault]:
    """No delivered name means two columns."""
    taken = {name.casefold(): name for name in draft.column_names}
    for column in draft.columns.values():
        if column.source is None:
            continue
        path, name = ("columns", column.name, "source"), column.source.strip(BLANKS).casefold()
        other = taken.get(name)
        if not name or "\n" in name:
            yield path, f"{column.source!r} is found; the text of one header cell is allowed"
        elif column.name == draft.roles.get("event_time") and draft.event_time_from is EventTime.DELIVERY:
            yield path, "is found, while the event time is taken from the delivery; remove it"
        elif other not in (None, column.name):
            yield path, f"{column.source!r} is found, which is column {other} (case does not count); name each once"
        taken.setdefault(name, column.name)


def _roles(draft: Draft) -> Iterator[Fault]:
    """Entity, event time and label exist, differ, are of legal types and never null."""
    seen: dict[str, str] = {}
    for role, name in draft.roles.items():
        if name not in draft.column_names:
            yield (role,), f"{name!r} is found, which is no column; columns are {', '.join(draft.column_names)}"
        elif name in seen:
            yield (role,), f"{name!r} is found, which is the {seen[name]} too; name another column"
        elif name in draft.columns:
            yield from _role(role, draft.columns[name])
            if role == "label" and draft.task is not None:
                yield from labels.faults(
                    draft.columns[name], draft.task, draft.objective.loss if draft.objective else None
                )
        seen.setdefault(name, role)


def _role(role: str, column: Column) -> Iterator[Fault]:
    path = ("columns", column.name)
    if role == "entity" and column.type not in (ColumnType.STRING, ColumnType.INTEGER):
        yield (*path, "type"), f"{column.type} is found; the entity is a string or an integer"
    if role == "entity" and column.name in ANSWER_NAMES:
        yield path, f"the name {column.name!r} is taken in predictions, which hold {', '.join(ANSWER_NAMES)}; rename it"
    if role == "event_time" and column.type is not ColumnType.TIMESTAMP:
        yield (*path, "type"), f"{column.type} is found; the event time is a timestamp"
    if column.nullable:
        yield (*path, "nullable"), f"true is found; the {role} of a row is never null; remove it"
    if column.pii is Pii.DROP or (column.pii is Pii.HASH and role != "entity"):
        remedy = "use hash" if role == "entity" else "remove this key"
        yield (*path, "pii"), f"{column.pii} is found; the {role} is needed; {remedy}"


def _split(split: Split | None) -> Iterator[Fault]:
    if split is not None and (total := split.train + split.validation + split.test) != 100:
        shares = f"{split.train} + {split.validation} + {split.test}"
        yield ("split",), f"{shares} = {total} is found; the shares must add up to 100"


def _quality(bounds: Bounds, metric: Metric) -> Iterator[Fault]:
    """The ends of a metric's bounds make sense and lie in its range."""
    path = ("quality", bounds.metric)
    given = {end: value for end, value in (("min", bounds.min), ("max", bounds.max)) if value is not None}
    if not given:
        yield path, f"no bound is found; give {' or '.join(metric.ends)}"
    for end, value in given.items():
        if end not in metric.ends:
            yield (*path, end), f"{value:g} is found; only {metric.ends[0]} is allowed of {bounds.metric}; remove it"
        elif not metric.low <= value <= metric.high:
            yield (*path, end), f"{value:g} is found; allowed is {_range(metric)}"
    if bounds.min is not None and bounds.max is not None and bounds.min > bounds.max:
        yield path, f"min {bounds.min:g} is above max {bounds.max:g}; correct one of them"


def _range(metric: Metric) -> str:
    """The values that a metric can have, in words; all of them are finite."""
    if math.isinf(metric.low):
        return f"{metric.high:g} or less"
    return f"{metric.low:g} or more" if math.isinf(metric.high) else f"{metric.low:g} to {metric.high:g}"


def _expression(draft: Draft, key: str, feature: Feature) -> Iterator[Fault]:
    kept, usable = set(draft.roles.values()), _inputs(draft)
    try:
        node = expression.parse(feature.expression, usable)
    except expression.ExpressionError as error:
        for fault in error.faults:
            name = match[1] if (match := re.search(r"unknown column '(\w+)'", fault)) else ""
            if name not in draft.column_names:
                yield (key, feature.name), fault
            elif name in kept:
                role = next(role for role, its in draft.roles.items() if its == name)
                yield (key, feature.name), f"{fault} ({name} is the {role} and never a model input)"
            elif name in draft.columns:
                yield (key, feature.name), f"{fault} ({name} is marked as pii and never a model input)"
            # else the column's own fault is told where it stands
        return
    if key == "features" and isinstance(node, ColumnRef):
        yield from _category(feature, draft.columns[node.name])
    for column, value in comparisons(node):
        its, shown = draft.columns[column.name], f'"{value}"' if isinstance(value, str) else f"{value:g}"
        if why := never(its, value) if isinstance(value, str) else never_number(its, value):
            yield (key, feature.name), f"equals({column.name}, {shown}) is never 1: {why}"


def _category(feature: Feature, column: Column) -> Iterator[Fault]:
    """Training refuses a category of more texts, hours later."""
    if column.type is ColumnType.STRING and len(column.allowed) > MOST_TEXTS:
        yield (
            ("columns", column.name, "allowed"),
            f"{len(column.allowed)} texts are found; of a category, as feature {feature.name} is, at most {MOST_TEXTS} "
            "are allowed; group them before they are delivered, or take it out of the features",
        )
