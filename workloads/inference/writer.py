"""Scores to a response body: JSON or CSV, by what the client accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from workloads.inference.errors import Refused
from workloads.inference.model import Model
from workloads.inference.rows import Entity, Rows

JSON, CSV = b"application/json", b"text/csv"


class Writer:
    """Writes the answers of one model.

    One row as an object in JSON is answered by an object {"score", "decision", "model_version"}, more by
    {"predictions": [{"score", "decision"}, ...], "model_version"}; each with the entity, where it was given, under its
    column's name, and with "bias" and "contributions" (by feature, in log-odds), where they were asked for. CSV is a
    line `score,decision` for each row, decision 0 or 1, without a header.
    """

    def __init__(self, model: Model) -> None:
        self.version, self.features = model.version, model.contract.feature_names
        score: list[Any] = [("score", float), ("decision", bool)]
        given: list[Any] = [
            (model.contract.entity, Any, msgspec.UNSET),
            ("bias", Any, msgspec.UNSET),
            ("contributions", Any, msgspec.UNSET),
        ]
        self._prediction = msgspec.defstruct("Prediction", [*score, *given], gc=False)
        self._one = msgspec.defstruct("One", [*score, ("model_version", str), *given], gc=False)
        self._encode = msgspec.json.Encoder().encode

    def one(self, entity: Entity, score: float, decision: bool, contributions: list[float] | None = None) -> bytes:
        """The answer to a body of one object."""
        found = msgspec.UNSET if entity is None else entity
        if contributions is None:
            return self._encode(self._one(score, decision, self.version, found))
        return self._encode(self._one(score, decision, self.version, found, *self._explained(contributions)))

    def json(
        self,
        rows: Rows,
        scores: Sequence[float],
        decisions: Sequence[bool],
        contributions: list[list[float]] | None = None,
    ) -> bytes:
        """The answer to a list of rows."""
        make, unset = self._prediction, msgspec.UNSET
        if contributions is not None:
            given = rows.entities or [None] * rows.count
            explained = map(self._explained, contributions)
            predictions = [
                make(score, decision, unset if entity is None else entity, *parts)
                for score, decision, entity, parts in zip(scores, decisions, given, explained, strict=True)
            ]
        elif rows.entities is None:
            predictions = list(map(make, scores, decisions))
        else:
            predictions = [
                make(score, decision, unset if entity is None else entity)
                for score, decision, entity in zip(scores, decisions, rows.entities, strict=True)
            ]
        return self._encode({"predictions": predictions, "model_version": self.version})

    def csv(self, scores: Sequence[float], decisions: Sequence[bool]) -> bytes:
        """A line for each row. Pairs as JSON lists, with what separates them made into line breaks."""
        pairs = self._encode(list(zip(scores, map(int, decisions), strict=True)))
        return pairs[2:-2].replace(b"],[", b"\n") + b"\n"

    def _explained(self, contributions: list[float]) -> tuple[float, dict[str, float]]:
        return contributions[-1], dict(zip(self.features, contributions[:-1], strict=True))


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
