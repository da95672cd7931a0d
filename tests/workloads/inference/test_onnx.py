"""Models that others made: exports of scikit-learn, LightGBM and PyTorch that stand beside these tests, served.

What their own libraries said of the same rows stands there too (`exports/make.py`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workloads.inference.exports import rows
from workloads.inference import model, openapi
from workloads.inference.metrics import Metrics
from workloads.inference.model import Model, ModelError
from workloads.inference.onnx_predictor import OnnxError, OnnxPredictor
from workloads.inference.request import Request
from workloads.inference.service import Service
from workloads.inference.settings import Settings

ROWS = rows.table().to_pylist()
VALUES = array("d", rows.features().astype(np.float64).tobytes())
#: float32 has seven digits, and libraries sum in another order; predictions of `amount` go to 70.
SAME = 1e-5


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    names = (*rows.BINARY, "amount", "classes")
    packages = {name: rows.package(tmp_path_factory.mktemp(name) / "job", name) for name in names}
    packages["plain"] = unfilled(tmp_path_factory.mktemp("plain"), packages["logistic"])
    return {name: model.load(package, max_rows=10_000) for name, package in packages.items()}


def unfilled(directory: Path, like: Path) -> Path:
    """A package of the export that does not know missing values, which a validation part without any lets through."""
    shutil.copytree(like, directory, dirs_exist_ok=True)
    content = (rows.HERE / "plain.onnx").read_bytes()
    (directory / "model.onnx").write_bytes(content)
    metadata = json.loads((directory / "metadata.json").read_text())
    choice = {**metadata["predictor"], "onnx_sha256": hashlib.sha256(content).hexdigest()}
    (directory / "metadata.json").write_text(json.dumps({**metadata, "predictor": choice}))
    return directory


def served(found: Model) -> Service:
    return Service(found, Settings(), Metrics())


def asked(found: Model, body: Any, *, kind: bytes = b"application/json", query: bytes = b"") -> tuple[int, bytes]:
    """Status and body of an answer."""
    text = body if isinstance(body, str) else json.dumps(body)
    answer = served(found).answer(Request([(b"content-type", kind)], query), text.encode())
    return answer.status, answer.body


def said(name: str) -> Any:
    return np.load(rows.HERE / f"{name}.npy")


@pytest.mark.parametrize("name", [*rows.BINARY, "amount", "classes"])
def test_scores_are_those_of_the_library_that_exported_it(models: dict[str, Model], name: str) -> None:
    found = models[name]
    assert found.predictor.name == "onnx"
    outputs = np.array(found.predict(VALUES))
    assert outputs.shape == said(name).shape
    np.testing.assert_allclose(outputs, said(name), SAME, SAME)
    one = found.predictor.one(VALUES[: len(found.contract.features)])
    np.testing.assert_allclose(one, outputs.reshape(len(ROWS), -1)[0, 0], SAME, SAME)


@pytest.mark.parametrize("name", rows.BINARY)
def test_they_answer_as_a_trained_model_does(models: dict[str, Model], name: str) -> None:
    status, body = asked(models[name], ROWS)
    assert status == 200
    predictions = json.loads(body)["predictions"]
    np.testing.assert_allclose([p["score"] for p in predictions], said(name), SAME, SAME)
    assert [p["decision"] for p in predictions] == [p["score"] >= 0.75 for p in predictions]
    header = ",".join(ROWS[0])
    lines = "\n".join(",".join("" if v is None else str(v) for v in row.values()) for row in ROWS)
    status, body = asked(models[name], f"{header}\n{lines}\n", kind=b"text/csv")
    assert [float(line[0]) for line in csv.reader(io.StringIO(body.decode()))] == [p["score"] for p in predictions]


def test_other_tasks_answer_in_their_own_form(models: dict[str, Model]) -> None:
    status, body = asked(models["amount"], ROWS[0])
    np.testing.assert_allclose(json.loads(body)["prediction"], said("amount")[0], SAME, SAME)
    status, body = asked(models["classes"], ROWS[0])
    answer = json.loads(body)
    assert (status, answer["prediction"]) == (200, int(said("classes")[0].argmax()))
    np.testing.assert_allclose(list(answer["probabilities"].values()), said("classes")[0], SAME, SAME)


def test_a_row_that_it_cannot_score_is_refused_with_its_place(models: dict[str, Model]) -> None:
    """Of 600 rows some lack what scikit-learn's logistic regression needs, if nobody fills it."""
    whole = [row for row in ROWS if None not in row.values()]
    assert asked(models["plain"], whole)[0] == 200
    status, body = asked(models["plain"], [*whole[:3], {**whole[0], "user_tenure_months": None}])
    assert status == 422
    assert json.loads(body)["error"]["message"] == (
        "row 3: values for which the model has no finite number (missing ones, or very large ones) is found, allowed "
        "is what the model was made for"
    )
    many = [whole[i % len(whole)] for i in range(5000)]
    many[4500] = {**whole[0], "user_tenure_months": None}
    status, body = asked(models["plain"], many)
    assert (status, json.loads(body)["error"]["faults"][0]["row"]) == (422, 4500)


@pytest.mark.parametrize("name", ["forest", "net", "plain"])
def test_no_row_of_legal_values_is_a_fault_of_the_service(models: dict[str, Model], name: str) -> None:
    random = np.random.default_rng(5)
    values: dict[str, list[float | None]] = {
        "user_tenure_months": [None, 0, 1, 600],
        "transaction_volume": [None, 0.0, 1e-300, 600, 999_999.999, 1_000_000],
        "support_tickets": [None, 0, 1000],
    }
    drawn = [{key: allowed[random.integers(len(allowed))] for key, allowed in values.items()} for _ in range(300)]
    found = {asked(models[name], row)[0] for row in drawn}
    assert found <= {200, 422}


def test_it_does_not_explain_and_says_so(models: dict[str, Model]) -> None:
    status, body = asked(models["net"], ROWS[0], query=b"contributions=true")
    assert (status, json.loads(body)["error"]["message"]) == (
        406,
        "contributions are asked for; a model of kind onnx has none",
    )
    document = json.loads(openapi.document(models["net"]))
    assert "contributions" not in document["components"]["schemas"]["Prediction"]["properties"]
    assert document["paths"]["/invocations"]["post"]["parameters"] == []


@pytest.mark.parametrize(
    ("name", "features", "outputs", "message"),
    [
        (
            "net",
            7,
            1,
            "net.onnx: inputs features tensor(float) ['rows', 6] are found; allowed is one matrix of float or double "
            "with a free number of rows and 7 columns, the contract's features in their order; export the model so",
        ),
        (
            "fixed",
            6,
            1,
            "fixed.onnx: inputs features tensor(float) [2, 6] are found; allowed is one matrix of float or double "
            "with a free number of rows and 6 columns, the contract's features in their order; export the model so",
        ),
        (
            "zipmap",
            6,
            1,
            "zipmap.onnx: outputs output_label tensor(int64), output_probability seq(map(int64,tensor(float))) are "
            "found; allowed is one tensor of float or double beside labels; export the model so (of a classifier its "
            "probabilities without zipmap)",
        ),
    ],
)
def test_a_model_that_cannot_be_asked_is_refused(name: str, features: int, outputs: int, message: str) -> None:
    with pytest.raises(OnnxError) as refused:
        OnnxPredictor(rows.HERE / f"{name}.onnx", features, outputs)
    assert str(refused.value) == message


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    for content in (b"", b"no model", (rows.HERE / "forest.onnx").read_bytes()[:20_000]):
        path.write_bytes(content)
        with pytest.raises(OnnxError, match=r"model\.onnx is no model that onnxruntime opens: "):
            OnnxPredictor(path, 6, 1)


def test_the_file_is_the_one_that_was_packaged(tmp_path: Path) -> None:
    directory = rows.package(tmp_path, "net")
    (directory / "model.onnx").write_bytes((rows.HERE / "logistic.onnx").read_bytes())
    with pytest.raises(ModelError, match=r"model\.onnx has SHA-256 [0-9a-f]{12}\.\.\., the metadata says "):
        model.load(directory, max_rows=10)
    (directory / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"model\.onnx: No such file or directory; the training job writes it"):
        model.load(directory, max_rows=10)


def test_no_other_predictor_can_be_forced(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the xgboost predictor is asked for, but the package holds an ONNX model"):
        model.load(rows.package(tmp_path, "net"), max_rows=10, predictor_kind="xgboost")
