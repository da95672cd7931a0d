"""The package as the platform's own service reads it: what it answers in every form, and what it refuses.

The service is the real one, asked without a network between (`Service.respond`): what HTTP itself adds is the image's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from contracts import delimited, specimens, texts
from contracts.schema import Column, ColumnType
from workloads import tasks
from workloads.evaluation import forms
from workloads.evaluation.inputs import Inputs, lines
from workloads.inference import model as packages
from workloads.inference.metrics import Metrics
from workloads.inference.request import Request
from workloads.inference.service import Service
from workloads.inference.settings import Settings
from workloads.model_tests.trial import SAMPLE, ModelTest, Subject, Trial

JSON, CSV = "application/json", "text/csv"
_CLOSE: Final = 1e-6
Row = dict[str, Any]


class Body(NamedTuple):
    """What is sent, and what it is in words."""

    what: str
    content: bytes
    kind: str = JSON


def start(package: Path) -> Service:
    """A service with the model in a directory, as the image starts one. ModelError if it cannot."""
    settings = Settings()
    return Service(packages.load(package, max_rows=settings.max_rows), settings, Metrics())


def ask(service: Service, body: Body) -> tuple[int, bytes]:
    """Status and answer."""
    answer = service.respond(Request([(b"content-type", body.kind.encode())]), "POST", "/invocations", body.content)
    return answer.status, answer.body


def trials(subject: Subject) -> Iterator[Trial]:
    """Of a package that the service reads."""
    if subject.package is not None:
        asked = _Asked(subject, subject.package)
        yield Trial("answers in JSON are the model's", asked.json)
        yield Trial("answers in CSV are the model's", asked.csv)
        yield Trial("a package that is loaded again answers the same", asked.again)
        yield Trial("what the contract allows is answered", asked.allowed)
        yield Trial("what it does not allow is refused", asked.refused)


class _Asked:
    """The tests of one package; the service starts with the first of them."""

    def __init__(self, subject: Subject, package: Path) -> None:
        self.subject, self.package, self.contract = subject, package, subject.model.contract
        self.task = tasks.of_package(self.contract, subject.model.metadata)
        self.close = max(_CLOSE, subject.model.tolerance)

    @cached_property
    def service(self) -> Service:
        """With the package."""
        return start(self.package)

    @cached_property
    def rows(self) -> list[Row]:
        """The first rows, as a request has them."""
        sample = self.subject.rows.slice(0, SAMPLE)
        inputs = Inputs.of(self.contract, sample)
        return inputs.rows(inputs.matrix(sample))

    @property
    def body(self) -> Body:
        """All of them in one request."""
        return Body("rows", _document(self.rows))

    def json(self) -> ModelTest:
        """Together, and the first alone, as an object of its own."""
        wanted: list[Any] = self.subject.model.scores(self.subject.sample).tolist()
        together = self._predictions(self.body)
        alone = self._predictions(Body("a row", json.dumps(self.rows[0]).encode()))
        wrong = sum(map(self._differs, [*together, *alone], [*wanted, wanted[0]]))
        counted = len(together) == len(wanted) and len(alone) == 1
        told = (
            f"{wrong} of {len(wanted) + 1} answers differ"
            if counted
            else f"{len(together)} answers to {len(wanted)} rows"
        )
        return ModelTest(
            name="answers in JSON are the model's", passed=counted and not wrong, found=told, allowed="0 differ"
        )

    def csv(self) -> ModelTest:
        """A line for each row, which says what its JSON says."""
        status, answer = ask(self.service, Body("rows", lines(self.rows, self.contract), CSV))
        found = [cells for cells in delimited.of_text(answer.decode("utf-8", "replace")) if cells]
        outputs: list[Any] = self.subject.model.scores(self.subject.sample).tolist()
        wanted = [self.task.cells(output, self.task.decide(output)) for output in outputs]
        same = status == 200 and len(found) == len(wanted)
        wrong = sum(not forms.same_cells(*pair) for pair in zip(found, wanted, strict=True)) if same else len(wanted)
        told = f"{wrong} of {len(wanted)} lines differ" if same else f"{len(found)} lines with status {status}"
        return ModelTest(
            name="answers in CSV are the model's", passed=same and not wrong, found=told, allowed="0 differ"
        )

    def again(self) -> ModelTest:
        """To the byte."""
        first, second = (ask(service, self.body) for service in (self.service, start(self.package)))
        told = "the same bytes" if first == second else "other bytes"
        return ModelTest(
            name="a package that is loaded again answers the same",
            passed=first == second,
            found=told,
            allowed="the same bytes",
        )

    def allowed(self) -> ModelTest:
        """The first row with each input at both ends of what the contract allows, and missing where it may be."""
        bodies = [
            Body(f"{name} {show(value)}", json.dumps(self.rows[0] | {name: value}).encode())
            for name, value in _ends(self.contract.inputs)
        ]
        return self._all("what the contract allows is answered", bodies, lambda body: bool(self._predictions(body)))

    def refused(self) -> ModelTest:
        """With a status of 4xx and a reason; and the rows have the answer after all of it that they had before."""
        before = ask(self.service, self.body)
        found = self._all("what it does not allow is refused", self._bad(), self._refuses)
        if ask(self.service, self.body) != before:
            return ModelTest(name=found.name, passed=False, found="other answers after it", allowed="the same ones")
        return found

    def _bad(self) -> list[Body]:
        read = self.subject.model.reads
        rows = [
            Body(f"{name} {show(value)}", json.dumps(self.rows[0] | {name: value}).encode())
            for name, value in _outside(self.contract.inputs)
        ]
        rows += [
            Body(f"no {column.name}", json.dumps({k: v for k, v in self.rows[0].items() if k != column.name}).encode())
            for column in self.contract.inputs
            if not column.nullable and column.name in read
        ]
        return [
            Body("an empty body", b""),
            Body("half a document", _document(self.rows)[:-2]),
            Body("bytes that are no text", b"\xff\xfe\x00"),
            Body("no row", b"[]"),
            Body("a row that is a number", b"[1]"),
            Body("a document without rows", b'{"instances": {}}'),
            Body("a picture", b"GIF89a", "image/gif"),
            Body("a line with a cell too many", lines(self.rows[:1], self.contract).rstrip(b"\n") + b",1,1,1\n", CSV),
            *rows,
        ]

    def _refuses(self, body: Body) -> bool:
        status, answer = ask(self.service, body)
        if not 400 <= status < 500:
            return False
        error = json.loads(answer)["error"]
        return bool(error["code"]) and bool(error["message"])

    def _all(self, name: str, bodies: Sequence[Body], holds: Callable[[Body], bool]) -> ModelTest:
        broken = [body for body in bodies if not holds(body)]
        first = f", the first {broken[0].what}: status {ask(self.service, broken[0])[0]}" if broken else ""
        found = f"{len(broken)} of {len(bodies)} bodies are not{first}"
        return ModelTest(name=name, passed=not broken, found=found, allowed="0")

    def _predictions(self, body: Body) -> list[Mapping[str, Any]]:
        """Those of an answer, none where it is refused or has another form."""
        status, answer = ask(self.service, body)
        found = json.loads(answer) if status == 200 else {}
        predictions = found.get("predictions", [found] if found else [])
        try:
            for prediction in predictions:
                forms.output(self.task, prediction)
        except (KeyError, TypeError, ValueError):
            return []
        return predictions

    def _differs(self, prediction: Mapping[str, Any], wanted: Any) -> bool:
        found = np.asarray(forms.output(self.task, prediction), dtype=np.float64)
        return not np.allclose(found, np.asarray(wanted), rtol=self.close, atol=self.close)


def show(value: Any) -> str:
    """A value in the words of a test, which names no row's own."""
    return "missing" if value is None else f"{value!r:.40}"


def _document(rows: Sequence[Row]) -> bytes:
    return json.dumps({"instances": list(rows)}).encode()


def _ends(columns: Sequence[Column]) -> Iterator[tuple[str, Any]]:
    for column in columns:
        yield from ((column.name, end) for end in specimens.ends(column))
        if column.nullable:
            yield column.name, None


def _outside(columns: Sequence[Column]) -> Iterator[tuple[str, Any]]:
    """Values that no column takes, and those next to what one allows, but for those that stand for no value."""
    for column in columns:
        marks = texts.missing_numbers(column)
        found: list[Any] = [{}, [1]]
        if column.allowed and column.type is ColumnType.STRING:
            found.append("".join(map(str, column.allowed)) + "?")
        if column.type in (ColumnType.INTEGER, ColumnType.NUMBER):
            found.append(math.inf)  # which `json` writes as a word that JSON does not have
            found += [
                _beyond(column, end, way) for end, way in ((column.minimum, -1), (column.maximum, 1)) if end is not None
            ]
        if column.type is ColumnType.INTEGER:
            found.append(0.5)
        yield from (
            (column.name, value) for value in found if isinstance(value, dict | list | str) or value not in marks
        )


def _beyond(column: Column, end: float, way: int) -> int | float:
    """The next number that is not allowed."""
    return int(end) + way if column.type is ColumnType.INTEGER else math.nextafter(end, way * math.inf)
