"""The service's own description (OpenAPI 3.1), with the schema of a row made from the contract."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts.schema import ColumnType
from workloads.inference.checks import Check
from workloads.inference.model import Model

_TYPES = {
    ColumnType.STRING: "string",
    ColumnType.TIMESTAMP: "string",
    ColumnType.INTEGER: "integer",
    ColumnType.NUMBER: "number",
    ColumnType.BOOLEAN: "boolean",
}
_ERRORS = {
    "400": "The body is not JSON, not CSV or not UTF-8",
    "406": "Neither JSON nor CSV is accepted",
    "408": "The request did not arrive in time",
    "413": "The body has too many bytes or rows",
    "415": "The body is neither JSON nor CSV",
    "422": "Rows that break the contract; every fault is told",
    "429": "Too much is under way; try again",
    "503": "Not answered in time, or stopping",
}


def document(model: Model | None) -> bytes:
    """The description as JSON. Without a model (multi-model mode) rows are any objects."""
    name = model.contract.name if model else "several models"
    row = _row(model) if model else {"type": "object"}
    paths: dict[str, Any] = {
        path: {"get": {"summary": text, "responses": {"200": {"description": "as it says"}}}}
        for path, text in (
            ("/ping", "Ready to predict (SageMaker)"),
            ("/ready", "Ready to predict"),
            ("/health", "Alive"),
            ("/metrics", "Counters as Prometheus text"),
            ("/v1/status", "What is served"),
        )
    }
    for path in ("/invocations", "/v1/predict"):
        paths[path] = {"post": _predict(model)}
    described = {
        "openapi": "3.1.0",
        "info": {"title": f"Predictions: {name}", "version": model.version if model else "several"},
        "paths": paths,
        "components": {"schemas": {"Row": row, "Prediction": _prediction(model), "Error": _error()}},
    }
    return msgspec.json.encode(described)


def _row(model: Model) -> dict[str, Any]:
    checks = [*model.reader.checks, model.reader.entity]
    return {
        "type": "object",
        "description": "Other columns of the data are left out",
        "properties": {check.name: _property(check) for check in checks},
        "required": [check.name for check in checks if not check.nullable],
    }


def _property(check: Check) -> dict[str, Any]:
    column = check.column
    kinds = ["number", "string"] if column.epoch else [_TYPES[column.type]]
    kinds += ["null"] if check.nullable else []
    found: dict[str, Any] = {"type": kinds if len(kinds) > 1 else kinds[0], "description": column.description}
    if column.allowed:
        found["enum"] = [*column.allowed, None] if check.nullable else list(column.allowed)
    low, high = column.minimum, column.maximum
    if column.type is ColumnType.INTEGER:
        low, high = -(2**63) if low is None else int(low), 2**63 - 1 if high is None else int(high)
    if column.type in (ColumnType.INTEGER, ColumnType.NUMBER):
        found.update({key: value for key, value in (("minimum", low), ("maximum", high)) if value is not None})
    return found


def _prediction(model: Model | None) -> dict[str, Any]:
    entity = {model.contract.entity: {"description": "as it was given"}} if model else {}
    return {
        "type": "object",
        "required": list(model.task.fields) if model else [],
        "properties": {
            **(model.task.properties() if model else {}),
            "model_version": {"type": "string"},
            **entity,
            **_explained(model),
        },
    }


def _explained(model: Model | None) -> dict[str, Any]:
    """Bias and contributions; of several outputs each has its own."""
    if model is not None and not model.predictor.explains:
        return {}
    number: dict[str, Any] = {"type": "number"}
    by_name: dict[str, Any] = {"type": "object", "additionalProperties": number}
    if model is None or model.task.outputs == 1:
        return {"bias": number, "contributions": by_name}
    return {"bias": by_name, "contributions": {"type": "object", "additionalProperties": by_name}}


def _error() -> dict[str, Any]:
    fault = {name: {"type": ["string", "integer"]} for name in ("field", "row", "line", "found", "allowed")}
    error = {
        "type": "object",
        "required": ["code", "message", "request_id"],
        "properties": {
            **{name: {"type": "string"} for name in ("code", "message", "request_id")},
            "faults": {"type": "array", "items": {"type": "object", "properties": fault}},
        },
    }
    return {"type": "object", "required": ["error"], "properties": {"error": error}}


def _predict(model: Model | None) -> dict[str, Any]:
    row = {"$ref": "#/components/schemas/Row"}
    rows = {"type": "array", "items": row, "minItems": 1}
    prediction = {"$ref": "#/components/schemas/Prediction"}
    line = ",".join(model.task.header) if model else "of each model's own form"
    several = {
        "type": "object",
        "required": ["predictions", "model_version"],
        "properties": {"predictions": {"type": "array", "items": prediction}, "model_version": {"type": "string"}},
    }
    instances = {
        "type": "object",
        "properties": {"instances": rows},
        "required": ["instances"],
        "additionalProperties": False,
    }
    text = {"text/csv": {"schema": {"type": "string"}}}
    explain = {"name": "contributions", "in": "query", "schema": {"enum": ["true"]}, "description": "SHAP values too"}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "summary": "Predictions of one row or many",
        "parameters": [explain] if model is None or model.predictor.explains else [],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"oneOf": [row, rows, instances]}}, **text},
        },
        "responses": {
            "200": {
                "description": f"One prediction for a row, a list for many; CSV lines {line}",
                "content": {"application/json": {"schema": {"oneOf": [prediction, several]}}, **text},
            },
            **{status: {"description": told, "content": error} for status, told in _ERRORS.items()},
        },
    }
