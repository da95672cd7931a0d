"""Stacks of CloudFormation: made in order, changed in place or turned back, deleted from the last to the first."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.emulator import Emulator
from tests.local.emulator.conftest import INSTANCE, ROLE, Serving
from tests.local.emulator.test_endpoints import refusal
from tests.local.emulator.test_inference_components import ASKED, rolling


def template(name: str, model: str, *alarms: str, fleet: str = "") -> str:
    """An endpoint configuration, the endpoint and its component."""
    variant = {"VariantName": "champion", "InstanceType": INSTANCE, "InitialInstanceCount": 1}
    config = {"EndpointConfigName": f"{name}{fleet}", "ExecutionRoleArn": ROLE, "ProductionVariants": [variant]}
    component = {
        "InferenceComponentName": name,
        "EndpointName": {"Fn::GetAtt": ["Endpoint", "EndpointName"]},
        "VariantName": "champion",
        "Specification": {"ModelName": model, "ComputeResourceRequirements": ASKED},
        "RuntimeConfig": {"CopyCount": 2},
        "DeploymentConfig": rolling(*alarms, wait=1700),
    }
    endpoint = {"EndpointName": name, "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}}
    return json.dumps(
        {
            "Resources": {
                # The order is that of what refers to what, and not the template's.
                "Component": {"Type": "AWS::SageMaker::InferenceComponent", "Properties": component},
                "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": config},
                "Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": endpoint},
            },
            "Outputs": {"Component": {"Value": {"Ref": "Component"}}},
        }
    )


class Stacks:
    """CloudFormation, with what its stacks have."""

    def __init__(self, emulator: Emulator, eventually: Callable[..., Any]) -> None:
        self.client, self.sagemaker = emulator.client("cloudformation"), emulator.client("sagemaker")
        self._eventually = eventually

    def settled(self, stack: str) -> dict[str, Any]:
        """The stack once nothing is under way."""

        def over() -> Any:
            (found,) = self.client.describe_stacks(StackName=stack)["Stacks"]
            return None if found["StackStatus"].endswith("IN_PROGRESS") else found

        return self._eventually(over)

    def make(self, name: str, body: str) -> dict[str, Any]:
        """A stack that is there."""
        stack = self.client.create_stack(StackName=name, TemplateBody=body, OnFailure="DELETE")["StackId"]
        return self.settled(stack)

    def change(self, name: str, body: str) -> dict[str, Any]:
        """The stack once it has another template, or has not."""
        self.client.update_stack(StackName=name, TemplateBody=body)
        return self.settled(name)

    def model(self, name: str) -> str:
        """What the component serves."""
        found = self.sagemaker.describe_inference_component(InferenceComponentName=name)
        return found["Specification"]["ModelName"]


@pytest.fixture(scope="session")
def stacks(emulator: Emulator, eventually: Callable[..., Any]) -> Stacks:
    return Stacks(emulator, eventually)


def test_a_stack_is_made_in_order_and_says_its_outputs(stacks: Stacks, serving: Serving, name: str) -> None:
    made = stacks.make(name, template(name, serving.model(name)))
    arn = f"arn:aws:sagemaker:eu-west-1:123456789012:inference-component/{name}"
    assert (made["StackStatus"], made["Outputs"]) == (
        "CREATE_COMPLETE",
        [{"OutputKey": "Component", "OutputValue": arn}],
    )
    assert stacks.model(name) == name
    assert refusal(lambda: stacks.make(name, template(name, name))) == (
        "AlreadyExistsException",
        f"Stack [{name}] already exists",
    )


def test_another_model_is_an_update_and_another_fleet_takes_the_former_ones_place(
    stacks: Stacks, serving: Serving, name: str
) -> None:
    stacks.make(name, template(name, serving.model(f"{name}-a")))
    changed = template(name, serving.model(f"{name}-b"), fleet="-larger")
    assert stacks.change(name, changed)["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.model(name) == f"{name}-b"
    assert stacks.client.get_template(StackName=name)["TemplateBody"] == json.loads(changed)
    found = stacks.sagemaker.describe_endpoint(EndpointName=name)
    assert found["EndpointConfigName"] == f"{name}-larger"
    _, said = refusal(lambda: stacks.sagemaker.describe_endpoint_config(EndpointConfigName=name))
    assert said.startswith("Could not find endpoint configuration")


def test_a_stack_goes_back_with_the_reason_where_an_alarm_turns_its_component_back(
    stacks: Stacks, serving: Serving, cloudwatch: Any, name: str
) -> None:
    alarm = {"Namespace": "Tests", "MetricName": "M", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    guard = f"{name}-guard"
    cloudwatch.put_metric_alarm(AlarmName=guard, **alarm, Threshold=0, ComparisonOperator="GreaterThanThreshold")
    before = template(name, serving.model(f"{name}-a"), guard)
    stacks.make(name, before)
    stacks.client.update_stack(StackName=name, TemplateBody=template(name, serving.model(f"{name}-b"), guard))
    stacks._eventually(lambda: _status(stacks, name) == "Updating")
    cloudwatch.set_alarm_state(AlarmName=guard, StateValue="ALARM", StateReason="seen")
    found = stacks.settled(name)
    assert found["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert found["StackStatusReason"].endswith(f"alarm(s) {guard} went to ALARM during the deployment.")
    assert stacks.model(name) == f"{name}-a"
    assert stacks.client.get_template(StackName=name)["TemplateBody"] == json.loads(before)


def _status(stacks: Stacks, name: str) -> str:
    return stacks.sagemaker.describe_inference_component(InferenceComponentName=name)["InferenceComponentStatus"]


def test_nothing_is_left_of_what_cannot_be_made_or_is_deleted(stacks: Stacks, serving: Serving, name: str) -> None:
    failed = stacks.make(name, template(name, serving.model(name, exit=1)))
    assert failed["StackStatus"] == "DELETE_COMPLETE"
    assert failed["StackStatusReason"].startswith("Component: The primary container")
    made = stacks.make(name, template(name, serving.model(f"{name}-b")))
    stacks.client.delete_stack(StackName=name)
    assert stacks.settled(made["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    for gone in (
        lambda: stacks.sagemaker.describe_endpoint(EndpointName=name),
        lambda: stacks.sagemaker.describe_inference_component(InferenceComponentName=name),
        lambda: stacks.client.describe_stacks(StackName=name),
    ):
        code, _ = refusal(gone)
        assert code in ("ValidationException", "ValidationError")


def test_other_types_are_refused(stacks: Stacks, name: str) -> None:
    body = json.dumps({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}})
    code, said = refusal(lambda: stacks.make(name, body))
    assert code == "ValidationError"
    assert said.endswith("found ['AWS::S3::Bucket']")
