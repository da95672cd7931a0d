"""How unlike groups are treated: fairlearn's numbers, and the limits that the gate enforces.

`fairlearn.json` has labels, decisions and groups, one character a row, and what fairlearn 0.15.0 says of them.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.fairness import METRICS
from contracts.loader import ContractError
from contracts.schema import Bounds, Fairness, FairnessLimit, Task, from_json, to_json
from tests.workloads.tasks import problems
from workloads.evaluation import gate, report, segments
from workloads.evaluation.evaluate import evaluate
from workloads.evaluation.fairness import Disparities, of_classes, of_decisions, of_numbers
from workloads.evaluation.model import Boosted

CASES = json.loads(Path(__file__).with_name("fairlearn.json").read_text())
DECISIONS, NUMBERS = METRICS[Task.MULTICLASS_CLASSIFICATION], METRICS[Task.REGRESSION]
LIMITS = "fairness: {side: {disparate_impact: {min: 0.8}, equal_opportunity_difference: {max: 0.1}}}"


def column(text: str) -> np.ndarray[Any, Any]:
    return np.array(list(map(int, text)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(len(case["labels"])))
def test_the_numbers_are_those_of_fairlearn(case: dict[str, Any]) -> None:
    groups = segments.of(list(case["groups"]))
    found = of_decisions(column(case["labels"]), column(case["decisions"]), groups).values
    assert found == pytest.approx(case["expected"], abs=1e-12)
    assert list(found) == list(METRICS[Task.BINARY_CLASSIFICATION])


def of(*groups: tuple[Any, int, int, int]) -> dict[str, float]:
    """Of groups with so many rows, positive rows and rows that are decided positive, the positive ones first."""
    rows = [(name, int(i < positive), int(i < decided)) for name, n, positive, decided in groups for i in range(n)]
    names, labels, decisions = zip(*rows, strict=True)
    return dict(of_decisions(np.array(labels), np.array(decisions), segments.of(list(names))).values)


def test_small_groups_are_left_out_and_missing_ones_are_a_group() -> None:
    found = of(("a", 100, 50, 40), (None, 100, 50, 20), ("b", 29, 29, 29))
    assert found == pytest.approx(
        {
            "demographic_parity_difference": 0.2,
            "disparate_impact": 0.5,
            "equal_opportunity_difference": 0.4,
            "equalized_odds_difference": 0.4,
        }
    )
    assert of(("a", 100, 50, 40), ("b", 30, 15, 30))["disparate_impact"] == pytest.approx(0.4)


def test_what_cannot_be_compared_is_no_number() -> None:
    assert all(math.isnan(value) for value in of(("a", 100, 50, 40), ("b", 29, 10, 10)).values())
    without_positives = of(("a", 100, 50, 40), ("b", 100, 0, 20))
    assert {name for name, value in without_positives.items() if math.isnan(value)} == {
        "equal_opportunity_difference",
        "equalized_odds_difference",
    }
    assert of(("a", 100, 50, 0), ("b", 100, 50, 0))["disparate_impact"] == 1.0


def limit(metric: str, **ends: float) -> Fairness:
    return Fairness(limits=(FairnessLimit(segment="side", bounds=Bounds(metric=metric, **ends)),))


@pytest.mark.parametrize(
    ("limits", "found", "sentence"),
    [
        (limit("disparate_impact", min=0.8), 0.8, None),
        (
            limit("disparate_impact", min=0.8),
            0.7999,
            "disparate_impact by side 0.7999, allowed >= 0.8 (fairness.side.disparate_impact.min of the contract)",
        ),
        (
            limit("equalized_odds_difference", max=0.1),
            0.25,
            "equalized_odds_difference by side 0.2500, allowed <= 0.1 (fairness.side.equalized_odds_difference.max of "
            "the contract)",
        ),
        (
            limit("disparate_impact", min=0.8),
            math.nan,
            "disparate_impact by side nan, allowed >= 0.8 (fairness.side.disparate_impact.min of the contract): fewer "
            "than two groups have 30 rows and what it compares",
        ),
    ],
)
def test_the_gate_enforces_each_limit(limits: Fairness, found: float, sentence: str | None) -> None:
    (check,) = gate.fair(limits, {"side": Disparities(values={limits.limits[0].bounds.metric: found})})
    assert (check.passed, None if check.passed else check.sentence) == (sentence is None, sentence)


def test_an_unfair_model_is_rejected_and_the_report_says_by_how_much(tmp_path: Path) -> None:
    """Labels rise with `a` more where `b` is large: the sides of `b` are decided alike, and recalled unlike."""
    made = problems.package(tmp_path, "binary", LIMITS)
    rows = problems.rows("binary", 1500, 5)
    candidate = Boosted(booster=made.booster, contract=made.contract, metadata=made.metadata)
    found = evaluate(candidate, None, rows, made.contract)
    measured = found.report["fairness"]["side"]
    checks = {check["name"]: check for check in found.report["gate"]["checks"] if check["key"].startswith("fairness.")}
    assert list(checks) == ["disparate_impact by side", "equal_opportunity_difference by side"]
    for metric, allowed in (
        ("disparate_impact", measured["disparate_impact"] >= 0.8),
        ("equal_opportunity_difference", measured["equal_opportunity_difference"] <= 0.1),
    ):
        assert checks[f"{metric} by side"]["passed"] == allowed
        assert checks[f"{metric} by side"]["found"] == f"{measured[metric]:.4f}"
    strict = dataclasses.replace(made.contract, fairness=limit("demographic_parity_difference", max=0.0))
    rejected = evaluate(candidate, None, rows, strict).report["gate"]
    assert rejected["decision"] == "reject"
    assert "(fairness.side.demographic_parity_difference.max of the contract)" in rejected["reason"]
    page = report.render(
        {**found.report, "warnings": []},
        judge=found.judge,
        labels=found.labels,
        outputs=found.outputs,
        champion_outputs=None,
    )
    assert "<h2>Fairness</h2>" in page
    assert f"<td>{measured['disparate_impact']:.3f}" in page


def test_a_contract_says_limits_by_segment_and_metric() -> None:
    contract = problems.contract("binary", LIMITS)
    assert contract.fairness == Fairness(
        limits=(
            FairnessLimit(segment="side", bounds=Bounds(metric="disparate_impact", min=0.8)),
            FairnessLimit(segment="side", bounds=Bounds(metric="equal_opportunity_difference", max=0.1)),
        )
    )
    assert from_json(to_json(contract)) == contract
    assert '"fairness"' not in to_json(problems.contract("binary"))


@pytest.mark.parametrize(
    ("problem", "given", "fault"),
    [
        (
            "binary",
            "",
            "fairness: {} is found; allowed is a mapping from segment to limits of metrics, or leave it out",
        ),
        ("binary", "{age: {disparate_impact: {min: 0.8}}}", "fairness.age: is no segment; allowed are side"),
        (
            "binary",
            "{side: 0.8}",
            f"fairness.side: 0.8 is found; allowed is a mapping from {', '.join(DECISIONS)} to its end",
        ),
        (
            "binary",
            "{side: {parity: {max: 0.1}}}",
            f"fairness.side.parity: unknown key; allowed are {', '.join(DECISIONS)}",
        ),
        *(
            (
                "binary",
                f"{{side: {{disparate_impact: {ends}}}}}",
                f"fairness.side.disparate_impact: {told} is found; allowed is {{min: a number from 0 to 1}}",
            )
            for ends, told in (
                ("{max: 0.8}", "{'max': 0.8}"),
                ("{min: 1.5}", "{'min': 1.5}"),
                ("{min: true}", "{'min': True}"),
                ("0.8", "0.8"),
            )
        ),
        (
            "squared",
            "{side: {disparate_impact: {min: 0.8}}}",
            f"fairness.side.disparate_impact: unknown key; allowed are {', '.join(NUMBERS)}",
        ),
        (
            "multiclass",
            "{side: {bias_difference: {max: 1}}}",
            f"fairness.side.bias_difference: unknown key; allowed are {', '.join(DECISIONS)}",
        ),
        *(
            (
                "squared",
                f"{{side: {{bias_difference: {{max: {end}}}}}}}",
                f"fairness.side.bias_difference: {{'max': {told}}} is found; allowed is {{max: a number of 0 or more}}",
            )
            for end, told in ((-1, "-1"), (".inf", "inf"), (".nan", "nan"))
        ),
    ],
)
def test_what_is_no_limit_is_refused(problem: str, given: str, fault: str) -> None:
    with pytest.raises(ContractError) as refused:
        problems.contract(problem, f"fairness: {given}")
    assert [told.partition(", ")[2] for told in refused.value.faults] == [fault]


def test_each_class_against_all_others_is_as_a_binary_decision_and_the_worst_counts() -> None:
    random = np.random.default_rng(1)
    labels, said = random.integers(0, 3, 900), random.integers(0, 3, 900)
    groups = segments.of(random.choice(["a", "b", "c"], 900).tolist())
    found = of_classes(labels, said, ["red", "green", "blue"], groups)
    for position, name in enumerate(("red", "green", "blue")):
        alone = of_decisions((labels == position).astype(int), (said == position).astype(int), groups)
        assert found.by_class[name] == pytest.approx(dict(alone.values))
    for metric, worst in {"disparate_impact": min, "equal_opportunity_difference": max}.items():
        figures = {name: each[metric] for name, each in found.by_class.items()}
        assert found.values[metric] == worst(figures.values()) == figures[found.worst(metric)]


def test_a_class_that_nobody_can_compare_is_the_worst() -> None:
    labels = np.array([0, 1] * 50 + [0, 2] * 50)
    found = of_classes(labels, labels, ["x", "y", "z"], segments.of(["a"] * 100 + ["b"] * 100))
    assert (found.worst("equal_opportunity_difference"), found.worst("demographic_parity_difference")) == ("y", "y")
    assert math.isnan(found.values["equal_opportunity_difference"])
    limits = limit("equal_opportunity_difference", max=0.2)
    (check,) = gate.fair(limits, {"side": found})
    assert check.sentence == (
        "equal_opportunity_difference by side nan of class y, allowed <= 0.2 "
        "(fairness.side.equal_opportunity_difference.max of the contract): fewer than two groups have 30 rows and what "
        "it compares"
    )


def test_numbers_of_groups_are_apart_by_their_means_and_errors() -> None:
    random = np.random.default_rng(2)
    labels, predictions = random.normal(5, 2, 400), random.normal(5, 2, 400).astype(np.float32)
    names = random.choice(["a", "b", "c"], 371).tolist() + ["few"] * 29
    found = of_numbers(labels, predictions, segments.of(names)).values
    parts = [np.flatnonzero([each == name for each in names]) for name in ("a", "b", "c")]

    def apart(values: Any) -> float:
        means = [values[part].mean(dtype=np.float64) for part in parts]
        return max(means) - min(means)

    assert found == pytest.approx(
        {
            "mean_prediction_difference": apart(predictions),
            "bias_difference": apart(predictions - labels),
            "mae_difference": apart(np.abs(predictions - labels)),
        }
    )
    assert list(found) == list(NUMBERS)
    alone = of_numbers(labels, predictions, segments.of(["a"] * 400)).values
    assert all(math.isnan(value) for value in alone.values())


@pytest.mark.parametrize(
    ("problem", "metric", "words"),
    [
        ("multiclass", "demographic_parity_difference", r"0\.\d{4} of class (red|dark, blue|green)"),
        ("squared", "mae_difference", r"\d+\.\d{4}"),
    ],
)
def test_limits_hold_several_classes_and_numbers_too(tmp_path: Path, problem: str, metric: str, words: str) -> None:
    made = problems.package(tmp_path, problem, f"fairness: {{side: {{{metric}: {{max: 0.0}}}}}}")
    candidate = Boosted(booster=made.booster, contract=made.contract, metadata=made.metadata)
    found = evaluate(candidate, None, problems.rows(problem, 600, 5), made.contract)
    told = {**found.report, "warnings": []}
    page = report.render(told, judge=found.judge, labels=found.labels, outputs=found.outputs, champion_outputs=None)
    assert found.report["gate"]["decision"] == "reject"
    assert re.fullmatch(
        rf"{metric} by side {words}, allowed <= 0 \(fairness\.side\.{metric}\.max of the contract\)",
        found.report["gate"]["reason"],
    )
    assert f"<td>{found.report['fairness']['side'][metric]:.3f}" in page
    assert ("<h3>Each class against all others, by side</h3>" in page) == (problem == "multiclass")
    assert ("fairness_by_class" in found.report) == (problem == "multiclass")
