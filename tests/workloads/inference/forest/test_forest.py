"""The compiled forest gives XGBoost's bits, for every kind of model it supports and by every kernel."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import threading
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from tests.workloads.inference.forest import models
from workloads.inference.forest import convert, library
from workloads.inference.forest.convert import Unsupported
from workloads.inference.forest.forest import KERNELS, DifferentError, Forest


@pytest.fixture(scope="session")
def location() -> Path:
    return library.build()


def save(booster: xgb.Booster, path: Path, features: int = 7) -> Path:
    probes = models.rows(64, features, seed=5)
    path.write_bytes(
        convert.convert(convert.read(bytes(booster.save_raw("json"))), probes, models.scores(booster, probes))
    )
    return path


def flat(matrix: models.Matrix) -> array[float]:
    return array("d", matrix.astype(np.float64).tobytes())


def bits(values: Any) -> Any:
    return np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)


@pytest.mark.parametrize("kind", models.KINDS)
def test_scores_are_equal_in_every_bit(kind: str, location: Path, tmp_path: Path) -> None:
    booster = models.train(kind)
    path = save(booster, tmp_path / "model.forest")
    matrix = models.rows(3001, seed=9)
    expected = models.scores(booster, matrix)
    for number, name in KERNELS.items():
        forest = Forest(path, location, kernel=number)
        found = np.array(forest.many(flat(matrix)), dtype=np.float32).reshape(expected.shape)
        assert (bits(found) == bits(expected)).all(), name
        if forest.outputs == 1:
            singly = [forest.one(row) for row in matrix[:500].astype(float).tolist()]
            assert (bits(singly) == bits(expected[:500])).all(), name


def test_the_kernels_are_those_asked_for(location: Path, tmp_path: Path) -> None:
    path = save(models.train("churn-like"), tmp_path / "a")
    assert [Forest(path, location, kernel=number).kernel for number in (1, 2)] == ["nodes", "blocks"]
    deep = save(models.train("very deep"), tmp_path / "b")
    assert Forest(deep, location).kernel == "nodes"


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 1000])
def test_any_number_of_rows(count: int, location: Path, tmp_path: Path) -> None:
    booster = models.train("churn-like")
    forest = Forest(save(booster, tmp_path / "model.forest"), location)
    matrix = models.rows(1000, seed=4)[:count]
    expected = models.scores(booster, matrix) if count else np.empty(0, np.float32)
    assert (bits(forest.many(flat(matrix))) == bits(expected)).all()


def test_values_beyond_float32_are_held_within_it(location: Path, tmp_path: Path) -> None:
    booster = models.train("churn-like")
    forest = Forest(save(booster, tmp_path / "model.forest"), location)
    largest = float(np.finfo(np.float32).max)
    for row, held in (
        ([1e300] * 7, [largest] * 7),
        ([-1e300] * 7, [-largest] * 7),
        ([float("inf")] * 7, [largest] * 7),
    ):
        assert forest.one(row) == forest.one(held) == float(models.scores(booster, np.array([held], np.float32))[0])


def test_early_stopping_is_honoured(location: Path, tmp_path: Path) -> None:
    matrix = models.rows(2000, seed=1, hard=False)
    noise = np.random.default_rng(0).integers(0, 2, len(matrix))
    train, validation = xgb.DMatrix(matrix[:1500], noise[:1500]), xgb.DMatrix(matrix[1500:], noise[1500:])
    booster = xgb.train(
        {"objective": "binary:logistic", "nthread": 1, "num_parallel_tree": 2},
        train,
        50,
        evals=[(validation, "validation")],
        early_stopping_rounds=3,
        verbose_eval=False,
    )
    assert booster.best_iteration + 1 < booster.num_boosted_rounds()
    forest = Forest(save(booster, tmp_path / "model.forest"), location)
    rows = models.rows(500, seed=2)
    assert (bits(forest.many(flat(rows))) == bits(models.scores(booster, rows))).all()
    everything = booster.inplace_predict(rows, validate_features=False)
    assert not (bits(everything) == bits(models.scores(booster, rows))).all()


@pytest.mark.parametrize("kind", ["churn-like", "very deep", "constant", "regression", "classes", "forest"])
def test_contributions_are_those_of_xgboost(kind: str, location: Path, tmp_path: Path) -> None:
    booster = models.train(kind)
    forest = Forest(save(booster, tmp_path / "model.forest"), location)
    matrix = models.rows(200, seed=8, hard=False)
    found = np.array(forest.contributions(flat(matrix)))
    expected = booster.predict(xgb.DMatrix(matrix, nthread=1), pred_contribs=True).reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)
    margins = booster.predict(xgb.DMatrix(matrix, nthread=1), output_margin=True).reshape(-1)
    np.testing.assert_allclose(found.sum(axis=1), margins, rtol=1e-5, atol=1e-5)


def test_threads_share_a_forest(location: Path, tmp_path: Path) -> None:
    booster = models.train("churn-like")
    forest = Forest(save(booster, tmp_path / "model.forest"), location)
    matrix = models.rows(2000, seed=6)
    expected, rows = bits(models.scores(booster, matrix)), flat(matrix)
    wrong: list[int] = []

    def work() -> None:
        for _ in range(10):
            wrong.append(int((bits(forest.many(rows)) != expected).sum()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [0] * 40


def test_a_machine_that_computes_otherwise_is_noticed(location: Path, tmp_path: Path) -> None:
    path = save(models.train("churn-like"), tmp_path / "model.forest")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1  # the sign or exponent of the last probe's score
    path.write_bytes(data)
    with pytest.raises(DifferentError) as caught:
        Forest(path, location)
    assert str(caught.value) == f"{path}: 2 of its probe rows have other scores here than XGBoost gave them"


def categorical() -> xgb.Booster:
    matrix = np.random.default_rng(0).integers(0, 5, (500, 2)).astype(np.float32)
    data = xgb.DMatrix(matrix, matrix[:, 0] % 2, feature_types=["c", "q"], enable_categorical=True)
    return xgb.train({"objective": "binary:logistic", "nthread": 1}, data, 3)


def of(parameters: dict[str, Any], labels: int = 1) -> xgb.Booster:
    matrix = models.rows(300, seed=1, hard=False)
    label = np.random.default_rng(1).integers(0, 2, (300, labels) if labels > 1 else 300)
    return xgb.train({"nthread": 1, **parameters}, xgb.DMatrix(matrix, label), 3)


@pytest.mark.parametrize(
    ("booster", "message"),
    [
        (categorical, "categorical splits; supported are numeric ones"),
        (lambda: of({"booster": "dart", "objective": "binary:logistic"}), "booster 'dart'; supported is gbtree"),
        (
            lambda: of({"booster": "gblinear", "objective": "binary:logistic"}),
            "booster 'gblinear'; supported is gbtree",
        ),
        (lambda: of({"objective": "rank:pairwise"}), "objective 'rank:pairwise'; supported are binary:logistic, "),
        (lambda: of({"objective": "reg:squarederror"}, labels=2), "2 targets; supported is one"),
    ],
)
def test_what_is_not_supported_is_said(booster: Any, message: str) -> None:
    with pytest.raises(Unsupported) as caught:
        convert.read(bytes(booster().save_raw("json")))
    assert str(caught.value).startswith(message)


def test_probe_rows_must_fit_the_model() -> None:
    raw = bytes(models.train("stump").save_raw("json"))
    with pytest.raises(ValueError, match=r"probe rows have shape \(2, 3\); the model takes 7 features"):
        convert.convert(convert.read(raw), np.zeros((2, 3), np.float32), np.zeros(2, np.float32))


def test_the_source_compiles_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "FLAGS", (*library.FLAGS, *library.WARNINGS))
    assert library.build(tmp_path / "forest.so").is_file()


#: Multiplication and addition in one instruction, of x86-64 and of arm64 (vectors' `fmla` too).
FUSED = re.compile(r"^\s+(vfn?m(add|sub)|fn?m(add|sub)|fml[as])", re.MULTILINE)


def compiled(compiler: str, *options: str) -> str:
    """The assembly of the source."""
    argv = [compiler, *library.FLAGS, "-S", *options, "-o", "-", str(library.SOURCE)]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("compiler", "options"), [("gcc", ["-mfma"]), ("aarch64-linux-gnu-gcc", [])])
def test_no_multiplication_is_fused_with_an_addition_where_the_processor_can(compiler: str, options: list[str]) -> None:
    """It rounds once where XGBoost rounds twice; GCC does it unasked, and every arm64 processor can."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not on PATH (Debian: gcc-aarch64-linux-gnu)")
    if compiler == "gcc" and platform.machine() != "x86_64":
        pytest.skip("-mfma is of x86-64")
    assert FUSED.findall(compiled(compiler, *options)) == []
    assert len(FUSED.findall(compiled(compiler, *options, "-ffp-contract=fast"))) > 20  # the search finds them


def test_a_compiler_may_be_named_with_arguments_and_compiles_for_its_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the image for Graviton is built on an x86-64 machine."""
    script = tmp_path / "cross"
    script.write_text('#!/bin/sh\necho "$@" >> "$0.calls"\nwhile [ "$1" != -o ]; do shift; done\necho made > "$2"\n')
    script.chmod(0o755)
    monkeypatch.setenv("CC", f"{script} -target aarch64-linux-gnu")
    made = library.build(tmp_path / "libforest.so")
    assert made.read_text() == "made\n"
    call = (tmp_path / "cross.calls").read_text()
    assert call.startswith(f"-target aarch64-linux-gnu {' '.join(library.FLAGS)} -o ")
    if shutil.which("aarch64-linux-gnu-gcc"):
        monkeypatch.setenv("CC", "aarch64-linux-gnu-gcc")
        header = library.build(tmp_path / "graviton.so").read_bytes()
        assert int.from_bytes(header[18:20], "little") == 183  # EM_AARCH64 (ELF for the Arm 64-bit Architecture)


def test_no_compiler_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(
        library.LibraryError, match=r"^no C compiler is found; install gcc or clang, or name one in CC$"
    ):
        library.build(tmp_path / "forest.so")


def test_models_have_the_depths_they_are_here_for() -> None:
    """The kinds above take both layouts: trees to fill up (at most 10 levels) and trees that are too deep for it."""
    trees = json.loads(bytes(models.train("very deep").save_raw("json")))["learner"]["gradient_booster"]["model"][
        "trees"
    ]

    def depth(tree: Any, node: int = 0) -> int:
        if tree["left_children"][node] < 0:
            return 0
        return 1 + max(depth(tree, tree["left_children"][node]), depth(tree, tree["right_children"][node]))

    assert max(depth(tree) for tree in trees) > 10
