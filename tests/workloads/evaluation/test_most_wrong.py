"""The rows that a model gets most wrong: which they are, that contributions add up, and that no person is named."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from contracts.schema import Pii
from tests.workloads.tasks import problems
from tests.workloads.tasks.conftest import trained
from tests.workloads.tasks.problems import Package
from workloads.evaluation import judges, most_wrong, report
from workloads.evaluation.evaluate import evaluate
from workloads.evaluation.model import Boosted

__all__ = ["trained"]
Trained = Callable[[str], Package]


def loaded(package: Package, **changes: Any) -> Boosted:
    contract = dataclasses.replace(package.contract, **changes)
    return Boosted(booster=package.booster, contract=contract, metadata=package.metadata)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "squared", "categorical"])
def test_the_surest_errors_come_first_and_contributions_add_up_to_the_margin(trained: Trained, problem: str) -> None:
    model, table = loaded(trained(problem)), problems.rows(problem, 400, 3)
    features = model.features(table)
    outputs, judge = model.scores(features), judges.of(model.contract)
    found = most_wrong.rows(model, judge, table, features, outputs)
    wrong = judge.wrong(table["y"].to_numpy(), outputs)
    count = min(10, int((wrong > 0).sum()))
    positions = [each["entity"] for each in found]
    assert len(positions) == count > 0
    assert wrong[positions].tolist() == sorted(wrong[wrong > 0].tolist(), reverse=True)[:count]
    for each in found:
        margin = each["bias"] + sum(one["contribution"] for one in each["features"].values())
        output = outputs[each["entity"]]
        if problem == "squared":
            assert margin == pytest.approx(output, abs=1e-3)
        elif problem != "multiclass":
            assert 1 / (1 + math.exp(-margin)) == pytest.approx(output, abs=1e-4)
            assert each["answer"]["decision"] != bool(each["label"])
        else:
            assert each["answer"]["prediction"] != each["label"]
            assert each["label"] in model.contract.classes
        a = table["a"][each["entity"]].as_py()
        assert each["features"]["a"]["value"] == (None if a is None else pytest.approx(a))
        if problem == "categorical":
            assert each["features"]["plan"]["value"] == table["plan"][each["entity"]].as_py()


def test_of_several_classes_the_contributions_are_those_of_the_class_that_is_said(trained: Trained) -> None:
    model, table = loaded(trained("multiclass")), problems.rows("multiclass", 400, 3)
    features = model.features(table)
    outputs = model.scores(features)
    for each in most_wrong.rows(model, judges.of(model.contract), table, features, outputs):
        row = each["entity"]
        margins = model.contributions(features[row : row + 1]).sum(axis=-1)[0]
        assert each["bias"] + sum(one["contribution"] for one in each["features"].values()) == pytest.approx(
            margins[outputs[row].argmax()], abs=1e-4
        )


def test_a_personal_entity_is_not_told(trained: Trained) -> None:
    package, table = trained("binary"), problems.rows("binary", 400, 3)
    columns = tuple(
        dataclasses.replace(column, pii=Pii.HASH) if column.name == "id" else column
        for column in package.contract.columns
    )
    model = loaded(package, columns=columns)
    found = evaluate(model, None, table, model.contract)
    assert found.report["most_wrong"]
    assert all("entity" not in each for each in found.report["most_wrong"])
    told = {**found.report, "warnings": []}
    page = report.render(told, judge=found.judge, labels=found.labels, outputs=found.outputs, champion_outputs=None)
    assert "<h2>Most wrong</h2>" in page
    assert "<tr><td>personal<td>" in page


def test_what_is_never_wrong_has_no_such_rows(trained: Trained) -> None:
    model, table = loaded(trained("binary")), problems.rows("binary", 50, 3)
    exact = table["y"].to_numpy().astype(np.float32)
    assert most_wrong.rows(model, judges.of(model.contract), table, model.features(table), exact) == []
