"""The page and the JSON Schema of contracts: current, true of the loader, and their examples are contracts."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from contracts import expression, json_schema, keys, loader, reference
from contracts.schema import Contract
from tests.contracts.test_loader import put

ROOT = Path(__file__).parents[2]
CHURN = ROOT / "contracts" / "churn.yaml"
CONTRACTS = [CHURN, ROOT / "tests" / "local" / "loop" / "tumours.yaml"]
VALIDATOR = jsonschema.Draft7Validator(json_schema.schema())
EXAMPLES = re.findall(r"```yaml\n(.*?)```", reference.page(), re.DOTALL)


def test_both_files_are_current() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run: python -m contracts reference"
    assert json.loads(reference.SCHEMA.read_text()) == json_schema.schema(), "run: python -m contracts reference"


def test_the_schema_is_one_and_the_reference_contract_names_it() -> None:
    jsonschema.Draft7Validator.check_schema(json_schema.schema())
    named = re.fullmatch(r"# yaml-language-server: \$schema=(.+)", CHURN.read_text().splitlines()[0])
    assert named is not None
    assert CHURN.parent / named[1] == reference.SCHEMA


def test_every_key_has_a_meaning() -> None:
    fields = {item.name for item in dataclasses.fields(Contract)} - {"event_time_from"}
    assert set(keys.MEANINGS) == fields | {"missing", "decimal", "thousands"}  # those are of columns
    assert set(json_schema.schema()["properties"]) == set(keys.MEANINGS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_page_is_a_contract(example: str) -> None:
    loader.loads(example)
    VALIDATOR.validate(yaml.safe_load(example))


def test_the_page_has_both_examples_and_every_function_of_the_language() -> None:
    assert len(EXAMPLES) == 2
    for function in expression.FUNCTIONS:
        assert f"| `{function}(" in reference.page()


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name)
def test_contracts_pass_the_schema(path: Path) -> None:
    VALIDATOR.validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(
    "change",
    [
        put("lable", value="x"),
        put("name", value="Churn"),
        put("task", value="regression"),
        put("threshold", value=1),
        put("missing", value="NA"),
        put("event_time", value={"from": "file"}),
        put("features", value={}),
        put("features", "x y", value="support_tickets"),
        put("quality", "auc", value={"min": 75}),
        put("quality", "auc", value={}),
        put("quality", "auc_loss", value={"min": 0.1}),
        put("quality", "rmse", value={"max": 1}),
        put("drift", "max_scor", value=1),
        put("split", "test", value=0),
        put("training", "num_round", value=1.5),
        put("columns", "support_tickets", "type", value="category"),
        put("columns", "support_tickets", "nullable", value="yes"),
        put("columns", "support_tickets", "source", value=""),
        put("columns", "support_tickets", "values", value={"a": None}),
        put("columns", "support_tickets", "pii", value="keep"),
        put("columns", "support_tickets", "kind", value="x"),
        *(put(key, value=value) for key, value in (("cost", {"false_positive": 1}), ("decimal", ";"))),
        put("thousands", value=""),
        put("columns", "event_time", "epoch", value="days"),
        put("columns", "support_tickets", "thousands", value="x"),
        put("cost", value={"false_positive": 1, "false_negative": 2}),  # beside the threshold
        put("class_weights", value="even"),
        put("class_weights", value={"0": 1, "1": 0}),
    ],
)
def test_what_the_schema_refuses_the_loader_refuses_too(change: Any) -> None:
    data = yaml.safe_load(CHURN.read_text())
    change(data)
    assert not VALIDATOR.is_valid(data)
    with pytest.raises(loader.ContractError):
        loader.loads(yaml.safe_dump(data))
