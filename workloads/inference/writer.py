"""Scores to a response body: JSON or CSV, by what the client accepts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from workloads.inference.errors import Refused
from workloads.inference.model import Model
from workloads.inference.rows import Entity, Rows
from workloads.tasks.strategy import Output

JSON, CSV = b"application/json", b"text/csv"


class Writer:
    """Writes the answers of one model.

    One row as an object in JSON is answered by an object {"score", "decision", "model_version"}, more by
    {"predictions": [{"score", "decision"}, ...], "model_version"}; each with the entity, where it was given, under its
    column's name, and with "bias" and "contributions" (by feature, to the margin), where they were asked for. CSV is a
    line `score,decision` for each row, decision 0 or 1, without a header. Score and decision are those of a binary
    classification: the task says what stands in their place, and of several outputs each has its contributions.
    """

    def __init__(self, model: Model) -> None:
        self.version, self.features, self.task = model.version, model.contract.feature_names, model.task
        answer: list[Any] = [(name, Any) for name in self.task.fields]
        given: list[Any] = [
            (model.contract.entity, Any, msgspec.UNSET),
            ("bias", Any, msgspec.UNSET),
            ("contributions", Any, msgspec.UNSET),
        ]
        self._prediction = msgspec.defstruct("Prediction", [*answer, *given], gc=False)
        self._one = msgspec.defstruct("One", [*answer, ("model_version", str), *given], gc=False)
        self._encode, self._values = msgspec.json.Encoder().encode, self.task.values

    def one(self, entity: Entity, output: Output, decision: Any, contributions: Any = None) -> bytes:
        """The answer to a body of one object."""
        found = msgspec.UNSET if entity is None else entity
        values = self._values(output, decision)
        if contributions is None:
            return self._encode(self._one(*values, self.version, found))
        return self._encode(self._one(*values, self.version, found, *self._explained(contributions)))

    def json(
        self,
        rows: Rows,
        outputs: Sequence[Output],
        decisions: Sequence[Any],
        contributions: Sequence[Any] | None = None,
    ) -> bytes:
        """The answer to a list of rows."""
        make, unset = self._prediction, msgspec.UNSET
        fields: list[Sequence[Any]] = [*self.task.fields_of_all(outputs, decisions)]
        if rows.entities is not None:
            fields.append([unset if entity is None else entity for entity in rows.entities])
        elif contributions is not None:
            fields.append([unset] * rows.count)
        if contributions is not None:
            fields += zip(*map(self._explained, contributions), strict=True)
        predictions = list(map(make, *fields))
        return self._encode({"predictions": predictions, "model_version": self.version})

    def csv(self, outputs: Sequence[Output], decisions: Sequence[Any]) -> bytes:
        """A line for each row. Numbers as JSON lists, with what separates them made into line breaks."""
        lines = list(self.task.cells_of_all(outputs, decisions))
        if self.task.outputs == 1:
            return self._encode(lines)[2:-2].replace(b"],[", b"\n") + b"\n"
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        return text.getvalue().encode()

    def _explained(self, contributions: Any) -> tuple[Any, Any]:
        """Bias and contributions by feature, of several outputs both by output."""
        if self.task.outputs == 1:
            return contributions[-1], dict(zip(self.features, contributions[:-1], strict=True))
        parts = dict(zip(map(str, self.task.contract.classes), contributions, strict=True))
        bias = {name: part[-1] for name, part in parts.items()}
        return bias, {name: dict(zip(self.features, part[:-1], strict=True)) for name, part in parts.items()}


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
