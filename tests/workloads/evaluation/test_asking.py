"""What an image is asked, and which of its answers are taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from contracts.schema import Contract
from tests.workloads.evaluation.test_evaluation import make_contract, make_rows
from tests.workloads.tasks import problems
from workloads import tasks
from workloads.evaluation import asking
from workloads.evaluation.evaluate import UNTIMED, evaluate, questions
from workloads.evaluation.model import Contained
from workloads.job import UserError

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-theirs@sha256:" + "7" * 64
DATA = "s3://bucket/model.tar.gz"
Answer = Callable[[list[dict[str, Any]]], Any]


class Asked:
    """Answers by a function of the rows of a request, or of a line; what it was asked is kept."""

    def __init__(self, answer: Answer, line: Callable[[list[str]], str] = lambda cells: "") -> None:
        self.answer, self.line = answer, line
        self.sizes, self.jobs = list[int](), list[str]()

    def ask(
        self, called: str, image: str, model_data: str, content_type: str, bodies: Iterable[tuple[str, bytes]]
    ) -> Iterator[tuple[str, bytes]]:
        assert (image, model_data) == (IMAGE, DATA)
        self.jobs.append(f"{called} {content_type}")
        for name, body in bodies:
            if content_type == asking.CSV:
                yield name, "".join(self.line(line.split(",")) for line in body.decode().splitlines()).encode()
                continue
            instances = json.loads(body)["instances"]
            self.sizes.append(len(instances))
            yield name, json.dumps(self.answer(instances)).encode()


def score(row: dict[str, Any]) -> float:
    """The truth behind `make_rows`; a missing value counts as 0."""
    return float(1 / (1 + np.exp(-3 * (row["a"] or 0.0) + row["b"])))


def predictions(rows: list[dict[str, Any]]) -> Any:
    return {"predictions": [{"score": score(row), "decision": score(row) >= 0.5} for row in rows]}


def line(cells: list[str]) -> str:
    found = score({"a": float(cells[0] or 0.0), "b": float(cells[1])})
    return f"{found},{int(found >= 0.5)}\n"


def model(contract: Contract) -> Contained:
    return Contained(image=IMAGE, contract=contract, metadata={"dataset_version": "sha256:12", "origin": "imported"})


def asked(contract: Contract, rows: pa.Table, transform: Asked) -> Contained:
    return asking.asked(
        model(contract),
        rows,
        lambda each: questions(each, rows, contract),
        called="candidate",
        model_data=DATA,
        transform=transform,
    )


def test_the_evaluation_finds_every_answer_in_one_job() -> None:
    contract, rows, transform = make_contract("a", "b"), make_rows(1500, 2), Asked(predictions)
    candidate = asked(contract, rows, transform)
    report = evaluate(candidate, None, rows, contract).report
    assert transform.jobs == ["candidate-json application/json"]
    assert report["gate"]["decision"] == "register", report["gate"]["reason"]
    assert list(report["importance"]) == ["a", "b"]
    assert report["importance"]["a"] > report["importance"]["b"] > 0
    assert report["warnings"] == [UNTIMED]
    tests = [check["name"] for check in report["gate"]["checks"] if check["name"].startswith("model test")]
    assert tests == [
        "model test scores are probabilities",
        "model test one row scores as in a batch",
        "model test row order does not matter",
        "model test a row of missing values is scored",
    ]
    wanted = [score(row) for row in rows.select(["a", "b"]).to_pylist()]
    assert candidate.scores(candidate.features(rows)).tolist() == wanted


def test_single_rows_are_requests_of_their_own_and_large_questions_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_VALUES", 600)
    transform = Asked(predictions)
    asked(make_contract("a", "b"), make_rows(700, 2), transform)
    sizes = transform.sizes
    assert sizes.count(1) == 201  # of the sample, and that of missing values
    assert sizes[:3] == [300, 300, 100]
    assert max(sizes) == 300


def test_a_model_whose_single_rows_answer_otherwise_fails_the_model_test() -> None:
    """So each request is what it is said to be."""

    def answer(rows: list[dict[str, Any]]) -> Any:
        shifted = [min(1.0, score(row) + (0.01 if len(rows) == 1 else 0.0)) for row in rows]
        return {"predictions": [{"score": each, "decision": each >= 0.5} for each in shifted]}

    contract, rows = make_contract("a", "b"), make_rows(300, 2)
    report = evaluate(asked(contract, rows, Asked(answer)), None, rows, contract).report
    failed = [check["name"] for check in report["gate"]["checks"] if not check["passed"]]
    assert "model test one row scores as in a batch" in failed


def test_nothing_is_answered_that_was_not_asked() -> None:
    contract, rows = make_contract("a", "b"), make_rows(300, 2)
    with pytest.raises(RuntimeError, match=r"^an image has no answers before it was asked"):
        evaluate(model(contract), None, rows, contract)
    answered = asked(contract, rows, Asked(predictions))
    with pytest.raises(KeyError):
        answered.scores(answered.features(make_rows(10, 3)))


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({"predictions": [{"score": 0.7}]}, "no 'decision'"),
        ({"scores": [0.7]}, "no 'predictions'"),
        ({"predictions": [{"score": 0.7, "decision": False}]}, "decision False where True follows"),
        ({"predictions": [{"score": "0.7", "decision": True}]}, "'0.7', which is no finite number"),
        ({"predictions": [{"score": float("nan"), "decision": True}]}, "nan, which is no finite number"),
        ({"predictions": [{"score": True, "decision": True}]}, "True, which is no finite number"),
    ],
)
def test_an_answer_of_another_form_is_refused(answer: Any, fault: str) -> None:
    with pytest.raises(UserError) as refused:
        asked(make_contract("a", "b"), make_rows(1, 2), Asked(lambda rows: answer))
    assert str(refused.value) == (
        f"image {IMAGE}: an answer to application/json has {fault}; allowed is "
        '{"predictions": [...]} with score, decision of each row, as docs/inference.md has it'
    )


def test_an_answer_that_is_no_json_is_refused_without_its_text() -> None:
    class Text(Asked):
        def ask(
            self, called: str, image: str, model_data: str, content_type: str, bodies: Iterable[tuple[str, bytes]]
        ) -> Iterator[tuple[str, bytes]]:
            for name, _ in bodies:
                yield name, b"row of Ada Lovelace is odd"

    with pytest.raises(UserError, match="an answer to application/json has Expecting value") as refused:
        asked(make_contract("a", "b"), make_rows(1, 2), Text(predictions))
    assert "Lovelace" not in str(refused.value)


def test_fewer_predictions_than_rows_are_refused() -> None:
    def answer(rows: list[dict[str, Any]]) -> Any:
        return {"predictions": predictions(rows)["predictions"][1:]}

    with pytest.raises(UserError) as refused:
        asked(make_contract("a", "b"), make_rows(5, 2), Asked(answer))
    assert str(refused.value) == f"image {IMAGE} answers 5 rows with 4 predictions; allowed: one a row"


@pytest.mark.parametrize(
    ("written", "same"),
    [
        (line, True),
        (lambda cells: line(cells).replace(",", ", "), False),
        (lambda cells: line(cells).partition(",")[0] + "\n", False),
        (lambda cells: f"no{line(cells)}", False),
        (lambda cells: "0.123,0\n", False),
        (lambda cells: "", False),
    ],
)
def test_its_csv_must_say_what_its_json_says(written: Callable[[list[str]], str], same: bool) -> None:
    rows, transform = make_rows(5, 2), Asked(predictions, written)
    answered = asked(make_contract("a", "b"), rows, transform)
    more: dict[str, Any] = {"called": "candidate", "model_data": DATA, "transform": transform}
    if same:
        asking.require_lines(answered, rows, **more)
        assert transform.jobs[-1] == "candidate-csv text/csv"
        return
    with pytest.raises(
        UserError, match=r"in CSV by \d lines that do not say what its JSON says; allowed: for each row"
    ):
        asking.require_lines(answered, rows, **more)


def test_its_csv_is_said_to_be_utf_8_where_files_are_in_another_encoding() -> None:
    rows, cells = make_rows(5, 2), list[list[str]]()
    contract = replace(make_contract("a", "b"), encoding="cp1252")
    transform = Asked(predictions, lambda found: cells.append(found) or line([found[0].lstrip("\ufeff"), *found[1:]]))
    more: dict[str, Any] = {"called": "candidate", "model_data": DATA, "transform": transform}
    asking.require_lines(asked(contract, rows, transform), rows, **more)
    assert [found[0].startswith("\ufeff") for found in cells] == [True, False, False, False, False]


@pytest.mark.parametrize("problem", ["binary", "squared", "multiclass"])
def test_an_output_is_what_the_service_made_its_answer_of(problem: str) -> None:
    """Of every task: the form that the platform's own service answers in is read back."""
    task = tasks.of(problems.contract(problem))
    output = [0.25, 0.5, 0.25] if task.outputs == 3 else 0.25
    prediction = dict(zip(task.fields, task.values(output, task.decide(output)), strict=True))
    assert task.output(json.loads(json.dumps(prediction))) == output
