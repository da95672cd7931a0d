"""The keys of a contract at its top, in the order in which a reader wants them: what each means.

What stands below them is in `contracts.limits` (sections and columns) and `contracts.metrics` (quality).
"""

from __future__ import annotations

from typing import Final

REQUIRED: Final = ("name", "task", "entity", "event_time", "label", "columns", "features")
MEANINGS: Final = {
    "name": "the workload; every resource's name begins with it",
    "description": "what is predicted, for people: the model package and its card repeat it",
    "task": "what the model predicts: one of two values, one of several, or a number",
    "objective": "the loss of a regression; `{quantile: 0.9}` and `{tweedie: 1.5}` have a parameter",
    "entity": "column of what a row is about (a customer, a machine); it decides which part of the split a row is in",
    "event_time": "column of the moment at which the row was true; {from: delivery} where the data has none",
    "label": "column of what is predicted",
    "threshold": "score at or above which a prediction is a decision to act (binary classification)",
    "cost": "what a wrong decision costs, in any unit: the threshold is that which costs least on the validation part",
    "class_weights": "how much a training row of each class counts: `balanced`, or `{0: 1, 1: 5}`",
    "monotone": "features with a direction: more of one never lowers (`increasing`) or raises (`decreasing`) an answer",
    "invariant": "inputs that move no answer: another value of one leaves it as it is",
    "missing": "texts (or numbers) that stand for no value, in any case; a column may have others",
    "encoding": "encoding of delivered texts, such as cp1252, latin-1 or utf-16 (any text encoding that Python has)",
    "decimal": "decimal sign of numbers in delivered texts; a column may say another",
    "thousands": "what separates thousands there (a blank: any that breaks no line); a column may say another",
    "columns": "the columns of delivered data, by name",
    "features": "the model's inputs, by name: expressions over columns",
    "segments": "groups of rows by name, as expressions: evaluation reports each; they are no model inputs",
    "ingestion": "when delivered data is accepted",
    "split": "shares of the entities in training, validation and test",
    "quality": "bounds of metrics on the test set, within which a model may be registered",
    "fairness": "how unlike the groups of a segment may be treated: limits of metrics, by segment",
    "drift": "when live data has drifted",
    "training": "hyper-parameters of the XGBoost job",
    "retrain_after_rows": "accepted rows, new to the newest model, from which on a delivery asks for a training",
    "incremental": "automatic retraining goes on from the champion instead of anew",
    "model_card": "what the card of each model says beside what follows from the contract",
}
