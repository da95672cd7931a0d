"""The model card: valid for SageMaker whatever the contract says, in the words of its task, and of its people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from contracts import loader, model_card
from contracts.metrics import METRICS
from contracts.schema import Contract, ModelCard, Task, from_json, to_json
from tests.contracts.test_labels import COLORS, faults, written

ROOT = Path(__file__).parents[2]
SHA = "0123456789abcdef"
ZERO_ONE: dict[str, Any] = {"type": "integer", "allowed": [0, 1]}
BINARY = {"task": "binary_classification"}
KEYS = "owner, intended_uses, out_of_scope, risk_rating, risk_explanation, ethical_considerations, limitations"


def _texts(most: int, *keys: str) -> dict[str, Any]:
    return {key: {"type": "string", "maxLength": most} for key in keys}


def _object(required: bool = False, /, **properties: Any) -> dict[str, Any]:
    known = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**known, "required": list(properties)} if required else known


def _strings(most: int) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"type": "string", "maxLength": most}}


#: What a package's card may hold, as far as ours goes: names and lengths of AWS::SageMaker::ModelCard (CloudFormation),
#: with a model overview of two keys alone (ModelPackageModelCard, API reference).
SCHEMA = _object(
    model_overview=_object(**_texts(1024, "model_creator"), model_artifact={"type": "array"}),
    intended_uses=_object(
        **_texts(
            2048,
            "purpose_of_model",
            "intended_uses",
            "factors_affecting_model_efficiency",
            "explanations_for_risk_rating",
        ),
        risk_rating={"enum": ["High", "Medium", "Low", "Unknown"]},
    ),
    business_details=_object(**_texts(2048, "business_problem", "business_stakeholders", "line_of_business")),
    training_details=_object(**_texts(1024, "training_observations")),
    evaluation_details={
        "type": "array",
        "items": _object(
            **_texts(63, "name"), **_texts(2096, "evaluation_observation"), metadata=_strings(model_card.MOST_OBSERVED)
        ),
    },
    additional_information=_object(
        **_texts(2048, "ethical_considerations", "caveats_and_recommendations"),
        custom_details=_strings(model_card.MOST_OBSERVED),
    ),
)


def card_of(contract: Contract) -> Mapping[str, Any]:
    found = model_card.content(contract, owner="ml-team", workload=contract.name, contract_sha=SHA)
    jsonschema.validate(found, SCHEMA)
    assert len(json.dumps(found)) <= 100_000  # of ModelCardContent (API reference, ModelPackageModelCard)
    return found


def said(label: dict[str, Any] | None = None, **changes: Any) -> Mapping[str, Any]:
    return card_of(loader.loads(written(label, **changes)))


def test_a_card_says_what_people_said() -> None:
    card = card_of(loader.load(ROOT / "examples" / "regression" / "diabetes.yaml"))
    assert card["model_overview"] == {"model_creator": "diabetes-research@example.com"}
    assert card["intended_uses"] == {
        "purpose_of_model": "How far the disease has gone a year after these measurements.",
        "intended_uses": "Ranking the patients of a study for a closer look by its physicians. "
        "Out of scope: Deciding on a patient's treatment, or on what an insurance costs.",
        "factors_affecting_model_efficiency": "Inputs: age, sex, bmi, pressure, ldl, hdl, ratio, triglycerides, "
        "glucose, burden. Data unlike the training data: above a drift score of 0.35 the endpoint's alarm tells of it.",
        "risk_rating": "High",
        "explanations_for_risk_rating": "A prediction that is too low may delay an examination.",
    }
    told = card["additional_information"]
    assert told["ethical_considerations"] == (
        "The rows are patients, and their sex is an input; the report has the errors of either. "
        "The evaluation report tells the metrics of the groups of sex. No limit of fairness is held."
    )
    assert told["caveats_and_recommendations"] == (
        "It has seen 442 patients of one study, and nobody above 79 years. Valid for data of the contract named here; "
        "a new contract needs a new model."
    )


def test_a_card_invents_nothing_that_nobody_said() -> None:
    card = said(ZERO_ONE, **BINARY)
    assert card["model_overview"] == {"model_creator": "ml-team"}
    uses = card["intended_uses"]
    assert (uses["purpose_of_model"], uses["risk_rating"]) == ("toy", "Unknown")
    assert uses["explanations_for_risk_rating"].startswith("The contract gives no reason")
    assert "The contract names no uses (`model_card.intended_uses`)." in uses["intended_uses"]
    assert card["additional_information"]["ethical_considerations"] == (
        "The contract names no segments: how groups of rows are treated was not measured."
    )


@pytest.mark.parametrize(
    ("changes", "answer", "learned"),
    [
        (
            {"label": ZERO_ONE, **BINARY, "threshold": 0.4, "class_weights": "balanced"},
            "The probability that y is positive; at or above 0.4 it is a decision to act.",
            "log loss, unless `origin` of the package's metadata says that others made the model. Training rows are "
            "weighted by class, so that all count alike: scores are those of a world with such shares.",
        ),
        (
            {"label": ZERO_ONE, **BINARY, "cost": {"false_positive": 1, "false_negative": 5}},
            "The probability that y is positive; at or above the threshold that costs least on the validation part "
            "(a false positive costs 1, a false negative 5) it is a decision to act.",
            "log loss, unless `origin` of the package's metadata says that others made the model.",
        ),
        (
            {"label": COLORS, "task": "multiclass_classification"},
            "The likeliest class of y, and the probabilities of all: red, green, blue.",
            "log loss, unless `origin` of the package's metadata says that others made the model.",
        ),
        (
            {"monotone": {"a": "increasing"}},
            "A number, the mean of y.",
            "squared loss, unless `origin` of the package's metadata says that others made the model. The answer "
            "never falls with a.",
        ),
        (
            {"objective": {"quantile": 0.9}},
            "A number, the 0.9 quantile of y.",
            "quantile loss, unless `origin` of the package's metadata says that others made the model.",
        ),
    ],
)
def test_a_card_tells_what_an_answer_is_in_the_words_of_its_task(
    changes: dict[str, Any], answer: str, learned: str
) -> None:
    card = said(**changes)
    assert card["additional_information"]["custom_details"]["answer"] == answer
    assert card["training_details"] == {"training_observations": f"Boosted trees, by the {learned}"}


@pytest.mark.parametrize(
    ("label", "task", "metric", "bound"),
    [
        (ZERO_ONE, Task.BINARY_CLASSIFICATION, "auc", "at least 0.75: area under the ROC curve"),
        (COLORS, Task.MULTICLASS_CLASSIFICATION, "macro_f1", "at least 0.6: mean of the F1 of all classes"),
        (None, Task.REGRESSION, "rmse", "at most 3: root of the mean squared error, in the label's unit"),
    ],
)
def test_a_card_has_the_gates_bounds_of_the_tasks_own_metrics(
    label: dict[str, Any] | None, task: Task, metric: str, bound: str
) -> None:
    asked = {"quality": {"rmse": {"max": 3}}} if task is Task.REGRESSION else {}
    (gate,) = said(label, task=task.value, **asked)["evaluation_details"]
    assert gate["metadata"][metric] == bound
    assert set(gate["metadata"]) <= set(METRICS[task])


def test_a_card_says_which_limits_of_fairness_the_gate_holds() -> None:
    limits = {"group": {"disparate_impact": {"min": 0.8}}}
    card = said(ZERO_ONE, **BINARY, segments={"group": "bucket(a, 1)"}, fairness=limits)
    assert card["additional_information"]["ethical_considerations"] == (
        "The evaluation report tells the metrics of the groups of group. The gate holds disparate_impact over group at "
        "least 0.8 (the same shares: the smallest of a group over the largest (0.8 is the four-fifths rule))."
    )


def test_the_largest_contract_has_a_valid_card() -> None:
    """Each text as long as it may be, and lists that are longer than what a card takes."""
    columns = {f"column_{i:03d}_{'x' * 40}": {"type": "number"} for i in range(300)}
    long = "w " * 500
    card = said(
        columns={"id": {"type": "string"}, "y": {"type": "string", "allowed": [f"class {i}" for i in range(100)]}}
           | columns,
        task="multiclass_classification",
        features={name: name for name in columns},
        segments={f"s{i:03d}": f"bucket({name}, 1)" for i, name in enumerate(columns)},
        description="d" * 2000,
        model_card={key: long for key in KEYS.split(", ") if key != "risk_rating"},
    )  # fmt: skip
    assert card["intended_uses"]["factors_affecting_model_efficiency"].startswith("Inputs: column_000_")
    assert " ... Data unlike" in card["intended_uses"]["factors_affecting_model_efficiency"]


def test_a_contract_without_it_is_what_it_was() -> None:
    contract = loader.loads(written())
    assert contract.model_card is None
    assert "model_card" not in to_json(contract)


def test_it_is_kept_with_the_contract() -> None:
    contract = loader.loads(written(model_card={"owner": "me", "risk_rating": "low"}))
    assert contract.model_card == ModelCard(owner="me", risk_rating="low")
    assert from_json(to_json(contract)) == contract


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, f"model_card: nothing is found; a mapping with the keys {KEYS} is allowed"),
        (
            {"risk_rating": "severe"},
            "model_card.risk_rating: 'severe' is found; allowed is 'low', 'medium', 'high' or 'unknown'",
        ),
        ({"owner": ""}, "model_card.owner: '' is found; allowed is a text of at least 1 character"),
        ({"risk": "low"}, f"model_card.risk: unknown key; allowed are {KEYS}; remove it"),
    ],
)
def test_what_is_wrong_is_said(said: Any, expected: str) -> None:
    assert faults(model_card=said) == [expected]


def test_a_description_that_no_card_takes_is_refused() -> None:
    assert faults(description="d" * 2001) == [
        "description: 2001 letters are found; at most 2000 are allowed; shorten it"
    ]
