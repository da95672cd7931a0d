"""What the service answers of each task: the booster's numbers in every form, and never a failure on bad bodies."""

from __future__ import annotations

import base64
import csv
import io
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from tests.workloads.inference import serving
from tests.workloads.inference.test_hostile_bodies import damaged
from tests.workloads.tasks.problems import PLANS, PROBLEMS, SIZES, Package
from workloads.drift import capture
from workloads.features import categories
from workloads.inference import batch, model
from workloads.inference.metrics import Metrics
from workloads.inference.model import ModelError
from workloads.inference.request import Request
from workloads.inference.service import Answer, Service
from workloads.inference.settings import Settings

Trained = Callable[[str], Package]
LARGEST = np.finfo(np.float32).max


def service(package: Package) -> Service:
    return Service(model.load(package.directory, max_rows=100_000), Settings(), Metrics())


def inputs(count: int, seed: int = 5, *, package: Package | None = None) -> list[dict[str, Any]]:
    """Rows with missing values and extremes; of a package with categories texts that it knows, and others."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, 2)) * rng.choice([1e-30, 1.0, 1.0, 1e6, 1e30], (count, 2))
    gaps = rng.random((count, 2)) < 0.15
    rows: list[dict[str, Any]] = [
        {"id": index, **{n: None if gap else float(v) for n, v, gap in zip("ab", row, hidden, strict=True)}}
        for index, (row, hidden) in enumerate(zip(values, gaps, strict=True))
    ]
    if package is not None and "categories" in package.metadata:
        plans = [*PLANS, None, "unheard of", "GOLD", "", "NA", " basic "]
        for row, plan, size in zip(rows, rng.choice(len(plans), count), rng.choice(4, count), strict=True):
            row |= {"plan": plans[plan], "size": (*SIZES, None)[size]}
    return rows


def expected(package: Package, sent: list[dict[str, Any]]) -> np.ndarray[Any, Any]:
    """The booster's own predictions (n, outputs) of the features, computed here once more."""
    pairs = [[np.nan if row[name] is None else row[name] for name in "ab"] for row in sent]
    a, b = np.array(pairs, dtype=np.float64).T
    columns = [a, b, a * b]
    if "categories" in package.metadata:
        known = [sorted(PLANS), list(SIZES)]
        columns += [
            np.array([texts.index(text) if (text := (row[name] or "").strip()) in texts else np.nan for row in sent])
            for name, texts in zip(("plan", "size"), known, strict=True)
        ]
    matrix = np.clip(np.stack(columns, axis=1), -LARGEST, LARGEST).astype(np.float32)
    return package.booster.inplace_predict(matrix, validate_features=False).reshape(len(sent), -1)


def numbers(package: Package, prediction: dict[str, Any]) -> list[float]:
    if "probabilities" in prediction:
        return [prediction["probabilities"][str(name)] for name in package.contract.classes]
    return [prediction["score"] if "score" in prediction else prediction["prediction"]]


def post(app: Service, body: Any, kind: str = "application/json", accept: str = "*/*") -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request([(b"content-type", kind.encode()), (b"accept", accept.encode())])
    return app.answer(request, raw)


def same_bits(found: Any, wanted: Any) -> bool:
    return bool((np.asarray(found, dtype=np.float32).view(np.uint32) == wanted.view(np.uint32)).all())


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_answers_are_the_boosters_bit_for_bit_in_every_form(trained: Trained, problem: str) -> None:
    package = trained(problem)
    sent = inputs(300, package=package)
    kind = "xgboost" if problem == "categorical" else "forest"
    assert package.metadata["predictor"]["kind"] == kind, package.metadata["predictor"]["reason"]
    app, wanted = service(package), expected(package, sent)
    many = json.loads(post(app, sent).body)["predictions"]
    assert same_bits([numbers(package, each) for each in many], wanted)
    single = [json.loads(post(app, row).body) for row in sent[:40]]
    assert same_bits([numbers(package, each) for each in single], wanted[:40])
    assert [{**each, "model_version": None} for each in many[:40]] == [{**one, "model_version": None} for one in single]
    lines = list(csv.reader(io.StringIO(post(app, sent, accept="text/csv").body.decode())))
    task = app.scorer.model.task if app.scorer else None
    assert task is not None
    assert {len(line) for line in lines} == {len(task.header)}
    cells = [line[1:] if "probabilities" in many[0] else line[:1] for line in lines]
    assert same_bits([list(map(float, line)) for line in cells], wanted)
    if "probabilities" in many[0]:
        likeliest = [package.contract.classes[index] for index in wanted.argmax(axis=1)]
        assert [each["prediction"] for each in many] == likeliest
        assert [line[0] for line in lines] == list(map(str, likeliest))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_xgboost_itself_answers_alike_with_contributions_that_add_up(trained: Trained, problem: str) -> None:
    package = trained(problem)
    sent = inputs(30, package=package)
    slow = model.load(package.directory, max_rows=100, predictor_kind="xgboost")
    app, compiled = Service(slow, Settings(), Metrics()), service(package)
    assert json.loads(post(app, sent).body)["predictions"] == json.loads(post(compiled, sent).body)["predictions"]
    explain = Request([(b"content-type", b"application/json")], b"contributions=true")
    for each in (app, compiled):
        (one,) = json.loads(each.answer(explain, json.dumps(sent[:1]).encode()).body)["predictions"]
        if slow.task.outputs == 1:
            margin = one["bias"] + sum(one["contributions"].values())
            link = {"binary:logistic": lambda x: 1 / (1 + np.exp(-x)), "reg:gamma": np.exp}
            link |= dict.fromkeys(("count:poisson", "reg:tweedie"), np.exp)
            answered = link.get(slow.task.parameters()["objective"], float)(margin)
            assert answered == pytest.approx(numbers(package, one)[0], rel=1e-4, abs=1e-4)
        else:
            margins = np.array([one["bias"][name] + sum(one["contributions"][name].values()) for name in one["bias"]])
            shares = np.exp(margins - margins.max())
            assert (shares / shares.sum()).tolist() == pytest.approx(list(one["probabilities"].values()), abs=1e-4)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_answers_are_what_the_services_own_description_says(trained: Trained, problem: str) -> None:
    app = service(trained(problem))
    described = json.loads(app.respond(Request([]), "GET", "/openapi.json", b"").body)
    prediction = described["components"]["schemas"]["Prediction"]
    assert prediction["required"] == list(app.scorer.model.task.fields if app.scorer else ())
    for row in inputs(20, package=trained(problem)):
        jsonschema.validate(json.loads(post(app, row).body), prediction)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_hostile_bodies_never_make_the_service_fail(trained: Trained, problem: str) -> None:
    assert {200, 400} <= hostile(trained(problem), 300)


@pytest.mark.full
@pytest.mark.parametrize("problem", PROBLEMS)
def test_fifty_thousand_hostile_bodies_of_each_problem(trained: Trained, problem: str) -> None:
    assert {200, 400, 422} <= hostile(trained(problem), 33_334)


def hostile(package: Package, count: int) -> set[int]:
    """The statuses of damaged bodies, `count` in JSON and half as many in CSV; none says that the service failed."""
    app, chance = service(package), random.Random(7)  # noqa: S311
    rows = inputs(3, package=package)
    bodies = [json.dumps(rows).encode(), json.dumps(rows[0]).encode()]
    lines = b"id,a,b\n1,2.5,3\n2,,1\n"
    if "plan" in rows[0]:
        lines = b'id,a,b,plan,size\n1,2.5,3,gold,"L, large"\n2,,1,"a, b",\n'
    statuses = {post(app, damaged(chance, chance.choice(bodies))).status for _ in range(count)}
    statuses |= {post(app, damaged(chance, lines), kind="text/csv").status for _ in range(count // 2)}
    assert max(statuses) < 500
    return statuses


@pytest.mark.parametrize("problem", ["binary", "multiclass", "numbered", "squared", "poisson", "categorical"])
@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_the_drift_job_reads_from_captures_what_was_answered(trained: Trained, problem: str, accept: str) -> None:
    package = trained(problem)
    sent = inputs(40, package=package)
    answer = post(service(package), sent, accept=accept)
    record = {
        "captureData": {
            "endpointInput": {
                "data": json.dumps(sent),
                "encoding": "JSON",
                "observedContentType": "application/json",
            },
            "endpointOutput": {
                "data": base64.b64encode(answer.body).decode(),
                "encoding": "BASE64",
                "observedContentType": accept,
            },
        },
        "eventMetadata": {"inferenceTime": datetime.now(UTC).isoformat()},
    }
    lists = categories.of_package(package.contract, package.metadata)
    captured = capture.read([json.dumps(record)], package.contract, lists=lists)
    assert (captured.rows, captured.unreadable) == (40, {})
    wanted = expected(package, sent)
    watched = wanted.argmax(axis=1) if wanted.shape[1] > 1 else wanted[:, 0]
    np.testing.assert_array_equal(captured.scores, watched.astype(np.float64))


def test_a_file_is_scored_in_the_tasks_own_columns(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,a,b\n1,2.5,3\n2,,1\n3,x,1\n")
    for problem, header in (
        ("squared", ["id", "prediction"]),
        ("multiclass", ["id", "prediction", "probability of red", "probability of dark, blue", "probability of green"]),
    ):
        package = trained(problem)
        summary = batch.score_file(model.load(package.directory, max_rows=10), path, tmp_path)
        assert (summary.rows, summary.bad_rows, summary.positives) == (3, 1, 0)
        with (tmp_path / "rows.scores.csv").open(newline="") as file:
            head, *lines = list(csv.reader(file))
        assert head == header
        assert lines[2] == ["3", *[""] * (len(header) - 1)]
        wanted = expected(package, [{"a": 2.5, "b": 3.0}, {"a": None, "b": 1.0}])
        offset = len(header) - wanted.shape[1]
        assert same_bits([list(map(float, line[offset:])) for line in lines[:2]], wanted)


def test_a_threshold_is_refused_where_nothing_is_decided(trained: Trained) -> None:
    assert model.load(trained("binary").directory, max_rows=10, threshold=0.3).threshold == 0.3
    with pytest.raises(ModelError, match=r"threshold 0\.3 is given, while a regression has none; remove it"):
        model.load(trained("squared").directory, max_rows=10, threshold=0.3)


def test_an_answer_of_many_classes_is_bounded(trained: Trained) -> None:
    assert model.load(trained("numbered").directory, max_rows=10**6).reader.max_rows == 250_000
    assert model.load(trained("squared").directory, max_rows=10**6).reader.max_rows == 10**6


@pytest.mark.full
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_hundred_thousand_rows_over_http_are_the_boosters_bit_for_bit(trained: Trained, problem: str) -> None:
    package, found = trained(problem), list[list[float]]()
    sent = inputs(100_000, seed=9, package=package)
    with serving.serving(package.directory, "--max-rows", "20000") as running:
        for start in range(0, len(sent), 20_000):
            answer = running.predict(sent[start : start + 20_000])
            found += [numbers(package, each) for each in answer.json["predictions"]]
    assert same_bits(found, expected(package, sent))
