"""Which predictor a package gets, its proof, and what the service makes of both."""

from __future__ import annotations

import hashlib
import json
import shutil
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from tests.workloads.inference import serving
from workloads.inference import model, packaging, predictor
from workloads.inference.errors import Refused
from workloads.inference.forest import convert, library
from workloads.inference.forest.forest import KERNELS, Forest, ForestError
from workloads.inference.model import ModelError

ROWS = [[3.0, 4.5, 0.0, 3.0, 2.0, 1.0], [float("nan")] * 6, [1e300, -1e300, float("inf"), 0.0, -0.0, 1e-45]]
FLAT = array("d", [value for row in ROWS for value in row])


@pytest.fixture
def copy(package: Path, tmp_path: Path) -> Path:
    shutil.copytree(package, tmp_path / "model")
    return tmp_path / "model"


def metadata(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "metadata.json").read_text())


def xgboost_because(directory: Path, reason: str) -> dict[str, Any]:
    """The choice of a package whose model is served by XGBoost."""
    digest = hashlib.sha256((directory / "model.ubj").read_bytes()).hexdigest()
    return {"kind": "xgboost", "reason": reason, "booster_sha256": digest}


def load(directory: Path, **options: Any) -> model.Model:
    return model.load(directory, max_rows=100, **options)


def test_a_proved_package_names_the_forest(package: Path) -> None:
    choice = metadata(package)["predictor"]
    assert choice["kind"] == "forest"
    assert choice["rows_compared"] == 4000 + packaging.EXTREME_ROWS
    assert choice["kernels"][:2] == ["nodes", "blocks"]
    assert choice["library"] == library.source_hash()
    assert load(package).predictor.name == f"forest/{choice['kernels'][-1]}"


def test_both_predictors_agree(package: Path) -> None:
    forest, xgboost = load(package).predictor, load(package, predictor_kind="xgboost").predictor
    assert xgboost.name == "xgboost"
    assert list(forest.many(FLAT)) == list(xgboost.many(FLAT))
    assert [forest.one(row) for row in ROWS] == [xgboost.one(row) for row in ROWS]
    np.testing.assert_allclose(forest.contributions(FLAT), xgboost.contributions(FLAT), rtol=1e-5, atol=1e-5)


def test_extremes_are_the_thresholds_and_their_neighbours(booster: xgb.Booster) -> None:
    raw = bytes(booster.save_raw("json"))
    rows = packaging.extremes(convert.read(raw), 5000)
    dump = json.loads(raw)["learner"]["gradient_booster"]["model"]["trees"]
    thresholds = {
        np.float32(condition)
        for tree in dump
        for condition, split, left in zip(
            tree["split_conditions"], tree["split_indices"], tree["left_children"], strict=True
        )
        if split == 1 and left >= 0
    }
    column = rows[:, 1]
    finite = set(column[np.isfinite(column)].tolist())
    near = {float(np.nextafter(t, np.float32(way))) for t in thresholds for way in (-np.inf, np.inf)}
    assert len(finite & {float(t) for t in thresholds}) > 0.5 * len(thresholds)
    assert len(finite & near) > 0.5 * len(near)
    assert np.isnan(column).any()
    assert np.isposinf(column).any()


def test_a_model_that_the_forest_cannot_do_keeps_xgboost(tmp_path: Path) -> None:
    serving.make_package(tmp_path, proved=False)
    data = xgb.DMatrix(np.random.default_rng(0).normal(size=(200, 6)), np.arange(200) % 2)
    booster = xgb.train({"booster": "dart", "objective": "binary:logistic", "nthread": 1}, data, 3)
    booster.save_model(tmp_path / "model.ubj")
    assert packaging.main(["--model-dir", str(tmp_path)]) == 0
    assert metadata(tmp_path)["predictor"] == xgboost_because(tmp_path, "booster 'dart'; supported is gbtree")
    assert not (tmp_path / "model.forest").exists()
    assert load(tmp_path).predictor.name == "xgboost"


def test_one_different_bit_keeps_xgboost(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Forest.many

    def off_by_one_bit(self: Forest, rows: Any) -> Any:
        scores = honest(self, rows)
        scores[17] = float(np.nextafter(np.float32(scores[17]), np.float32(2)))
        return scores

    monkeypatch.setattr(Forest, "many", off_by_one_bit)
    reason = f"1 of {packaging.EXTREME_ROWS} scores differ from XGBoost's (kernel nodes)"
    assert packaging.finish(copy) == xgboost_because(copy, reason)
    assert not (copy / "model.forest").exists()


def test_no_compiler_keeps_xgboost(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(copy / "cache"))
    monkeypatch.setenv("PATH", "")
    reason = "no C compiler is found; install gcc or clang, or name one in CC"
    assert packaging.finish(copy) == xgboost_because(copy, reason)


def test_a_package_that_names_nothing_is_served_by_xgboost(tmp_path: Path) -> None:
    serving.make_package(tmp_path, proved=False)
    assert load(tmp_path).predictor.name == "xgboost"


def test_without_the_library_the_service_falls_back(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREST_LIBRARY", "/absent/forest.so")
    assert load(package).predictor.name == "xgboost"
    with pytest.raises(ModelError) as caught:
        load(package, predictor_kind="forest")
    assert str(caught.value) == (
        f"{package}: the forest predictor is asked for, but the compiled library is not on this machine; "
        "package the model again"
    )


def test_a_machine_with_other_bits_falls_back(copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = copy / "model.forest"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    changed = metadata(copy)
    changed["predictor"]["forest_sha256"] = predictor.hashlib.sha256(bytes(data)).hexdigest()
    (copy / "metadata.json").write_text(json.dumps(changed))
    with caplog.at_level("INFO"):
        assert load(copy).predictor.name == "xgboost"
    assert "of its probe rows have other scores here than XGBoost gave them" in caplog.records[-1].__dict__["reason"]


def test_a_forest_file_that_is_not_the_proved_one_is_refused(copy: Path) -> None:
    with (copy / "model.forest").open("ab") as file:
        file.write(b"x")
    with pytest.raises(
        ModelError, match=r"model\.forest has SHA-256 [0-9a-f]{12}\.\.\., the metadata says [0-9a-f]{64}; "
    ):
        load(copy)


def test_a_model_of_another_width_is_refused(tmp_path: Path) -> None:
    serving.make_package(tmp_path, proved=False)
    data = xgb.DMatrix(np.random.default_rng(0).normal(size=(200, 4)), np.arange(200) % 2)
    xgb.train({"objective": "binary:logistic", "nthread": 1}, data, 3).save_model(tmp_path / "model.ubj")
    with pytest.raises(ModelError) as caught:
        load(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: {tmp_path}/model.ubj takes 4 features, the contract has 6; package the model again"
    )


def test_a_truncated_booster_is_refused(copy: Path) -> None:
    """Before XGBoost sees it, which would read past its end: this test once ended its process."""
    path = copy / "model.ubj"
    path.write_bytes(path.read_bytes()[:500])
    expected = rf"^{copy}: .*model\.ubj has SHA-256 [0-9a-f]{{12}}\.\.\., the metadata says [0-9a-f]{{64}}; package the"
    with pytest.raises(ModelError, match=expected):
        load(copy, predictor_kind="xgboost")


def test_kernels_have_names() -> None:
    assert list(KERNELS) == [1, 2, 3]
    assert issubclass(ForestError, ValueError)


def test_a_package_of_the_contracts_former_form_is_served_as_before(copy: Path) -> None:
    """A champion keeps the contract that it was trained under, however old; what a text means stays what it was."""
    rows = [b'{"user_tenure_months": 12, "transaction_volume": 80.5}', b'{"support_tickets": 3}']
    now = model.load(copy, max_rows=10)
    shutil.copy(serving.ROOT / "tests" / "contracts" / "contract-format-1.json", copy / "contract.json")
    former = model.load(copy, max_rows=10)
    assert [repr(former.reader.one(row)) for row in rows] == [repr(now.reader.one(row)) for row in rows]
    assert former.threshold == now.threshold
    lines = b"12,nan,null\n"
    assert former.reader.csv(lines, header=False) == now.reader.csv(lines, header=False)
    with pytest.raises(Refused, match="is found, allowed is a number from 0 to 1000000, or null"):
        former.reader.csv(b"12,NA,1\n", header=False)
