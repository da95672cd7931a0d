"""A package through the platform's own service: what passes, and each fault that is seen."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.schema import Bounds
from tests.workloads.tasks import problems
from workloads.evaluation import judges
from workloads.evaluation.model import Boosted
from workloads.inference.errors import Refused
from workloads.inference.scoring import Scorer
from workloads.model_tests import footprint, service
from workloads.model_tests.trial import ModelTest, Subject

Trained = Callable[[str], problems.Package]
NAMES = [
    "answers in JSON are the model's",
    "answers in CSV are the model's",
    "a package that is loaded again answers the same",
    "what the contract allows is answered",
    "what it does not allow is refused",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    made = dict[str, problems.Package]()

    def train(problem: str) -> problems.Package:
        if problem not in made:
            made[problem] = problems.package(tmp_path_factory.mktemp(problem), problem)
        return made[problem]

    return train


class Shifted(Boosted):
    """One that says something else than its package."""

    def scores(self, features: NDArray[Any]) -> NDArray[Any]:
        return super().scores(features) * np.float32(0.99)


def subject(package: problems.Package, problem: str, kind: type[Boosted] = Boosted, **bounds: float) -> Subject:
    quality = tuple(Bounds(metric=name, **{"min" if "rows" in name else "max": end}) for name, end in bounds.items())
    contract = dataclasses.replace(package.contract, quality=quality)
    model = kind(booster=package.booster, contract=package.contract, metadata=package.metadata)
    table = problems.rows(problem, 300, 3)
    return Subject(
        model=model,
        rows=table,
        features=model.features(table),
        judge=judges.of(contract),
        package=package.directory,
    )


def tried(given: Subject) -> dict[str, ModelTest]:
    return {trial.name: trial.run() for trial in service.trials(given)}


@pytest.mark.parametrize("problem", ["binary", "costly", "categorical", "multiclass", "squared", "poisson"])
def test_what_was_trained_here_passes(trained: Trained, problem: str) -> None:
    found = tried(subject(trained(problem), problem))
    assert list(found) == NAMES
    assert {name: test.name for name, test in found.items()} == {name: name for name in NAMES}
    assert [test for test in found.values() if not test.passed] == []
    assert found[NAMES[0]].found == "0 of 201 answers differ"
    assert found[NAMES[1]].found == "0 of 200 lines differ"


def test_without_a_package_nothing_is_asked(trained: Trained) -> None:
    given = dataclasses.replace(subject(trained("binary"), "binary"), package=None)
    assert tried(given) == {}
    assert list(footprint.trials(given)) == []


def test_a_bound_that_nothing_is_held_against_is_told(trained: Trained) -> None:
    given = subject(trained("binary"), "binary", memory_mb=1, latency_ms=1)
    assert list(footprint.unmeasured(given)) == []
    assert list(footprint.unmeasured(dataclasses.replace(given, package=None))) == [
        "quality.memory_mb is not measured: the platform's service does not serve this model"
    ]


def test_a_service_that_says_something_else_than_the_model_is_seen(trained: Trained) -> None:
    found = tried(subject(trained("multiclass"), "multiclass", Shifted))
    assert [name for name, test in found.items() if not test.passed] == NAMES[:2]
    assert found[NAMES[0]].found == "201 of 201 answers differ"


def test_an_answer_that_changes_when_the_package_is_loaded_again_is_seen(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = service.start
    other = trained("costly").directory
    given = subject(trained("binary"), "binary")
    asked = service._Asked(given, trained("binary").directory)
    assert asked.again().passed
    monkeypatch.setattr(service, "start", lambda _: started(other))
    assert (asked.again().passed, asked.again().found) == (False, "other bytes")


def test_what_is_answered_though_the_contract_forbids_it_is_seen(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Scorer.answer

    def lenient(self: Scorer, request: Any, body: bytes, **more: Any) -> Any:
        return plain(self, request, body.replace(b"[1]", b"1") if b'"a": [1]' in body else body, **more)

    monkeypatch.setattr(Scorer, "answer", lenient)
    found = tried(subject(trained("binary"), "binary"))
    assert [name for name, test in found.items() if not test.passed] == [NAMES[4]]
    assert found[NAMES[4]].found.endswith(" bodies are not, the first a [1]: status 200")
    assert found[NAMES[4]].found.startswith("1 of ")


def test_a_failure_of_the_service_is_no_refusal(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Scorer.answer

    def broken(self: Scorer, request: Any, body: bytes, **more: Any) -> Any:
        if body == b"[]":
            raise ZeroDivisionError
        return plain(self, request, body, **more)

    monkeypatch.setattr(Scorer, "answer", broken)
    found = tried(subject(trained("binary"), "binary"))[NAMES[4]]
    assert (found.passed, found.found[-35:]) == (False, "are not, the first no row: status 500"[-35:])


def test_what_is_refused_though_the_contract_allows_it_is_seen(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Scorer.answer

    def strict(self: Scorer, request: Any, body: bytes, **more: Any) -> Any:
        if b'"size": null' in body and body.startswith(b'{"a"'):
            raise Refused(422, "invalid_rows", "no size")
        return plain(self, request, body, **more)

    monkeypatch.setattr(Scorer, "answer", strict)
    found = tried(subject(trained("categorical"), "categorical"))[NAMES[3]]
    assert (found.passed, found.found.partition(", ")[2]) == (False, "the first size missing: status 422")


def test_a_package_that_cannot_be_served_ends_its_tests(trained: Trained, tmp_path: Path) -> None:
    """With the words of the service, which starts as seldom."""
    shutil.copytree(trained("binary").directory, tmp_path / "package")
    (tmp_path / "package" / "metadata.json").write_text(json.dumps({"features": ["a"]}))
    given = dataclasses.replace(subject(trained("binary"), "binary"), package=tmp_path / "package")
    first, *_ = service.trials(given)
    with pytest.raises(Exception, match="the model was trained under another contract"):
        first.run()


def test_memory_and_throughput_are_measured_where_they_are_bounded(trained: Trained) -> None:
    """The bounds lie far from what any machine shows; what is told has the figure, its unit and the predictor."""
    package = trained("binary")
    assert list(footprint.trials(subject(package, "binary"))) == []
    fine = [trial.run() for trial in footprint.trials(subject(package, "binary", memory_mb=4000, rows_per_second=10))]
    assert [(test.name, test.passed, test.key) for test in fine] == [
        ("memory of the service", True, "quality.memory_mb.max"),
        ("throughput of a batch", True, "quality.rows_per_second.min"),
    ]
    assert "MB (forest/" in fine[0].found and "rows/s (forest/" in fine[1].found
    bad = [trial.run() for trial in footprint.trials(subject(package, "binary", memory_mb=1, rows_per_second=1e12))]
    assert [test.passed for test in bad] == [False, False]


def test_memory_is_that_of_the_service_and_not_of_who_starts_it(trained: Trained) -> None:
    """This process has XGBoost, pyarrow and 300 MB more in use."""
    ballast = np.ones(300 * 2**17)
    given = subject(trained("binary"), "binary")
    found = footprint.measure(given.package or Path(), *footprint.batch(given))
    assert found.memory_mb < 150 < ballast.nbytes / 2**20


def test_a_batch_is_as_long_as_a_request_may_be(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    given = subject(trained("binary"), "binary")
    body, rows = footprint.batch(given)
    assert (rows, body.count(b"\n")) == (footprint.ROWS, footprint.ROWS)
    monkeypatch.setattr(footprint, "MOST_BYTES", 1000)
    short, fewer = footprint.batch(given)
    assert body.startswith(short) and len(short) < 1500 and short.count(b"\n") == fewer


def test_a_batch_that_is_refused_is_a_failure_with_its_reason(trained: Trained) -> None:
    with pytest.raises(RuntimeError, match="the batch is answered with status 422"):
        footprint.measure(trained("binary").directory, b"1,2,3,4,5\n", 1)
