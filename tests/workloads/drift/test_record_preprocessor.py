"""The rows that SageMaker's monitor gets of what the service answered have the columns of the files it compares with.

The records are those that the emulator writes of the service's own answers.
"""

from __future__ import annotations

import ast
import base64
import json
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from contracts import loader
from contracts.schema import Contract
from local.emulator.sagemaker import capture
from tests.workloads.drift.live import CHURN, customers, write_training
from tests.workloads.drift.test_answered import as_csv, as_json
from tests.workloads.inference import serving
from tests.workloads.inference.test_hostile_bodies import damaged
from tests.workloads.tasks import problems
from tests.workloads.tasks.conftest import trained
from tests.workloads.tasks.problems import PROBLEMS, Package
from workloads import tasks
from workloads.drift import monitor_files
from workloads.inference import bodies, model
from workloads.inference.metrics import Metrics
from workloads.inference.reader import Reader
from workloads.inference.request import Request
from workloads.inference.service import Service
from workloads.inference.settings import Settings

__all__ = ["trained"]  # the fixture

Trained = Callable[[str], Package]
Handler = Callable[[Any], list[dict[str, Any]]]
#: What the job's endpoints capture as text; with nothing SageMaker writes base64.
TEXTS = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}
BOTH = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]


def handler(contract: Contract) -> Handler:
    """The function of the script as the analyzer finds it: a file alone."""
    text = monitor_files.preprocessor(contract)
    ast.parse(text, feature_version=(3, 7))
    found: dict[str, Any] = {"__name__": "record_preprocessor"}
    exec(compile(text, monitor_files.PREPROCESSOR, "exec"), found)  # noqa: S102 - the script is what is tested
    return found["preprocess_handler"]


def captured(
    app: Service, body: str | bytes, kind: str = "application/json", accept: str = "*/*", *, texts: bool = True
) -> Any:
    """The record of one exchange with the service, as the analyzer hands it to the script."""
    raw = body if isinstance(body, bytes) else body.encode()
    answer = app.answer(Request([(b"content-type", kind.encode()), (b"accept", accept.encode())]), raw)
    assert answer.status == 200, answer.body
    exchange = capture.Exchange(
        moment=datetime.now(UTC),
        request_type=kind,
        request=raw,
        response_type=answer.kind.decode(),
        response=answer.body,
        inference_id=None,
        custom_attributes=None,
    )
    config: dict[str, Any] = {"CaptureOptions": BOTH} | ({"CaptureContentTypeHeader": TEXTS} if texts else {})
    return record(json.loads(capture.line(exchange, config)))


def record(said: dict[str, Any]) -> Any:
    """`said` with the attributes that the developer guide lists of an inference record."""
    parts = {
        name: said["captureData"].get(key) for name, key in (("input", "endpointInput"), ("output", "endpointOutput"))
    }
    fields = ("encoding", "data", "observedContentType", "mode")
    return SimpleNamespace(
        **{
            f"endpoint_{name}": part and SimpleNamespace(**{field: part.get(field) for field in fields})
            for name, part in parts.items()
        }
    )


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Service:
    directory: Path = tmp_path_factory.mktemp("churn") / "model"
    serving.make_package(directory)
    return Service(model.load(directory, max_rows=100), Settings(), Metrics())


ROWS = [
    {"user_tenure_months": 12, "transaction_volume": 99.5, "support_tickets": None},
    {"user_tenure_months": 0, "transaction_volume": None, "support_tickets": 3},
]
INPUTS = ("support_tickets", "transaction_volume", "user_tenure_months")
FORMS = {
    "instances": (json.dumps({"instances": ROWS}), "application/json"),
    "list": (json.dumps(ROWS), "application/json"),
    "marks of missing values": (
        json.dumps([ROWS[0] | {"support_tickets": "N/A"}, {"user_tenure_months": 0.0, "support_tickets": 3}]),
        "application/json",
    ),
    "other columns": (json.dumps([{"customer_id": "é1", "churn_label": 1, **row} for row in ROWS]), "application/json"),
    "csv": ("12,99.5,\r\n0,,3\r\n", "text/csv"),
    "csv with a header": (
        "support_tickets;customer_id;user_tenure_months;transaction_volume\nnull;a;12;99.5\n3;b;0;\n",
        "text/csv; header=present",
    ),
    "csv of quoted cells": ('"12","99.5",""\n\n"0",,"3"', "text/csv"),
    "csv with a byte order mark": (
        "\ufeffuser_tenure_months,transaction_volume,support_tickets\n12,99.5,\n0,,3",
        "text/csv",
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
@pytest.mark.parametrize("texts", [True, False])
def test_every_form_of_a_request_gives_the_same_typed_rows(churn: Service, form: str, accept: str, texts: bool) -> None:
    body, kind = FORMS[form]
    flat = handler(CHURN)(captured(churn, body, kind, accept, texts=texts))
    assert [{name: row[name] for name in INPUTS} for row in flat] == ROWS
    assert [[type(row[name]) for name in INPUTS] for row in flat] == [
        [type(row[name]) for name in INPUTS] for row in ROWS
    ]
    assert all(0 < row["churn_label"] < 1 for row in flat)


def test_an_object_is_one_row_with_its_score(churn: Service) -> None:
    said = captured(churn, json.dumps(ROWS[0]))
    assert handler(CHURN)(said) == [ROWS[0] | {"churn_label": json.loads(said.endpoint_output.data)["score"]}]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_rows_have_the_columns_of_both_files_in_their_order_and_types(
    trained: Trained, problem: str, tmp_path: Path
) -> None:
    package = trained(problem)
    contract, task = package.contract, tasks.of(package.contract, threshold=0.5 if problem == "costly" else None)
    table = problems.rows(problem, 400, 3)
    app = Service(model.load(package.directory, max_rows=1000), Settings(), Metrics())
    names = [column.name for column in contract.inputs]
    rows = table.select(names).to_pylist()
    said = captured(app, json.dumps({"instances": rows}))
    watched = [task.watched(item) for item in json.loads(said.endpoint_output.data)["predictions"]]
    training = tmp_path / "train"
    training.mkdir()
    pq.write_table(table, training / "part.parquet")
    for name, made in zip(
        ("statistics.json", "constraints.json"), monitor_files.build(training, contract), strict=True
    ):
        (training / name).write_text(json.dumps(made))
    monitor_files.write(training, contract, np.array(watched), tmp_path)
    statistics, constraints = (
        json.loads((tmp_path / name).read_text())["features"] for name in ("statistics.json", "constraints.json")
    )
    assert (tmp_path / "record_preprocessor.py").read_text() == monitor_files.preprocessor(contract)
    flat = handler(contract)(said)
    order = sorted([*names, "y"])
    assert [list(row) for row in flat] == [order] * len(rows)
    assert [each["name"] for each in statistics] == [each["name"] for each in constraints] == order
    types = {"Integral": int, "Fractional": float, "String": str}
    for feature in constraints:
        found = {type(row[feature["name"]]) for row in flat} - {type(None)}
        assert found == {types[feature["inferred_type"]]}, feature
    (answer,) = (each for each in statistics if each["name"] == "y")
    figures = answer.get("numerical_statistics") or answer["string_statistics"]
    assert figures["common"] == {"num_present": len(rows), "num_missing": 0}
    if "mean" in figures:
        assert figures["mean"] == pytest.approx(np.mean([row["y"] for row in flat]))
    else:
        counts = {each["value"]: each["count"] for each in figures["distribution"]["categorical"]["buckets"]}
        assert counts == {name: sum(row["y"] == name for row in flat) for name in counts}
        assert sum(counts.values()) == len(rows)


@pytest.mark.parametrize("problem", ["multiclass", "numbered"])
def test_a_class_is_the_same_in_json_and_csv(trained: Trained, problem: str) -> None:
    package = trained(problem)
    app = Service(model.load(package.directory, max_rows=100), Settings(), Metrics())
    body = json.dumps([{"a": n - 2, "b": -n / 2} for n in range(6)])
    both = [[row["y"] for row in handler(package.contract)(captured(app, body, accept=a))] for a in ("*/*", "text/csv")]
    assert both[0] == both[1]
    assert set(both[0]) <= set(package.contract.classes)


def test_the_bounds_of_the_answer(tmp_path: Path) -> None:
    statistics, constraints = monitor_files.build(write_training(tmp_path, customers(200)), CHURN)
    made = monitor_files.of_model(statistics, constraints, CHURN, np.linspace(0.1, 0.9, 50))
    assert made[1]["features"][0] == {
        "name": "churn_label",
        "inferred_type": "Fractional",
        "completeness": 1.0,
        "num_constraints": {"is_non_negative": True},
    }
    assert made[0]["dataset"] == {"item_count": 200}
    regression = problems.contract("squared")
    _, made_constraints = monitor_files.of_model({"features": []}, {"features": []}, regression, np.array([1.0, 2.0]))
    assert made_constraints["features"] == [{"name": "y", "inferred_type": "Fractional", "completeness": 1.0}]
    classes = problems.contract("multiclass")
    _, of_classes = monitor_files.of_model({"features": []}, {"features": []}, classes, np.array([2.0, 2.0, 0.0]))
    assert of_classes["features"][0]["string_constraints"] == {"domains": ["red", "dark, blue", "green"]}


@pytest.mark.parametrize(("kind", "make"), [("application/json", as_json), ("text/csv", as_csv)])
def test_of_whatever_the_service_answered_the_rows_are_those_that_it_read(churn: Service, kind: str, make: Any) -> None:
    """Bodies damaged at random, where the service took them: values as its own reader has them."""
    chance, reader, script = random.Random(11), Reader(CHURN, max_rows=100), handler(CHURN)  # noqa: S311
    names = [column.name for column in CHURN.inputs]
    compared = 0
    for number in range(2000):
        body = damaged(chance, make(chance)) if number % 3 else make(chance)
        if churn.answer(Request([(b"content-type", kind.encode())]), body).status != 200:
            continue
        flat = script(captured(churn, body, kind, texts=chance.random() < 0.5 and _is_text(body)))
        wanted = bodies.read(reader, *bodies.media_type(kind.encode())[:2], body).values
        assert [[row[name] for name in names] for row in flat] == [list(row) for row in wanted], body
        compared += 1
    assert compared > 700


def _is_text(body: bytes) -> bool:
    """Whether a body can be captured as a text without loss."""
    return body.decode("utf-8", "replace").encode() == body


#: Columns whose texts are read by rules of their own.
PARTICULAR = """\
name: toy
task: regression
entity: id
event_time: {from: delivery}
label: y
encoding: cp1252
columns:
  id: {type: integer}
  amount: {type: number, nullable: true, decimal: ",", thousands: ".", source: "Amount (EUR)"}
  years: {type: integer, nullable: true, missing: ["-999", unknown]}
  plan: {type: string, nullable: true, values: {g: gold}}
  vip: {type: boolean, nullable: true}
  y: {type: number}
features: {amount: amount, years: years}
"""


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ("Amount (EUR);years;plan;vip\n1.234,5;-999;g;true\n-7,5;3; silver ;0", "text/csv",
         [(1234.5, None, "gold", True), (-7.5, 3, "silver", False)]),
        ('[{"Amount (EUR)": "1.234,5-", "years": -999.0, "plan": "g"}]', "application/json",
         [(-1234.5, None, "gold", None)]),
        ('[{"amount": 1234, "years": "unknown", "vip": true}]', "application/json", [(1234.0, None, None, True)]),
        ('[{"amount": "much", "years": 2.5, "plan": 7}]', "application/json", [("much", 2.5, 7, None)]),
    ],
)  # fmt: skip
def test_texts_are_read_by_the_rules_of_their_column(body: str, kind: str, expected: list[tuple[Any, ...]]) -> None:
    """What is of no type goes on as it is: that is for the analyzer to find."""
    contract = loader.loads(PARTICULAR)
    answers = json.dumps({"predictions": [{"prediction": 1}] * len(expected)})
    said = {"endpointInput": part(body, kind), "endpointOutput": part(answers, "application/json")}
    flat = handler(contract)(record({"captureData": said}))
    assert [(row["amount"], row["years"], row["plan"], row["vip"]) for row in flat] == expected


def test_base64_of_a_csv_is_in_the_encoding_of_the_contract() -> None:
    asked = {"data": base64.b64encode("plan\nfünf".encode("cp1252")).decode(), "encoding": "BASE64",
             "observedContentType": "text/csv"}  # fmt: skip
    said = {"endpointInput": asked, "endpointOutput": part("1.5\n", "text/csv")}
    (row,) = handler(loader.loads(PARTICULAR))(record({"captureData": said}))
    assert (row["plan"], row["y"]) == ("fünf", 1.5)


def part(text: str, kind: str) -> dict[str, str]:
    encoding = "CSV" if kind == "text/csv" else "JSON"
    return {"data": text, "encoding": encoding, "observedContentType": kind}


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (part("{", "application/json"), part('{"score": 0.5}', "application/json")),
        (part("[1]", "application/json"), part('{"score": 0.5}', "application/json")),
        (part("1,2\n", "text/csv"), part("0.5,0\n", "text/csv")),
        (part("1,2,3\n1,2,3", "text/csv"), part("0.5,0\n", "text/csv")),
        (part('{"user_tenure_months": 1}', "application/json"), part("{}", "application/json")),
        ({"data": "***", "encoding": "BASE64", "observedContentType": "text/csv"}, part("0.5,0", "text/csv")),
        (None, part("0.5,0", "text/csv")),
    ],
)
def test_a_record_that_cannot_be_read_is_left_out_and_told_of(
    asked: Any, answered: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert handler(CHURN)(record({"captureData": {"endpointInput": asked, "endpointOutput": answered}})) == []
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("a record is left out: ")


def test_without_a_captured_answer_there_is_none() -> None:
    said = {"endpointInput": part('{"user_tenure_months": 1}', "application/json")}
    assert [row["churn_label"] for row in handler(CHURN)(record({"captureData": said}))] == [None]
