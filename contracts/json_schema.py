"""The JSON Schema of contracts, by which an editor completes and checks them: `contracts/contract.schema.json`.

Draft 7, which the YAML language server reads. It states what one key may hold; what must hold between keys, and what
an expression may say, the loader tells.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from contracts import keys
from contracts.checks import NAME, WORKLOAD_NAME
from contracts.limits import MODELS
from contracts.metrics import METRICS, Metric
from contracts.schema import (
    DEFAULT_QUALITY,
    MISSING_MARKS,
    Bounds,
    Column,
    Contract,
    Drift,
    EventTime,
    Ingestion,
    Split,
    Task,
    Training,
)

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
            # false for a validator, while an editor still shows why
            **{
                key: {"not": {}, "description": f"not supported yet: {reserved.today}"}
                for key, reserved in keys.RESERVED.items()
            },
        },
    }


def _top(key: str) -> Schema:
    """What one of the keys at the top may hold."""
    text = {"type": "string", "minLength": 1}
    expressions = _by_name({**text, "description": "an expression over columns"})
    known: dict[str, Schema] = {
        "name": {"type": "string", "pattern": f"^{WORKLOAD_NAME.pattern}$"},
        "description": {"type": "string", "default": Contract.description},
        "task": {"enum": [task.value for task in Task]},
        "event_time": {"anyOf": [text, _delivery()]},
        "threshold": {
            "type": "number",
            "exclusiveMinimum": 0,
            "exclusiveMaximum": 1,
            "default": Contract.threshold,
        },
        "missing": {"type": "array", "items": {"type": ["string", "number"]}, "default": list(MISSING_MARKS)},
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


def _by_name(content: Schema) -> Schema:
    names = {"pattern": f"^{NAME.pattern}$"}
    return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": content}


def _quality() -> Schema:
    defaults = {bounds.metric: bounds for bounds in DEFAULT_QUALITY}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _metric(metric, defaults.get(name)) for name, metric in METRICS.items()},
    }


def _metric(metric: Metric, default: Bounds | None) -> Schema:
    number: Schema = {"type": "number", "minimum": metric.low}
    if metric.high < float("inf"):
        number["maximum"] = metric.high
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
