"""The contract loader: start from the churn contract, break one thing, read the exact fault."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts import limits, loader, schema
from contracts.loader import ContractError
from contracts.metrics import METRICS
from contracts.schema import Bounds, ColumnType, Contract, EventTime, Task

CHURN = Path(__file__).parents[2] / "contracts" / "churn.yaml"
Change = Callable[[dict[str, Any]], object]


def faults_of(text: str) -> list[str]:
    with pytest.raises(ContractError) as caught:
        loader.loads(text)
    return list(caught.value.faults)


def after(change: Change) -> list[str]:
    """Faults of the churn contract after `change`, without their line numbers (which the dump below moves)."""
    data: dict[str, Any] = yaml.safe_load(CHURN.read_text())
    change(data)
    return [fault.partition(", ")[2] for fault in faults_of(yaml.safe_dump(data, sort_keys=False))]


def test_churn_is_valid() -> None:
    contract = loader.load(CHURN)
    assert contract.name == "churn"
    assert contract.task is Task.BINARY_CLASSIFICATION
    assert [column.name for column in contract.inputs] == [
        "user_tenure_months",
        "transaction_volume",
        "support_tickets",
    ]
    assert contract.column("transaction_volume").type is ColumnType.NUMBER
    assert contract.column("churn_label").allowed == (0, 1)
    assert contract.split == schema.Split(train=70, validation=15, test=15)


def test_compiled_form_reads_back_equal() -> None:
    contract = loader.load(CHURN)
    assert schema.from_json(schema.to_json(contract)) == contract


def test_defaults_are_those_of_the_schema() -> None:
    data = yaml.safe_load(CHURN.read_text())
    for key in ("threshold", "ingestion", "split", "quality", "drift", "training", "segments", "description"):
        data.pop(key, None)
    contract = loader.loads(yaml.safe_dump(data, sort_keys=False))
    assert contract.threshold == Contract.threshold
    assert contract.quality == schema.DEFAULT_QUALITY
    for section in (schema.Ingestion, schema.Split, schema.Drift, schema.Training):
        assert getattr(contract, section.__name__.lower()) == section()


def test_every_number_of_a_section_has_a_limit() -> None:
    for kind, model in limits.MODELS.items():
        if kind in (schema.Column, schema.Bounds):
            continue
        for name, field in model.model_fields.items():
            assert field.metadata, f"{kind.__name__}.{name} has no range"
        assert kind(), f"{kind.__name__} cannot be left out"


def put(*path: str, value: Any) -> Change:
    def change(data: dict[str, Any]) -> None:
        target = data
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


def drop(key: str) -> Change:
    return lambda data: data.pop(key)


KNOWN = (
    "name, description, task, entity, event_time, label, threshold, missing, columns, features, segments, "
    "ingestion, split, quality, drift, training"
)
INPUTS = "user_tenure_months, transaction_volume, support_tickets"


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
            "task: the task 'multiclass' is not supported; supported is binary_classification "
            "(a label of two values); make the label binary, or train this task elsewhere",
        ),
        (
            put("task", value="regression"),
            "task: the task 'regression' is not supported; supported is binary_classification "
            "(a label of two values); make the label binary, or train this task elsewhere",
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
            f"quality.rmse: unknown key; allowed are {', '.join(METRICS)}; remove it",
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
        # keys that are named and not read yet
        *(
            (put(key, value=1), f"{key}: is not supported yet: {told}")
            for key, told in (
                ("encoding", "files are read as UTF-8; deliver them so and remove it"),
                ("decimal", "numbers are read with a decimal point; deliver them so and remove it"),
                ("thousands", "numbers are read without a separator of thousands; deliver them so and remove it"),
                ("monotone", "features are not constrained; remove it"),
                ("cost", "the decision is made at the threshold; give `threshold` and remove it"),
                (
                    "retrain_after_rows",
                    "new data starts no training; remove it, and start one by hand, by schedule or on drift",
                ),
            )
        ),
        (
            put("columns", "support_tickets", value={"type": "category"}),
            "columns.support_tickets.type: 'category' is not supported yet; use string, and a feature "
            'equals(support_tickets, "...") for each text that matters',
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
            "fill, clip, log1p, missing, equals, bucket",
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


def test_pii_columns_are_no_model_inputs() -> None:
    found = after(put("columns", "support_tickets", "pii", value="hash"))
    assert found == [
        f"features.{name}: at position {position}: unknown column 'support_tickets'; "
        "use one of user_tenure_months, transaction_volume (support_tickets is marked as pii and never a model input)"
        for name, position in (("tickets", 11), ("tickets_per_year", 10))
    ]


def test_an_entity_may_not_be_called_like_a_part_of_the_answer() -> None:
    def change(data: dict[str, Any]) -> None:
        data["columns"]["score"] = data["columns"].pop("customer_id")
        data["entity"] = "score"

    assert after(change) == [
        "columns.score: the name 'score' is taken in predictions, which hold decision, model_version, score; rename it"
    ]


def test_a_feature_may_be_its_column() -> None:
    data = yaml.safe_load(CHURN.read_text())
    data["features"] = {"support_tickets": " support_tickets "}
    contract = loader.loads(yaml.safe_dump(data))
    assert contract.features == (schema.Feature(name="support_tickets", expression="support_tickets"),)


@pytest.mark.parametrize(
    "label",
    [{"type": "boolean"}, {"type": "integer", "allowed": [1, 0]}],
)
def test_both_forms_of_a_binary_label(label: dict[str, Any]) -> None:
    data = yaml.safe_load(CHURN.read_text())
    data["columns"]["churn_label"] = label
    assert loader.loads(yaml.safe_dump(data)).column("churn_label").type == label["type"]


def test_all_faults_at_once_in_the_order_of_the_file() -> None:
    text = """\
name: churn
task: multiclass
entity: id
event_time: at
label: left
threshold: 2
columns:
  id: {type: string}
  at: {type: timestamp}
  left: {type: integer}
  a: {type: integer, minimum: x}
features:
  f: left + a
"""
    with pytest.raises(ContractError) as caught:
        loader.loads(text, source="broken.yaml")
    assert (
        str(caught.value)
        == """\
broken.yaml: 5 faults
  line 2, task: the task 'multiclass' is not supported; supported is binary_classification (a label of two values); \
make the label binary, or train this task elsewhere
  line 6, threshold: 2 is found; a number above 0 and below 1 is allowed
  line 10, columns.left: type integer, allowed [] is found; a binary label is {type: integer, allowed: [0, 1]} or \
{type: boolean}; values: {Yes: 1, No: 0} says what other delivered texts mean
  line 11, columns.a.minimum: 'x' is found; allowed is number
  line 13, features.f: at position 1: unknown column 'left'; use one of (the contract has no usable column) \
(left is the label and never a model input)"""
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["line 1, contract: the file is empty; write a contract"]),
        ("# only a comment\n", ["line 1, contract: the file is empty; write a contract"]),
        ("- a\n", [f"line 1, contract: ['a'] is found; a mapping with the keys {KNOWN} is allowed"]),
        ("a: [1\nb: 2", ["line 1, contract: not YAML: expected ',' or ']', but got ':' in line 2, column 2"]),
        ("a: \x01", ["line 1, contract: not YAML: unacceptable character #x0001: special characters are not allowed"]),
        ("a: &x 1\nb: *x\n", ["line 2, b: an alias (*name) is found; write the value out"]),
        ("&x a: &y [*y]\n", ["line 1, a.0: an alias (*name) is found; write the value out"]),
    ],
)
def test_a_text_that_is_no_contract(text: str, expected: list[str]) -> None:
    assert faults_of(text) == expected


def test_keys_that_yaml_would_swallow() -> None:
    text = CHURN.read_text().replace("threshold: 0.75", "threshold: 0.75\nthreshold: 0.5")
    line = text[: text.index("threshold: 0.75")].count("\n") + 1
    assert faults_of(text) == [f"line {line}, threshold: stands twice, in lines {line} and {line + 1}; remove one"]
    text = CHURN.read_text().replace("\nfeatures:", "\n  on: {type: string}\n\nfeatures:")
    line = text[: text.index("  on:")].count("\n") + 1
    start = text[: text.index("columns:")].count("\n") + 1
    assert faults_of(text) == [f"line {start}, columns: key on in line {line} is not text for YAML; put it in quotes"]


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"name: \xff")
    with pytest.raises(ContractError) as caught:
        loader.load(path)
    assert caught.value.faults == ("line 1: not UTF-8 (invalid start byte at byte 6); save it as UTF-8",)


def test_schema_and_loader_have_the_same_fields() -> None:
    key = {schema.Column: "name", schema.Bounds: "metric"}  # under which the rest stands
    for kind, model in limits.MODELS.items():
        assert set(model.model_fields) == {item.name for item in dataclasses.fields(kind)} - {key.get(kind)}


def test_bounds_of_one_metric_leave_the_others_at_their_defaults() -> None:
    data = yaml.safe_load(CHURN.read_text())
    data["quality"] = {"f1": {"min": 0.4}, "recall": {"min": 0.5, "max": 0.9}, "auc": {"max": 0.999}}
    contract = loader.loads(yaml.safe_dump(data))
    assert {bounds.metric: (bounds.min, bounds.max) for bounds in contract.quality} == {
        "auc": (None, 0.999),
        "accuracy": (0.75, None),
        "f1": (0.4, None),
        "calibration_error": (None, 0.10),
        "auc_loss": (None, 0.01),
        "latency_ms": (None, 50.0),
        "recall": (0.5, 0.9),
    }
    assert contract.bounds("recall") == Bounds(metric="recall", min=0.5, max=0.9)
    assert contract.bounds("brier") == Bounds(metric="brier")


def test_marks_of_missing_values_are_the_columns_own_or_the_contracts_or_the_usual_ones() -> None:
    data = yaml.safe_load(CHURN.read_text())
    assert {column.missing for column in loader.load(CHURN).columns} == {schema.MISSING_MARKS}
    data["missing"] = ["NA", -999, 9.5]
    data["columns"]["support_tickets"]["missing"] = []
    data["columns"]["transaction_volume"]["missing"] = [-1]
    contract = loader.loads(yaml.safe_dump(data))
    assert {column.name: column.missing for column in contract.inputs} == {
        "user_tenure_months": ("NA", "-999", "9.5"),
        "transaction_volume": ("-1",),
        "support_tickets": (),
    }


def written(text: str) -> list[str]:
    """Faults of the churn contract with `text` in place of its label column."""
    lines = [line for line in CHURN.read_text().splitlines() if not line.startswith("  churn_label:")]
    at = lines.index("features:")
    return [fault.partition(", ")[2] for fault in faults_of("\n".join([*lines[:at], text, *lines[at:]]))]


def test_bare_words_that_yaml_takes_for_something_else_are_explained() -> None:
    of_type = "is found; the column is of type string; put it in quotes"
    found = written("  churn_label: {type: string, allowed: [Yes, No, 12:30, 1, Maybe, true]}")
    assert [fault for fault in found if ".allowed." in fault] == [
        f"columns.churn_label.allowed.0: true {of_type} (YAML reads a bare Yes so; a text stands in quotes)",
        f"columns.churn_label.allowed.1: false {of_type} (YAML reads a bare No so; a text stands in quotes)",
        f"columns.churn_label.allowed.2: 750 {of_type} (YAML reads a bare 12:30 so; a text stands in quotes)",
        f"columns.churn_label.allowed.3: 1 {of_type}",
        f"columns.churn_label.allowed.5: true {of_type}",
    ]
    assert written("  churn_label: {type: integer, allowed: [2026-01-31]}")[0] == (
        "columns.churn_label.allowed.0: 2026-01-31 is found; a text or a number is allowed "
        "(YAML reads a bare 2026-01-31 so; a text stands in quotes)"
    )
    assert written("  churn_label: {type: boolean, description: on}") == [
        "columns.churn_label.description: true is found; allowed is string "
        "(YAML reads a bare on so; a text stands in quotes)"
    ]


def test_delivered_texts_need_no_quotes() -> None:
    text = CHURN.read_text().replace("allowed: [0, 1]", "allowed: [0, 1], values: {Yes: 1, no: 0, 1: 0, 2: 1, ~: 0}")
    pairs = loader.loads(text).column("churn_label").values
    assert pairs == (("Yes", 1), ("no", 0), ("1", 0), ("2", 1), ("~", 0))


def test_an_event_time_from_the_delivery_is_a_column_that_no_file_has() -> None:
    data = yaml.safe_load(CHURN.read_text())
    del data["columns"]["event_time"]
    data["event_time"] = {"from": "delivery"}
    contract = loader.loads(yaml.safe_dump(data, sort_keys=False))
    assert (contract.event_time, contract.event_time_from) == ("event_time", EventTime.DELIVERY)
    assert contract.columns[-1].name == "event_time"
    assert contract.column("event_time").type is ColumnType.TIMESTAMP
    assert [column.name for column in contract.inputs] == INPUTS.split(", ")
    assert schema.from_json(schema.to_json(contract)) == contract
    data["event_time"] = "event_time"
    assert (
        "line 5, event_time: 'event_time' is found, which is no column"
        in faults_of(yaml.safe_dump(data, sort_keys=False))[0]
    )


def test_names_and_texts_of_delivered_files_are_kept() -> None:
    data = yaml.safe_load(CHURN.read_text())
    data["columns"]["support_tickets"] |= {"source": "Anfragen (90 Tage)", "values": {" keine ": 0}}
    column = loader.loads(yaml.safe_dump(data)).column("support_tickets")
    assert (column.source, column.values) == ("Anfragen (90 Tage)", (("keine", 0),))
