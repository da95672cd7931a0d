"""What the models of a contract are for, in its words: the content of their model card.

The form is SageMaker's ("Model package model card schema", SageMaker developer guide), with the lengths that
CloudFormation tells (AWS::SageMaker::ModelCard). What training and evaluation found is in the package's own metadata
and files, which the registry shows beside the card.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import Any, Final

from contracts.fairness import METRICS as FAIRNESS
from contracts.metrics import METRICS
from contracts.schema import Bounds, Contract, Loss, ModelCard, Monotone, Objective, Task

#: Letters of a text of the card, and of what is observed of training.
MOST: Final = 2048
MOST_OBSERVED: Final = 1024


def content(contract: Contract, *, owner: str, workload: str, contract_sha: str) -> dict[str, Any]:
    """The card of every model that is made by the contract. `owner` answers for it where the contract names nobody."""
    card = contract.model_card or ModelCard()
    described = contract.description or contract.name
    return {
        "model_overview": {"model_creator": card.owner or owner},
        "intended_uses": {
            "purpose_of_model": described,
            "intended_uses": _uses(card, workload),
            "factors_affecting_model_efficiency": _factors(contract),
            "risk_rating": card.risk_rating.capitalize(),
            "explanations_for_risk_rating": card.risk_explanation or _UNEXPLAINED,
        },
        "business_details": {"business_problem": described},
        "training_details": {"training_observations": _cut(_learned(contract), MOST_OBSERVED)},
        "evaluation_details": [
            {
                "name": "Quality gate",
                "evaluation_observation": "A model is registered only if its metrics on the test set keep these "
                "bounds; evaluation.json of the package has what was measured, with 95 % intervals.",
                "metadata": {bounds.metric: _bound(bounds, contract.task) for bounds in contract.quality},
            }
        ],
        "additional_information": {
            "ethical_considerations": _cut(_joined(card.ethical_considerations, _groups(contract)), MOST),
            "caveats_and_recommendations": _joined(
                card.limitations, "Valid for data of the contract named here; a new contract needs a new model."
            ),
            "custom_details": {
                "answer": _cut(_ANSWERS[contract.task](contract), MOST_OBSERVED),
                "contract_sha": contract_sha,
                "task": contract.task.value,
                "workload": workload,
            },
        },
    }


_UNEXPLAINED: Final = (
    "The contract gives no reason (`model_card.risk_explanation`); who approves the package judges it."
)


def _uses(card: ModelCard, workload: str) -> str:
    """AWS wants the uses that a model is not recommended for beside those that it is ("Intended uses of a model")."""
    uses = card.intended_uses or (
        f"Predictions of the workload {workload}, through the endpoints of its stack. The contract names no uses "
        "(`model_card.intended_uses`)."
    )
    return _joined(uses, f"Out of scope: {card.out_of_scope}" if card.out_of_scope else "")


def _factors(contract: Contract) -> str:
    inputs = f"Inputs: {', '.join(contract.feature_names)}."
    return _joined(
        _cut(inputs, MOST // 2),
        f"Data unlike the training data: above a drift score of {contract.drift.max_score:g} the endpoint's "
        "alarm tells of it.",
    )


def _binary(contract: Contract) -> str:
    if contract.cost:
        positive, negative = contract.cost.false_positive, contract.cost.false_negative
        wrong = f"a false positive costs {positive:g}, a false negative {negative:g}"
        act = f"the threshold that costs least on the validation part ({wrong})"
    else:
        act = f"{contract.threshold:g}"
    return f"The probability that {contract.label} is positive; at or above {act} it is a decision to act."


def _multiclass(contract: Contract) -> str:
    classes = ", ".join(map(str, contract.classes))
    return f"The likeliest class of {contract.label}, and the probabilities of all: {classes}."


def _regression(contract: Contract) -> str:
    objective = contract.objective or Objective(loss=Loss.SQUARED)
    predicted = {Loss.ABSOLUTE: "median", Loss.QUANTILE: f"{objective.parameter} quantile"}.get(objective.loss, "mean")
    return f"A number, the {predicted} of {contract.label}."


#: What an answer of the model is.
_ANSWERS: Final[Mapping[Task, Callable[[Contract], str]]] = {
    Task.BINARY_CLASSIFICATION: _binary,
    Task.MULTICLASS_CLASSIFICATION: _multiclass,
    Task.REGRESSION: _regression,
}


def _learned(contract: Contract) -> str:
    loss = f"{contract.objective.loss} loss" if contract.objective else "log loss"
    monotone = contract.monotone or Monotone()
    promised = [
        *(f"never falls with {name}" for name in monotone.increasing),
        *(f"never rises with {name}" for name in monotone.decreasing),
    ]
    return _joined(
        f"Boosted trees, by the {loss}, unless `origin` of the package's metadata says that others made the model.",
        _weighted(contract.class_weights.weights) if contract.class_weights else "",
        f"The answer {', '.join(promised)}." if promised else "",
        f"No other value of {', '.join(contract.invariant)} moves the answer." if contract.invariant else "",
    )


def _weighted(weights: tuple[float, ...]) -> str:
    told = f"by {', '.join(f'{weight:g}' for weight in weights)}" if weights else "so that all count alike"
    return f"Training rows are weighted by class, {told}: scores are those of a world with such shares."


def _bound(bounds: Bounds, task: Task) -> str:
    return f"{_ends(bounds)}: {METRICS[task][bounds.metric].meaning}"


def _ends(bounds: Bounds) -> str:
    ends = (("at least", bounds.min), ("at most", bounds.max))
    return " and ".join(f"{word} {end:g}" for word, end in ends if end is not None) or "free"


def _groups(contract: Contract) -> str:
    """What is known of how groups of rows are treated."""
    names = [segment.name for segment in contract.segments]
    if not names:
        return "The contract names no segments: how groups of rows are treated was not measured."
    meanings = FAIRNESS[contract.task]
    limits = [
        f"{limit.bounds.metric} over {limit.segment} {_ends(limit.bounds)} ({meanings[limit.bounds.metric].meaning})"
        for limit in (contract.fairness.limits if contract.fairness else ())
    ]
    held = f"The gate holds {'; '.join(limits)}." if limits else "No limit of fairness is held."
    return f"The evaluation report tells the metrics of the groups of {', '.join(names)}. {held}"


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _cut(text: str, most: int) -> str:
    """Lists of the contract may be longer than what a card takes."""
    return text if len(text) <= most else textwrap.shorten(text, most, placeholder=" ...")
