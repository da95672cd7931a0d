"""Scores to a response body: JSON or CSV, by what the client accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from workloads.inference.errors import Refused
from workloads.inference.model import Model
from workloads.inference.reader import Rows

JSON, CSV = b"application/json", b"text/csv"


class Writer:
    """Writes the answers of one model.

    One row as an object in JSON is answered by an object {"score", "decision", "model_version"}, more by
    {"predictions": [{"score", "decision"}, ...], "model_version"}; each with the entity, where it was given, under its
    column's name. CSV is a line `score,decision` for each row, decision 0 or 1, without a header.
    """

    def __init__(self, model: Model) -> None:
        entity, self.threshold, self.version = model.contract.entity, model.threshold, model.version
        score: list[Any] = [("score", float), ("decision", bool)]
        given: tuple[str, Any, Any] = (entity, Any, msgspec.UNSET)
        self._prediction = msgspec.defstruct("Prediction", [*score, given], gc=False)
        self._one = msgspec.defstruct("One", [*score, ("model_version", str), given], gc=False)
        self._encode = msgspec.json.Encoder().encode

    def one(self, entity: Any, score: float) -> bytes:
        """The answer to a body of one object."""
        found = msgspec.UNSET if entity is None else entity
        return self._encode(self._one(score, score >= self.threshold, self.version, found))

    def json(self, rows: Rows, scores: Sequence[float]) -> bytes:
        """The answer to a list of rows."""
        make, limit = self._prediction, self.threshold
        unset = msgspec.UNSET
        predictions = [
            make(score, score >= limit, unset if entity is None else entity)
            for entity, score in zip(rows.entities, scores, strict=True)
        ]
        return self._encode({"predictions": predictions, "model_version": self.version})

    def csv(self, scores: Sequence[float]) -> bytes:
        """A line for each row."""
        limit = self.threshold
        return "".join([f"{score!r},{1 if score >= limit else 0}\n" for score in scores]).encode()


def negotiate(accept: bytes | None, default: bytes) -> bytes:
    """The response's media type: `default` if the client takes anything, else the one it likes best of JSON and CSV.

    Raises Refused 406 if it takes neither (RFC 9110, section 12.5.1; the most specific range that matches counts).
    """
    if not accept or accept == b"*/*" or accept == default:
        return default
    ranges = _ranges(accept)
    other = CSV if default == JSON else JSON
    weights = {kind: _weight(kind, ranges) for kind in (default, other)}
    best = max(weights, key=lambda kind: weights[kind])  # the default where they are equal
    if weights[best] == 0:
        found = accept.decode("latin-1")
        message = f"accept {found!r} is found; application/json and text/csv can be had; ask for one of them"
        raise Refused(406, "not_acceptable", message)
    return best


def _ranges(accept: bytes) -> dict[bytes, float]:
    ranges: dict[bytes, float] = {}
    for item in accept.lower().split(b","):
        kind, *parameters = (part.strip() for part in item.split(b";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith(b"q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        ranges[kind] = weight
    return ranges


def _weight(kind: bytes, ranges: dict[bytes, float]) -> float:
    group = kind.partition(b"/")[0] + b"/*"
    for candidate in (kind, group, b"*/*"):
        if candidate in ranges:
            return ranges[candidate]
    return 0.0
