"""The contract loader: start from the churn contract, break one thing, read the exact fault."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Literal, get_origin

import pytest
import yaml

from contracts import limits, loader, schema
from contracts.loader import ContractError
from contracts.schema import Bounds, ColumnType, Contract, EventTime, Task
from tests.contracts.broken import CHURN, INPUTS, KNOWN, after, faults_of, put


def test_rows_that_ask_for_training_are_in_the_contract_and_one_without_keeps_its_bytes() -> None:
    text = CHURN.read_text()
    asks = loader.loads(f"{text}\nretrain_after_rows: 10000\n")
    assert asks.retrain_after_rows == 10_000
    assert schema.from_json(schema.to_json(asks)) == asks
    assert "retrain_after_rows" not in schema.to_json(loader.loads(text))


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
            assert field.metadata or get_origin(field.annotation) is Literal, f"{kind.__name__}.{name} has no range"
        assert kind is schema.Cost or kind(), f"{kind.__name__} cannot be left out"


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
        "columns.score: the name 'score' is taken in predictions, which hold decision, model_version, prediction, "
        "probabilities, score; rename it"
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
broken.yaml: 4 faults
  line 2, task: 'multiclass' is found; allowed are binary_classification, multiclass_classification, regression
  line 6, threshold: 2 is found; a number above 0 and below 1 is allowed
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


def test_a_power_of_ten_that_yaml_takes_for_a_text_is_explained() -> None:
    hint = "as a text; a number has a point and a sign there, as 1.0e+6 has)"
    assert written("  churn_label: {type: integer, maximum: 1e6, minimum: '1e3'}")[:2] == [
        "columns.churn_label.minimum: '1e3' is found; allowed is number",
        f"columns.churn_label.maximum: '1e6' is found; allowed is number (YAML reads a bare 1e6 {hint}",
    ]
    assert loader.loads(CHURN.read_text().replace("maximum: 1000000,", "maximum: 1.0e+6,")) == loader.load(CHURN)


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
