"""Features at the ends of what float64 holds: what validation accepts, every later step of each task handles."""

from __future__ import annotations

import csv
import dataclasses
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from contracts import loader
from contracts.schema import Contract, Task
from tests.workloads.tasks import problems
from tests.workloads.tasks.test_data import NOW
from workloads.drift import baseline, monitor_files
from workloads.etl import embedded
from workloads.evaluation import model as evaluated
from workloads.evaluation.__main__ import write
from workloads.evaluation.evaluate import evaluate
from workloads.evaluation.inputs import Inputs
from workloads.inference import model
from workloads.inference.metrics import Metrics
from workloads.inference.request import Request
from workloads.inference.service import Service
from workloads.inference.settings import Settings
from workloads.training import __main__ as entry
from workloads.training.container import Job
from workloads.validation import Status, validate

LARGEST, NEXT = "1.7976931348623157e308", "1.7976931348623155e308"
#: Products and sums of them overflow, quotients of them are infinite, no numbers or subnormal.
NUMBERS = (LARGEST, f"-{LARGEST}", NEXT, "1e308", "1e200", "3.4028235e38", "3.4028236e38", "-1e39", "1e-39", "1e-46",
           "5e-324", "-5e-324", "1e-300", "-0.0", "0", "")  # fmt: skip
INTEGERS = ("9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807",
            "-9223372036854775808", "16777217", "0", "")  # fmt: skip
FEATURES = """\
features:
  {a: a, b: b, n: n, both: a * b, ratio: a / b, sum: a + b, difference: a - b, opposite: -a, log: log1p(a),
   held: "clip(a * b, -1e300, 1e300)", filled: "fill(a / b, 0)", near: n - 9007199254740992, share: n / a}
"""


def contract_of(problem: str) -> Contract:
    """That of the problem, with an integer and with features that overflow."""
    made = problems.contract(problem)
    with_integer = loader.loads(
        problems.contract_text(problem)
        .replace("  y:  ", "  n:  {type: integer, nullable: true}\n  y:  ")
        .replace("features: {a: a, b: b, both: a * b}\n", FEATURES)
    )
    return dataclasses.replace(with_integer, training=dataclasses.replace(made.training, num_round=10))


def delivered(path: Path, contract: Contract, problem: str) -> Path:
    """1,500 rows: half of the cells of `a` and `b` are ordinary, so that there is something to learn."""
    rows, rng = problems.rows(problem, 1500, 1), np.random.default_rng(3)
    ordinary = rng.random((1500, 2)) < 0.5
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "a", "b", "n", "y"])
        for index, row in enumerate(rows.to_pylist()):
            cells = [
                row[name] if plain else rng.choice(NUMBERS) for name, plain in zip("ab", ordinary[index], strict=True)
            ]
            label = contract.classes[row["y"]] if contract.task is Task.MULTICLASS_CLASSIFICATION else row["y"]
            whole = contract.column("y").type.value == "integer" and not isinstance(label, str)
            writer.writerow([index, *cells, rng.choice(INTEGERS), int(label) if whole else label])
    return path


def answers(app: Service, rows: list[dict[str, Any]], query: bytes = b"") -> list[dict[str, Any]]:
    request = Request([(b"content-type", b"application/json")], query)
    answer = app.answer(request, json.dumps(rows).encode())
    assert answer.status == 200, answer.body
    return json.loads(answer.body, parse_constant=lambda word: pytest.fail(f"{word} is no legal JSON"))["predictions"]


@pytest.mark.parametrize("problem", [name for name in problems.PROBLEMS if name != "categorical"])
def test_every_step_handles_what_validation_accepts(problem: str, tmp_path: Path) -> None:
    contract = contract_of(problem)
    path = delivered(tmp_path / "rows.csv", contract, problem)
    verdict = validate(path, contract, output=tmp_path / "accepted", now=NOW, delivered=NOW)
    assert (verdict.status, verdict.accepted) == (Status.ACCEPTED, 1500)
    manifest = embedded.run(tmp_path / "accepted", contract, tmp_path / "set")
    built = baseline.build(tmp_path / "set" / "train", contract)
    json.dumps([built, *monitor_files.build(tmp_path / "set" / "train", contract)], allow_nan=False)

    package = tmp_path / "model"
    entry.run(
        Job(
            channels={part: tmp_path / "set" / part for part in ("train", "validation")},
            model=package,
            checkpoints=tmp_path / "checkpoints",
            output=tmp_path / "output",
            scratch=tmp_path / "scratch",
            contract=contract,
            manifest=manifest,
            hyperparameters=contract.training,
        )
    )
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.add(package, arcname=".")
    candidate = evaluated.from_archive(tmp_path / "model.tar.gz", tmp_path / "unpacked")
    test = pq.read_table(tmp_path / "set" / "test")
    result = evaluate(candidate, None, test, contract, tmp_path / "unpacked")
    written = write(
        dataclasses.replace(result, report={**result.report, "code_version": "", "inference_image": ""}),
        built,
        tmp_path / "evaluation",
    )
    assert np.isfinite(result.outputs).all()
    checks = [check for check in written["gate"]["checks"] if check["name"].startswith("model test")]
    failed = [check for check in checks if not check["passed"] and "latency" not in check["name"]]
    assert (len(checks), failed) == (11, [])

    features = candidate.features(test)
    assert np.isfinite(features[~np.isnan(features)]).all()
    asked = Inputs.of(contract, test)
    inputs = asked.rows(asked.matrix(test))
    for kind in ("forest", "xgboost"):
        app = Service(model.load(package, max_rows=10_000, predictor_kind=kind), Settings(), Metrics())
        found = answers(app, inputs)
        numbers = [
            [each["probabilities"][str(name)] for name in contract.classes]
            if "probabilities" in each
            else each.get("score", each.get("prediction"))
            for each in found
        ]
        np.testing.assert_array_equal(np.array(numbers, dtype=np.float32), result.outputs.astype(np.float32))
        if len(result.outputs.shape) == 1:
            answers(app, inputs[:20], b"contributions=true")
