"""The JSON Schema of contracts, by which an editor completes and checks them: `contracts/contract.schema.json`.

Draft 7, which the YAML language server reads. It states what one key may hold; what must hold between keys, and what
an expression may say, the loader tells.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from contracts import keys, numerals
from contracts.checks import NAME, WORKLOAD_NAME
from contracts.fairness import METRICS as FAIRNESS
from contracts.labels import PARAMETERS
from contracts.limits import MODELS, MOST_DESCRIBED
from contracts.metrics import DEFAULTS, METRICS, Metric
from contracts.monotone import DIRECTIONS
from contracts.schema import (
    MISSING_MARKS,
    Bounds,
    Column,
    Contract,
    Cost,
    Drift,
    EventTime,
    Incremental,
    Ingestion,
    Loss,
    ModelCard,
    Split,
    Task,
    Training,
)
from contracts.weights import BALANCED, LEAST, MOST

Schema = dict[str, Any]
_SECTIONS = {"ingestion": Ingestion, "split": Split, "drift": Drift, "training": Training}
_DROPPED = ("title", "$defs")


def schema() -> Schema:
    """The schema of a whole contract."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Data contract of a workload",
        "type": "object",
        "additionalProperties": False,
        "required": list(keys.REQUIRED),
        "properties": {
            **{key: {"description": meaning, **_top(key)} for key, meaning in keys.MEANINGS.items()},
        },
        "allOf": [*map(_of_task, Task), {"not": {"required": ["threshold", "cost"]}}],
    }


def _of_task(task: Task) -> Schema:
    """What a contract of the task may not have of the others."""
    binary, several, number = Task.BINARY_CLASSIFICATION, Task.MULTICLASS_CLASSIFICATION, Task.REGRESSION
    keys_of = {"threshold": (binary,), "cost": (binary,), "class_weights": (binary, several), "objective": (number,)}
    keys_of |= {"monotone": (binary, number)}
    absent = {key: {"not": {}} for key, its in keys_of.items() if task not in its}
    quality = {"propertyNames": {"enum": list(METRICS[task])}}
    fairness = {"additionalProperties": {"propertyNames": {"enum": list(FAIRNESS[task])}}}
    return {
        "if": {"properties": {"task": {"const": task.value}}, "required": ["task"]},
        "then": {"properties": {"quality": quality, "fairness": fairness, **absent}},
    }


def _top(key: str) -> Schema:
    """What one of the keys at the top may hold."""
    text = {"type": "string", "minLength": 1}
    expressions = _by_name({**text, "description": "an expression over columns"})
    known: dict[str, Schema] = {
        "name": {"type": "string", "pattern": f"^{WORKLOAD_NAME.pattern}$"},
        "description": {"type": "string", "maxLength": MOST_DESCRIBED, "default": Contract.description},
        "task": {"enum": [task.value for task in Task]},
        "objective": {"anyOf": [{"enum": [loss.value for loss in Loss]}, _parametrised()]},
        "event_time": {"anyOf": [text, _delivery()]},
        "threshold": {
            "type": "number",
            "exclusiveMinimum": 0,
            "exclusiveMaximum": 1,
            "default": Contract.threshold,
        },
        "retrain_after_rows": {"type": "integer", "minimum": 1},
        "cost": _section(Cost),
        "incremental": _section(Incremental),
        "model_card": _section(ModelCard),
        "class_weights": {"anyOf": [{"enum": [BALANCED]}, _by_class()]},
        "monotone": _by_name({"enum": list(DIRECTIONS)}),
        "invariant": {"type": "array", "items": text, "minItems": 1, "uniqueItems": True},
        "fairness": _by_name(_fairness()),
        "missing": {"type": "array", "items": {"type": ["string", "number"]}, "default": list(MISSING_MARKS)},
        "decimal": {"enum": list(numerals.DECIMALS), "default": numerals.POINT},
        "thousands": {"enum": [sign for sign in numerals.THOUSANDS if sign]},
        "columns": _by_name(_section(Column)),
        "features": expressions,
        "segments": {**expressions, "minProperties": 0},
        "quality": _quality(),
    }
    if key in _SECTIONS:
        return _section(_SECTIONS[key])
    return known.get(key, text)


def _delivery() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["from"],
        "properties": {"from": {"const": EventTime.DELIVERY.value, "description": "the moment of delivery"}},
    }


def _parametrised() -> Schema:
    """A loss with its parameter."""
    return {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            loss.value: {"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": high}
            for loss, (_, low, high) in PARAMETERS.items()
        },
    }


def _by_class() -> Schema:
    """A weight of each class; which classes there are, the loader tells."""
    weight = {"type": "number", "minimum": LEAST, "maximum": MOST}
    return {"type": "object", "minProperties": 2, "additionalProperties": weight}


def _by_name(content: Schema) -> Schema:
    names = {"pattern": f"^{NAME.pattern}$"}
    return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": content}


def _quality() -> Schema:
    """The metrics of all tasks; which of them the contract's own has, the loader tells."""
    found: Schema = {}
    for task, metrics in METRICS.items():
        defaults = {bounds.metric: bounds for bounds in DEFAULTS[task]}
        for name, metric in metrics.items():
            found.setdefault(name, _metric(metric, defaults.get(name)))
    return {"type": "object", "additionalProperties": False, "properties": found}


def _fairness() -> Schema:
    """The limits of one segment, by the metrics of all tasks."""
    found: Schema = {}
    for metrics in FAIRNESS.values():
        for name, metric in metrics.items():
            found.setdefault(name, _metric(metric, None))
    return {"type": "object", "additionalProperties": False, "minProperties": 1, "properties": found}


def _metric(metric: Metric, default: Bounds | None) -> Schema:
    ranges = (("minimum", metric.low), ("maximum", metric.high))
    number: Schema = {"type": "number", **{key: end for key, end in ranges if math.isfinite(end)}}
    meanings = _section(Bounds)["properties"]
    ends = {end: {**number, "description": meanings[end]["description"]} for end in metric.ends}
    found: Schema = {"type": "object", "additionalProperties": False, "minProperties": 1, "properties": ends}
    given = {key: value for key, value in dataclasses.asdict(default).items() if key in ends} if default else {}
    return {
        "description": metric.meaning,
        **found,
        **({"default": {end: value for end, value in given.items() if value is not None}} if default else {}),
    }


def _section(kind: type) -> Schema:
    """A section's or a column's, without what pydantic adds for its own use."""
    written = MODELS[kind].model_json_schema()
    return _plain(written, written.get("$defs", {}))


def _plain(part: Any, definitions: Schema) -> Any:
    """`part` with references resolved, without titles, and without null: a key that is not meant is left out."""
    if isinstance(part, list):
        return [_plain(item, definitions) for item in part]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(part, dict):
        return part
    found: Schema = {key: _plain(value, definitions) for key, value in part.items() if key not in _DROPPED}  # pyright: ignore[reportUnknownVariableType]
    if reference := found.pop("$ref", None):
        referred = _plain(definitions[reference.rpartition("/")[2]], definitions)
        found = {**referred, **found}
    if "anyOf" in found:
        members = [member for member in found["anyOf"] if member != {"type": "null"}]
        found = (
            {**members[0], **{k: v for k, v in found.items() if k != "anyOf"}}
            if len(members) == 1
            else {**found, "anyOf": members}
        )
    if found.get("default", 0) is None:
        del found["default"]
    return found
