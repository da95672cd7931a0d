"""The contract loader: start from the churn contract, break one thing, read the exact fault."""

from __future__ import annotations

import pytest

from contracts.metrics import METRICS
from contracts.schema import Task
from tests.contracts.broken import INPUTS, KNOWN, Change, after, drop, put


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (drop("label"), "label: is missing; add it"),
        (put("lable", value="x"), f"lable: unknown key; allowed are {KNOWN}; did you mean 'label'?"),
        (put("zzz", value="x"), f"zzz: unknown key; allowed are {KNOWN}; remove it"),
        (
            put("name", value="Churn"),
            "name: 'Churn' is found; allowed are up to 30 lower-case letters, digits and single inner -, "
            "a letter first (every resource's name begins with it)",
        ),
        (put("name", value=7), "name: 7 is found; a text is allowed"),
        (
            put("task", value="multiclass"),
            "task: 'multiclass' is found; allowed are binary_classification, multiclass_classification, regression",
        ),
        (put("threshold", value=75), "threshold: 75 is found; a number above 0 and below 1 is allowed"),
        (put("threshold", value=0), "threshold: 0 is found; a number above 0 and below 1 is allowed"),
        (put("threshold", value=True), "threshold: true is found; a number above 0 and below 1 is allowed"),
        (put("threshold", value=float("nan")), "threshold: nan is found; a number above 0 and below 1 is allowed"),
        (put("features", value={}), "features: {} is found; a mapping from name to content is allowed"),
        (
            put("quality", value=[]),
            "quality: [] is found; a mapping from name to content is allowed",
        ),
        (put("quality", "auc", value=0.8), "quality.auc: 0.8 is found; a mapping with the keys min, max is allowed"),
        (put("quality", "auc", value={"min": 75}), "quality.auc.min: 75 is found; allowed is 0 to 1"),
        (put("quality", "logloss", value={"max": -1}), "quality.logloss.max: -1 is found; allowed is 0 or more"),
        (put("quality", "auc", value={"min": "x"}), "quality.auc.min: 'x' is found; allowed is number"),
        (put("quality", "auc", value={}), "quality.auc: no bound is found; give min or max"),
        (
            put("quality", "auc", value={"min": 0.9, "max": 0.8}),
            "quality.auc: min 0.9 is above max 0.8; correct one of them",
        ),
        (
            put("quality", "auc_loss", value={"min": 0.1}),
            "quality.auc_loss.min: 0.1 is found; only max is allowed of auc_loss; remove it",
        ),
        (
            put("quality", "min_auc", value=0.8),
            "quality.min_auc: unknown key; bounds stand below their metric; write auc: {min: 0.8}",
        ),
        (
            put("quality", "rmse", value={"max": 3}),
            f"quality.rmse: unknown key; allowed are {', '.join(METRICS[Task.BINARY_CLASSIFICATION])}; remove it",
        ),
        # missing values
        (put("missing", value="NA"), "missing: 'NA' is found; a list of texts and numbers is allowed"),
        (put("missing", value=["NA", None]), "missing.1: nothing is found; a text or a number is allowed"),
        (put("missing", value=["NA", True]), "missing.1: true is found; a text or a number is allowed"),
        (
            put("columns", "support_tickets", "missing", value=["NA", {}]),
            "columns.support_tickets.missing.1: {} is found; a text or a number is allowed",
        ),
        # other names and other texts in delivered files
        (
            put("columns", "support_tickets", "source", value=7),
            "columns.support_tickets.source: 7 is found; allowed is string",
        ),
        (
            put("columns", "support_tickets", "source", value=" "),
            "columns.support_tickets.source: ' ' is found; the text of one header cell is allowed",
        ),
        (
            put("columns", "support_tickets", "source", value="Customer_ID"),
            "columns.support_tickets.source: 'Customer_ID' is found, which is column customer_id "
            "(case does not count); name each once",
        ),
        (
            put("columns", "churn_label", "values", value=["Yes"]),
            "columns.churn_label.values: ['Yes'] is found; allowed is dictionary",
        ),
        (
            put("columns", "churn_label", "values", value={"Yes": None}),
            "columns.churn_label.values.Yes: nothing is found; a text or a number is allowed",
        ),
        (
            put("columns", "churn_label", "values", value={"Yes": "1"}),
            "columns.churn_label.values.Yes: '1' is found; the column is of type integer",
        ),
        (
            put("columns", "churn_label", "values", value={"Yes": 2}),
            "columns.churn_label.values.Yes: 2 is found; allowed are 0, 1",
        ),
        (
            put("columns", "support_tickets", "values", value={"many": 1001}),
            "columns.support_tickets.values.many: 1001 is found, outside minimum and maximum",
        ),
        (
            put("columns", "support_tickets", "values", value={"1": 0}),
            "columns.support_tickets.values.1: '1' stands for 0 and is a value itself, so nobody could tell what a "
            "request means; choose other values, or keep the delivered ones",
        ),
        (
            put("columns", "support_tickets", "values", value={"99.0": 7}),
            "columns.support_tickets.values.99.0: '99.0' stands for 7 and is a value itself, so nobody could tell what "
            "a request means; choose other values, or keep the delivered ones",
        ),
        (
            put("columns", "plan", value={"type": "string", "allowed": ["a", "b"], "values": {"a": "b"}}),
            "columns.plan.values.a: 'a' stands for 'b' and is a value itself, so nobody could tell what a "
            "request means; choose other values, or keep the delivered ones",
        ),
        (
            put("columns", "vip", value={"type": "boolean", "values": {"ja": True, "0": True}}),
            "columns.vip.values.0: '0' stands for true and is a value itself, so nobody could tell what a "
            "request means; choose other values, or keep the delivered ones",
        ),
        (
            put("columns", "event_time", "values", value={"today": "2026-01-01"}),
            "columns.event_time.values: is found on a timestamp, which is read as ISO 8601 only; remove it",
        ),
        (
            put("event_time", value={"from": "file"}),
            "event_time.from: 'file' is found; allowed is delivery, or a column's name instead",
        ),
        (
            put("event_time", value={"from": "delivery"}),
            "columns.event_time: is found, and so is the column called that is to hold the moment of delivery; "
            "write event_time: event_time to take it from there, or rename it",
        ),
        *(
            (
                put("retrain_after_rows", value=value),
                f"retrain_after_rows: {told} is found; a whole number of rows from 1 is allowed",
            )
            for value, told in ((0, "0"), (-5, "-5"), (1.5, "1.5"), (True, "true"), ("10", "'10'"), (None, "nothing"))
        ),
        (
            put("columns", "support_tickets", value={"type": "category"}),
            "columns.support_tickets.type: 'category' is found; write string: a feature that is support_tickets and "
            "nothing more is a category",
        ),
        (put("training", "eta", value=float("inf")), "training.eta: inf is found; allowed is a finite number"),
        (put("training", "num_round", value="150"), "training.num_round: '150' is found; allowed is integer"),
        (put("training", "num_round", value=1.5), "training.num_round: 1.5 is found; allowed is integer"),
        (
            put("drift", "max_scor", value=1),
            "drift.max_scor: unknown key; allowed are max_score, min_rows; did you mean 'max_score'?",
        ),
        (put("split", "test", value=20), "split: 70 + 15 + 20 = 105 is found; the shares must add up to 100"),
        # columns
        (
            put("columns", "user_tenure_months", "type", value="integr"),
            "columns.user_tenure_months.type: 'integr' is found; "
            "allowed is 'string', 'integer', 'number', 'boolean' or 'timestamp'",
        ),
        (
            put("columns", "user_tenure_months", "minimum", value=601),
            "columns.user_tenure_months: minimum 601 is above maximum 600; correct one of them",
        ),
        (
            put("columns", "user_tenure_months", "minimum", value=0.5),
            "columns.user_tenure_months.minimum: 0.5 is found on an integer column; a whole number is allowed",
        ),
        (
            put("columns", "customer_id", "maximum", value=3),
            "columns.customer_id.maximum: 3 is found on a string; only integer and number have bounds; remove it",
        ),
        (
            put("columns", "customer_id", "allowed", value=["a", 1]),
            "columns.customer_id.allowed.1: 1 is found; the column is of type string; put it in quotes",
        ),
        (
            put("columns", "customer_id", "allowed", value=["a", "a"]),
            "columns.customer_id.allowed: a value stands twice in ['a', 'a']; remove one",
        ),
        (
            put("columns", "event_time", "allowed", value=["a"]),
            "columns.event_time.allowed: is found on a timestamp; "
            "only string, integer and number have such a list; remove it",
        ),
        (
            put("columns", "support_tickets", "allowed", value=[1, 2]),
            "columns.support_tickets.allowed: is found beside minimum or maximum; "
            "a list of legal values needs no bounds; remove one",
        ),
        (
            put("columns", "customer_id", "allowed", value=["a", [1]]),
            "columns.customer_id.allowed.1: [1] is found; a text or a number is allowed",
        ),
        (
            put("columns", "Event_Time", value={"type": "string"}),
            "columns.Event_Time: the name is taken by columns.event_time (case does not count); rename it",
        ),
        (
            put("columns", "write_time", value={"type": "string"}),
            "columns.write_time: the name 'write_time' is reserved, as are "
            "api_invocation_time, instances, is_deleted, split, write_time; rename it, and say how files call it: "
            "source: 'write_time'",
        ),
        *(
            (
                put("columns", name, value={"type": "string"}),
                f"columns.{name}: the name {name!r} is found; allowed are up to 64 ASCII letters, digits and inner _, "
                f"a letter first, no Python keyword; rename it, and say how files call it: source: {name!r}",
            )
            for name in ("9lives", "a b", "class", "x_", "_x", "größe", "x" * 65)
        ),
        # roles
        (
            put("label", value="churned"),
            "label: 'churned' is found, which is no column; columns are customer_id, event_time, "
            f"{INPUTS}, churn_label",
        ),
        (
            put("label", value="customer_id"),
            "label: 'customer_id' is found, which is the entity too; name another column",
        ),
        (
            put("columns", "churn_label", value={"type": "integer", "allowed": [0, 1, 2]}),
            "columns.churn_label: type integer, allowed [0, 1, 2] is found; "
            "a binary label is {type: integer, allowed: [0, 1]} or {type: boolean}; "
            "values: {Yes: 1, No: 0} says what other delivered texts mean",
        ),
        (
            put("columns", "churn_label", value={"type": "number"}),
            "columns.churn_label: type number, allowed [] is found; "
            "a binary label is {type: integer, allowed: [0, 1]} or {type: boolean}; "
            "values: {Yes: 1, No: 0} says what other delivered texts mean",
        ),
        (
            put("columns", "churn_label", "nullable", value=True),
            "columns.churn_label.nullable: true is found; the label of a row is never null; remove it",
        ),
        (
            put("columns", "customer_id", "type", value="number"),
            "columns.customer_id.type: number is found; the entity is a string or an integer",
        ),
        (
            put("columns", "event_time", "type", value="string"),
            "columns.event_time.type: string is found; the event time is a timestamp",
        ),
        (
            put("columns", "customer_id", "pii", value="drop"),
            "columns.customer_id.pii: drop is found; the entity is needed; use hash",
        ),
        (
            put("columns", "event_time", "pii", value="hash"),
            "columns.event_time.pii: hash is found; the event_time is needed; remove this key",
        ),
        (  # so the quantiles of labels, in verdicts and manifests, are of nothing that is withheld
            put("columns", "churn_label", "pii", value="hash"),
            "columns.churn_label.pii: hash is found; the label is needed; remove this key",
        ),
        # features
        (
            put("features", "x", value="churn_label + 1"),
            f"features.x: at position 1: unknown column 'churn_label'; use one of {INPUTS} "
            "(churn_label is the label and never a model input)",
        ),
        (
            put("features", "x", value="missing(customer_id)"),
            f"features.x: at position 9: unknown column 'customer_id'; use one of {INPUTS} "
            "(customer_id is the entity and never a model input)",
        ),
        (put("features", "x", value=3), "features.x: 3 is found; an expression over columns is allowed"),
        (
            put("features", "tickets", value="log(support_tickets)"),
            "features.tickets: at position 1: unknown function 'log'; allowed are numbers, columns, + - * / and "
            "fill, clip, log1p, missing, equals, bucket, days_since, weekday, month",
        ),
        (
            put("features", "support_tickets", value="support_tickets + 1"),
            "features.support_tickets: the name is taken by columns.support_tickets (case does not count) "
            "and 'support_tickets + 1' is more than that column; rename it",
        ),
        (
            put("segments", "tickets", value="support_tickets"),
            "segments.tickets: the name is taken by features.tickets (case does not count); rename it",
        ),
    ],
)
def test_one_fault(change: Change, expected: str) -> None:
    assert after(change) == [expected]
