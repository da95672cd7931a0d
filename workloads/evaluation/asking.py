"""What an image of others answers to everything that the evaluation asks of a model, asked beforehand and at once.

Every question of the evaluation follows from the rows alone and never from an answer. So its questions are noted first,
with answers that mean nothing; then the image is asked them in one job, each in a request of its own; then the
evaluation runs and finds each answer. A question that was not asked then has none, and ends the evaluation.

Answers have the forms of the platform's own service (docs/inference.md), in JSON for all questions and in CSV for the
first rows: monitors, smoke tests and whoever asks the endpoint read them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contracts import delimited
from workloads import tasks
from workloads.evaluation import forms
from workloads.evaluation.inputs import Inputs, lines
from workloads.evaluation.model import Contained
from workloads.job import UserError
from workloads.model_tests.trial import SAMPLE
from workloads.tasks import Strategy

JSON, CSV = "application/json", "text/csv"
#: Values of one request: far below the 6 MB that SageMaker takes.
MOST_VALUES: Final = 40_000
Matrix = NDArray[Any]


class Asks(Protocol):
    """What asks a container (`workloads.evaluation.transform`)."""

    def ask(
        self, called: str, image: str, model_data: str, content_type: str, bodies: Iterable[tuple[str, bytes]]
    ) -> Iterator[tuple[str, bytes]]:
        """The answers to requests, by the name of each."""
        ...


def asked(
    model: Contained,
    rows: pa.Table,
    questions: Callable[[Contained], object],
    *,
    called: str,
    model_data: str,
    transform: Asks,
) -> Contained:
    """`model` with the answers to `questions`, which asks it whatever will be asked.

    UserError as `transform` has it, and for answers of another form.
    """
    inputs, task = Inputs.of(model.contract, rows), tasks.of(model.contract)
    noted: dict[str, Matrix] = {}

    def note(matrix: Matrix) -> Matrix:
        noted[_key(matrix)] = matrix
        return np.full((len(matrix), task.outputs) if task.outputs > 1 else len(matrix), 1 / task.outputs)

    questions(replace(model, inputs=inputs, answer=note))
    known: dict[str, list[Any]] = {key: [] for key in noted}
    bodies = ((name, json.dumps({"instances": inputs.rows(part)}).encode()) for name, part in _parts(noted))
    for name, body in transform.ask(f"{called}-json", model.image, model_data, JSON, bodies):
        key = name.partition("-")[0]
        known[key] += _outputs(task, body, model.image)
    answers = {key: _complete(outputs, noted[key], model.image) for key, outputs in known.items()}
    return replace(model, inputs=inputs, answer=lambda matrix: answers[_key(matrix)])


def require_lines(model: Contained, rows: pa.Table, *, called: str, model_data: str, transform: Asks) -> None:
    """UserError where the image answers the first rows in CSV otherwise than in JSON, which `model` was asked in."""
    inputs, task = Inputs.of(model.contract, rows), tasks.of(model.contract)
    sample = model.features(rows)[:SAMPLE]
    body = lines(inputs.rows(sample), model.contract)
    ((_, answer),) = transform.ask(f"{called}-csv", model.image, model_data, CSV, [("rows", body)])
    found = [cells for cells in delimited.of_text(answer.decode("utf-8", "replace")) if cells]
    wanted = [task.cells(output, task.decide(output)) for output in model.scores(sample).tolist()]
    same = len(found) == len(wanted) and all(map(forms.same_cells, found, wanted))
    if not same:
        raise UserError(
            f"image {model.image} answers {len(sample)} rows in CSV by {len(found)} lines that do not say what its "
            f"JSON says; allowed: for each row a line of {', '.join(task.header)}, as docs/inference.md has it"
        )


def _key(matrix: Matrix) -> str:
    return hashlib.sha256(np.ascontiguousarray(matrix, dtype=np.float64).tobytes()).hexdigest()[:32]


def _parts(noted: Mapping[str, Matrix]) -> Iterator[tuple[str, Matrix]]:
    """The requests: a question, or where it is too large parts of it in order."""
    for key, matrix in noted.items():
        most = max(1, MOST_VALUES // max(1, matrix.shape[1]))
        for start in range(0, len(matrix), most):
            yield f"{key}-{start:09}", matrix[start : start + most]


def _outputs(task: Strategy, body: bytes, image: str) -> list[Any]:
    """What the model says of each row of an answer, whose decisions follow from that.

    Of a refused answer its fault is told and not its text, in which values of rows may stand.
    """
    try:
        return [forms.output(task, prediction) for prediction in json.loads(body)["predictions"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        fault = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(
            f"image {image}: an answer to {JSON} has {fault}; allowed is "
            f'{{"predictions": [...]}} with {", ".join(task.fields)} of each row, as docs/inference.md has it'
        ) from error


def _complete(outputs: list[Any], matrix: Matrix, image: str) -> Matrix:
    if len(outputs) != len(matrix):
        raise UserError(f"image {image} answers {len(matrix)} rows with {len(outputs)} predictions; allowed: one a row")
    return np.array(outputs, dtype=np.float64)
