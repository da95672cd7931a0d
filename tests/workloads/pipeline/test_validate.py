"""Start with the committed definition, break one thing, read the exact words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workloads.pipeline import validate

Steps = dict[str, Any]
Break = Callable[[Any, Steps], object]


def test_the_committed_definition_is_valid(rendered: dict[str, Any]) -> None:
    assert validate.faults(rendered) == []
    validate.require(rendered)


def _set(*path: str | int, to: Any) -> Break:
    """Change a member of a step's arguments; the first element is the step."""

    def change(_definition: Any, steps: Steps) -> None:
        node = steps[str(path[0])]["Arguments"]
        for part in path[1:-1]:
            node = node[part]
        node[path[-1]] = to

    return change


def _drop(*path: str) -> Break:
    def change(_definition: Any, steps: Steps) -> None:
        node = steps[path[0]]["Arguments"]
        for part in path[1:-1]:
            node = node[part]
        del node[path[-1]]

    return change


def _step(name: str, member: str, value: Any) -> Break:
    return lambda _definition, steps: steps[name].__setitem__(member, value)


def _add_parameter(parameter: dict[str, Any]) -> Break:
    return lambda definition, _steps: definition["Parameters"].append(parameter)


SHAPES: dict[str, tuple[Break, str]] = {
    "an unknown member": (
        _set("Train", "CheckpointConfig", "S3Url", to="s3://b"),
        "Train.CheckpointConfig.S3Url = 's3://b': is no member; the API knows LocalPath, S3Uri (CreateTrainingJob)",
    ),
    "a missing member": (
        _drop("Prepare", "AppSpecification", "ImageUri"),
        "Prepare.AppSpecification.ImageUri: is required; give it a value (a text) (CreateProcessingJob)",
    ),
    "a wrong type": (
        _set("Train", "EnableNetworkIsolation", to="yes"),
        "Train.EnableNetworkIsolation = 'yes': must be true or false (CreateTrainingJob)",
    ),
    "a value that is none of the enumeration": (
        _set("Train", "InputDataConfig", 0, "InputMode", to="Stream"),
        "Train.InputDataConfig[0].InputMode = 'Stream': must be one of Pipe, File, FastFile (CreateTrainingJob)",
    ),
    "a text that does not match the pattern": (
        _set("Train", "VpcConfig", "Subnets", 0, to="subnet_1"),
        "Train.VpcConfig.Subnets[0] = 'subnet_1': must match [-0-9a-zA-Z]+ (CreateTrainingJob)",
    ),
    "a text that is too long": (
        _set("Prepare", "AppSpecification", "ContainerEntrypoint", 0, to="x" * 257),
        f"Prepare.AppSpecification.ContainerEntrypoint[0] = '{'x' * 119}... (259 characters): "
        "must have 0 to 256 characters, has 257 (CreateProcessingJob)",
    ),
    "a number below the minimum": (
        _set("Train", "ResourceConfig", "VolumeSizeInGB", to=-1),
        "Train.ResourceConfig.VolumeSizeInGB = -1: must be at least 0 (CreateTrainingJob)",
    ),
    "a number above the maximum": (
        _set("Prepare", "ProcessingResources", "ClusterConfig", "InstanceCount", to=101),
        "Prepare.ProcessingResources.ClusterConfig.InstanceCount = 101: must be 1 to 100 (CreateProcessingJob)",
    ),
    "a list that is too long": (
        _set("Prepare", "NetworkConfig", "VpcConfig", "SecurityGroupIds", to=[f"sg-{i}" for i in range(6)]),
        "Prepare.NetworkConfig.VpcConfig.SecurityGroupIds = ['sg-0', 'sg-1', 'sg-2', 'sg-3', 'sg-4', 'sg-5']: "
        "must have 1 to 5 items, has 6 (CreateProcessingJob)",
    ),
    "a text where a list belongs": (
        _set("Prepare", "NetworkConfig", "VpcConfig", "Subnets", to="subnet-1"),
        "Prepare.NetworkConfig.VpcConfig.Subnets = 'subnet-1': must be a list (CreateProcessingJob)",
    ),
    "a number parameter where a text belongs": (
        _set("Train", "HyperParameters", "eta", to={"Get": "Parameters.Eta"}),
        "Train.HyperParameters.eta = {'Get': 'Parameters.Eta'}: must be a text; make a number parameter one with "
        "to_string() (CreateTrainingJob)",
    ),
}

LINKS: dict[str, tuple[Break, str]] = {
    "a parameter that does not exist": (
        _set("Prepare", "Environment", "DATASET_VERSION", to={"Get": "Parameters.Version"}),
        "Prepare.Arguments.Environment.DATASET_VERSION: Parameters.Version: no such parameter; there are "
        "DatasetVersion, Eta, FormerModelUri, ImportedModelUri, InputDataUri, MaxDepth, ModelApprovalStatus, NumRound, "
        "ProcessingInstanceType, TrainingInstanceType",
    ),
    "an execution variable that does not exist": (
        _set("Register", "MetadataProperties", "GeneratedBy", to={"Get": "Execution.Arn"}),
        "Register.Arguments.MetadataProperties.GeneratedBy: Execution.Arn: no such variable; there are "
        "CurrentDateTime, PipelineArn, PipelineExecutionArn, PipelineExecutionId, PipelineName, ProcessingJobName, "
        "StartDateTime, TrainingJobName",
    ),
    "a property that the job does not have": (
        _set("Register", "CustomerMetadataProperties", "training_job", to={"Get": "Steps.Train.JobName"}),
        "Register.Arguments.CustomerMetadataProperties.training_job: Steps.Train.JobName: the answer of "
        "DescribeTrainingJob has no member 'JobName' there",
    ),
    "an output that the step does not have": (
        _set(
            "Baseline",
            "ProcessingInputs",
            1,
            "S3Input",
            "S3Uri",
            to={"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['training'].S3Output.S3Uri"},
        ),
        "Baseline.Arguments.ProcessingInputs[1].S3Input.S3Uri: Steps.Prepare.ProcessingOutputConfig.Outputs"
        "['training'].S3Output.S3Uri: Prepare has no output 'training'; it has ['train', 'validation', 'test', "
        "'manifest']",
    ),
    "a path that is none": (
        _set("Register", "CustomerMetadataProperties", "training_job", to={"Get": "Steps.Train.TrainingJobName]"}),
        "Register.Arguments.CustomerMetadataProperties.training_job: Steps.Train.TrainingJobName]: 'TrainingJobName]' "
        "is no property path",
    ),
    "an index into a text": (
        _set("Register", "CustomerMetadataProperties", "training_job", to={"Get": "Steps.Train.TrainingJobName[0]"}),
        "Register.Arguments.CustomerMetadataProperties.training_job: Steps.Train.TrainingJobName[0]: [0] stands behind "
        "something that is neither a list nor a map",
    ),
    "a property of a step without any": (
        _set("Register", "CustomerMetadataProperties", "training_job", to={"Get": "Steps.Reject.Why"}),
        "Register.Arguments.CustomerMetadataProperties.training_job: Steps.Reject.Why: a step of type Fail has no "
        "properties",
    ),
    "an outcome that a condition does not have": (
        _set("Register", "CustomerMetadataProperties", "training_job", to={"Get": "Steps.Gate.Result"}),
        "Register.Arguments.CustomerMetadataProperties.training_job: Steps.Gate.Result: a condition has one property, "
        "Outcome",
    ),
    "a property file that does not exist": (
        _step("Evaluate", "PropertyFiles", []),
        "Gate.Arguments.Conditions[0].LeftValue.Std:JsonGet.PropertyFile: Steps.Evaluate.PropertyFiles.Evaluation: "
        "Evaluate has no such property file; it has []",
    ),
    "a property file of an output that does not exist": (
        lambda _definition, steps: steps["Evaluate"]["PropertyFiles"][0].update(OutputName="report"),
        "Evaluate: property file Evaluation is of output 'report'; there are ['evaluation']",
    ),
    "a dependency on nothing": (_step("Train", "DependsOn", ["Clean"]), "Train: waits for Clean, which is no step"),
    "steps that wait for each other": (
        _step("Prepare", "DependsOn", ["Train"]),
        "steps wait for each other: Baseline, Evaluate, Gate, Prepare, Register, Reject, Train",
    ),
}

RULES: dict[str, tuple[Break, str]] = {
    "another version": (
        lambda definition, _steps: definition.update(Version="2019-01-01"),
        "Version is '2019-01-01', the only one is 2020-12-01",
    ),
    "two steps of one name": (_step("Reject", "Name", "Register"), "2 steps are called Register"),
    "a bad step name": (_step("Reject", "Name", "Not good"), "Not good: the name does not match [A-Za-z0-9\\-_]{1,64}"),
    "two parameters of one name": (
        _add_parameter({"Name": "Eta", "Type": "Float", "DefaultValue": 0.1}),
        "2 parameters are called Eta",
    ),
    "an unknown parameter type": (
        _add_parameter({"Name": "Extra", "Type": "Date"}),
        "parameter Extra: Type is 'Date', allowed are String, Integer, Float, Boolean",
    ),
    "a bad parameter name": (
        _add_parameter({"Name": "No blank", "Type": "String"}),
        "parameter No blank: the name does not match [A-Za-z0-9\\-_]{1,256}",
    ),
    "a default of another type": (
        _add_parameter({"Name": "Extra", "Type": "Integer", "DefaultValue": True}),
        "parameter Extra: DefaultValue True is not of type Integer",
    ),
    "a default outside the enumeration": (
        _add_parameter({"Name": "Extra", "Type": "String", "DefaultValue": "c", "EnumValues": ["a", "b"]}),
        "parameter Extra: DefaultValue 'c' is not one of EnumValues ['a', 'b']",
    ),
    "too many parameters": (
        lambda d, _steps: d["Parameters"].extend({"Name": f"P{i}", "Type": "String"} for i in range(200)),
        "210 parameters, allowed are 200",
    ),
    "too many steps": (
        lambda d, _steps: d["Steps"].extend(
            {"Name": f"F{i}", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}} for i in range(50)
        ),
        "57 steps, allowed are 1 to 50",
    ),
    "a definition that is too large": (
        _set("Reject", "ErrorMessage", to="x" * (1 << 20)),
        "bytes, allowed are 1048576",
    ),
    "a cache that never expires": (
        _step("Train", "CacheConfig", {"Enabled": True}),
        "Train: CacheConfig.ExpireAfter is None; give an ISO 8601 duration, for example P30D",
    ),
    "a cache on a step that cannot be": (
        _step("Register", "CacheConfig", {"Enabled": True, "ExpireAfter": "P1D"}),
        "Register: a step of type RegisterModel cannot be cached",
    ),
    "a retry without a bound": (
        _step("Train", "RetryPolicies", [{"ExceptionType": ["Step.THROTTLING"]}]),
        "Train: RetryPolicies[0]: give exactly one of MaxAttempts and ExpireAfterMin",
    ),
    "too many retries": (
        _step("Train", "RetryPolicies", [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 21}]),
        "Train: RetryPolicies[0]: MaxAttempts is 21, allowed are 1 to 20",
    ),
    "a job's exception on a step without a job": (
        _step("Register", "RetryPolicies", [{"ExceptionType": ["SageMaker.CAPACITY_ERROR"], "MaxAttempts": 1}]),
        "Register: RetryPolicies[0]: ExceptionType 'SageMaker.CAPACITY_ERROR'; allowed here are Step.SERVICE_FAULT, "
        "Step.THROTTLING",
    ),
    "less time to wait than to run on spot": (
        _set("Train", "StoppingCondition", "MaxWaitTimeInSeconds", to=60),
        "Train: spot training needs MaxWaitTimeInSeconds (60) of at least MaxRuntimeInSeconds (14400)",
    ),
    "spot without checkpoints": (
        _drop("Train", "CheckpointConfig"),
        "Train: spot training without CheckpointConfig starts from nothing after each interruption",
    ),
    "a wait without spot": (
        _set("Train", "EnableManagedSpotTraining", to=False),
        "Train: MaxWaitTimeInSeconds is for managed spot training only",
    ),
    "a path outside of processing": (
        _set("Prepare", "ProcessingInputs", 0, "S3Input", "LocalPath", to="/data"),
        "Prepare: the local path of 'contract' is '/data'; it must lie below /opt/ml/processing/",
    ),
    "an output whose name starts as another's": (
        _set("Prepare", "ProcessingOutputConfig", "Outputs", 1, "OutputName", to="train-old"),
        "Prepare: readers of output 'train' would get 'train-old' too: S3Prefix is the start of a key; rename one",
    ),
    "an unknown condition": (
        lambda _definition, steps: steps["Gate"]["Arguments"]["Conditions"].append(
            {"Type": "Not", "Condition": {"Type": "Like", "LeftValue": 1, "RightValue": 2}}
        ),
        "Gate: condition 'Like'; there are Equals, GreaterThan, GreaterThanOrEqualTo, In, LessThan, LessThanOrEqualTo, "
        "Not, Or",
    ),
}


@pytest.mark.parametrize("case", [*SHAPES, *LINKS, *RULES])
def test_one_mistake_is_found_and_named(rendered: dict[str, Any], steps: Steps, case: str) -> None:
    change, expected = {**SHAPES, **LINKS, **RULES}[case]
    change(rendered, steps)
    found = validate.faults(rendered)
    assert [fault for fault in found if fault.endswith(expected)], found


def test_every_mistake_is_reported_at_once(rendered: dict[str, Any], steps: Steps) -> None:
    _drop("Prepare", "RoleArn")(rendered, steps)
    _step("Train", "CacheConfig", {"Enabled": True})(rendered, steps)
    with pytest.raises(validate.InvalidDefinition) as caught:
        validate.require(rendered)
    assert str(caught.value).splitlines() == [
        "the pipeline definition is invalid:",
        "Train: CacheConfig.ExpireAfter is None; give an ISO 8601 duration, for example P30D",
        "Prepare.RoleArn: is required; give it a value (a text) (CreateProcessingJob)",
    ]


def test_the_properties_of_a_condition_can_be_referred_to(rendered: dict[str, Any]) -> None:
    outcome = {"Name": "After", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Steps.Gate.Outcome"}}}
    rendered["Steps"].append(outcome)
    assert validate.faults(rendered) == []
