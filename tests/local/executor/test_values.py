from __future__ import annotations

from typing import Any

import pytest

from local.executor.conditions import holds
from local.executor.errors import StepFailure
from local.executor.values import Values, lookup

JOB = {
    "ProcessingJobName": "job-1",
    "ProcessingOutputConfig": {
        "Outputs": [
            {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
            {"OutputName": "test", "S3Output": {"S3Uri": "s3://b/test"}},
        ]
    },
    "Environment": {"A.B": "dotted"},
}
FILE = {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}}


@pytest.fixture
def values() -> Values:
    made = Values({"Eta": 0.05, "Fast": True, "Name": "x"}, {"PipelineExecutionId": lambda: "abc"})
    made.properties["Prepare"] = JOB
    made.files["Evaluate", "Report"] = {"gate": {"decision": "register"}, "folds": [{"auc": 0.5}, {"auc": 0.75}]}
    return made


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ({"Get": "Parameters.Eta"}, 0.05),
        ({"Get": "Execution.PipelineExecutionId"}, "abc"),
        ({"Get": "Steps.Prepare.ProcessingJobName"}, "job-1"),
        ({"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri"}, "s3://b/test"),
        ({"Get": 'Steps.Prepare.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri'}, "s3://b/train"),
        ({"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs[1].OutputName"}, "test"),
        ({"Get": "Steps.Prepare.Environment['A.B']"}, "dotted"),
        (
            {"Std:Join": {"On": "/", "Values": ["a", {"Get": "Parameters.Eta"}, {"Get": "Parameters.Fast"}]}},
            "a/0.05/true",
        ),
        ({"Std:Join": {"Values": ["a", {"Std:Join": {"On": "-", "Values": [1, 2]}}]}}, "a1-2"),
        ({"Std:JsonGet": {**FILE, "Path": "gate.decision"}}, "register"),
        ({"Std:JsonGet": {**FILE, "Path": "folds[1].auc"}}, 0.75),
        ({"Std:JsonGet": {**FILE, "Path": "$.folds[0]['auc']"}}, 0.5),
        ([{"deep": {"Get": "Parameters.Name"}}, 3], [{"deep": "x"}, 3]),
    ],
)
def test_variables_are_replaced(values: Values, variable: Any, expected: object) -> None:
    assert values.resolve(variable) == expected


@pytest.mark.parametrize(
    ("variable", "reason"),
    [
        ({"Get": "Parameters.None"}, "ClientError: Parameters.None is not known in this execution"),
        ({"Get": "Steps.Later.Name"}, "ClientError: Steps.Later.Name is not known in this execution"),
        (
            {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['valid'].S3Output"},
            "ClientError: Steps.Prepare.ProcessingOutputConfig.Outputs['valid'].S3Output: there is no 'valid'; "
            "there is a list",
        ),
        (
            {"Std:JsonGet": {**FILE, "Path": "gate.why"}},
            "ClientError: Steps.Evaluate.PropertyFiles.Report: gate.why: there is no 'why'; there is ['decision']",
        ),
        (
            {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Other"}, "Path": "a"}},
            "ClientError: property file Steps.Evaluate.PropertyFiles.Other is not known in this execution",
        ),
        (
            {"Std:JsonGet": {"S3Uri": "s3://b/k", "Path": "a"}},
            "ClientError: Std:JsonGet needs a PropertyFile here, found ['Path', 'S3Uri']",
        ),
    ],
)
def test_a_variable_that_leads_nowhere_fails_the_step(values: Values, variable: Any, reason: str) -> None:
    with pytest.raises(StepFailure) as caught:
        values.resolve(variable)
    assert caught.value.reason == reason


@pytest.mark.parametrize("path", ["", "gate..decision", "gate.decision]", "[gate]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(StepFailure, match="ClientError: whole is not a path"):
        lookup({"gate": {"decision": 1}}, path, "whole")


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (compare("Equals", {"Get": "Parameters.Name"}, "x"), True),
        (compare("Equals", "x", "y"), False),
        (compare("Equals", 1, 1.0), True),
        (compare("GreaterThan", 2, 1), True),
        (compare("GreaterThan", 1, 1), False),
        (compare("GreaterThanOrEqualTo", 1, 1), True),
        (compare("LessThan", {"Get": "Parameters.Eta"}, 0.05), False),
        (compare("LessThanOrEqualTo", {"Get": "Parameters.Eta"}, 0.05), True),
        ({"Type": "In", "QueryValue": {"Get": "Parameters.Name"}, "Values": ["x", "y"]}, True),
        ({"Type": "In", "QueryValue": "z", "Values": ["x", "y"]}, False),
        ({"Type": "Not", "Condition": compare("Equals", 1, 2)}, True),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2), compare("Equals", 1, 1)]}, True),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2), compare("Equals", 1, 3)]}, False),
    ],
)
def test_conditions(values: Values, condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition, values) is expected


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (compare("Equals", "1", 1), "ClientError: Equals cannot compare '1' with 1"),
        (compare("LessThan", True, 1), "ClientError: LessThan cannot compare True with 1"),
        (
            compare("Like", "a", "b"),
            "ClientError: unknown condition 'Like'; there are Equals, GreaterThan, GreaterThanOrEqualTo, LessThan, "
            "LessThanOrEqualTo, In, Not, Or",
        ),
    ],
)
def test_a_condition_without_an_answer_fails_the_step(values: Values, condition: dict[str, Any], reason: str) -> None:
    with pytest.raises(StepFailure) as caught:
        holds(condition, values)
    assert caught.value.reason == reason
