"""Inference components: asked by name, refused without a copy, moved in batches under alarms, scaled to zero and back.

These let hours pass, as those of test_scaling do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.emulator import Emulator
from tests.local.emulator.conftest import INSTANCE, ROLE, Serving
from tests.local.emulator.test_endpoints import refusal

NO_CAPACITY = "Inference Component has no capacity to process this request."
ASKED = {"NumberOfCpuCoresRequired": 1, "MinMemoryRequiredInMb": 1024}


class Components:
    """Makes endpoints with one component each, called as the endpoint."""

    def __init__(self, emulator: Emulator, serving: Serving, eventually: Callable[..., Any]) -> None:
        self.sagemaker, self._serving, self._eventually = emulator.client("sagemaker"), serving, eventually
        self.runtime = emulator.client("sagemaker-runtime")

    def endpoint(self, name: str) -> str:
        """An endpoint whose variant names no model."""
        scaling = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 6}
        variant = {"VariantName": "champion", "InstanceType": INSTANCE, "InitialInstanceCount": 1}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ExecutionRoleArn=ROLE,
            ProductionVariants=[variant | {"ManagedInstanceScaling": scaling}],
        )
        return self._serving.endpoint(name, name)

    def component(self, name: str, model: str, copies: int = 2) -> None:
        """A component of a model that is there, in service."""
        self.sagemaker.create_inference_component(
            InferenceComponentName=name,
            EndpointName=name,
            VariantName="champion",
            Specification={"ModelName": model, "ComputeResourceRequirements": ASKED},
            RuntimeConfig={"CopyCount": copies},
        )
        self.settled(name)

    def of(self, name: str, **behaviour: Any) -> str:
        """An endpoint and its component, in two copies of a model with that behaviour."""
        self.endpoint(name)
        self.component(name, self._serving.model(f"{name}-a", **behaviour))
        return name

    def settled(self, name: str) -> dict[str, Any]:
        """The component's description once nothing is under way."""

        def over() -> Any:
            found = self.sagemaker.describe_inference_component(InferenceComponentName=name)
            return found if found["InferenceComponentStatus"] in ("InService", "Failed") else None

        return self._eventually(over)

    def update(self, name: str, model: str, **more: Any) -> dict[str, Any]:
        """The component once another model has, or has not, taken over."""
        self.sagemaker.update_inference_component(
            InferenceComponentName=name,
            Specification={"ModelName": model, "ComputeResourceRequirements": ASKED},
            **more,
        )
        return self.settled(name)

    def ask(self, name: str) -> dict[str, Any]:
        """What the component answers."""
        answer = self.runtime.invoke_endpoint(EndpointName=name, InferenceComponentName=name, Body=b"1,2")
        return json.loads(answer["Body"].read())

    def instances(self, name: str) -> int:
        """What the endpoint has."""
        (variant,) = self.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
        return variant["CurrentInstanceCount"]


@pytest.fixture(scope="session")
def components(emulator: Emulator, serving: Serving, eventually: Callable[..., Any]) -> Components:
    return Components(emulator, serving, eventually)


def rolling(*alarms: str, percent: int = 50, wait: int = 300) -> dict[str, Any]:
    found: dict[str, Any] = {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": percent},
            "WaitIntervalInSeconds": wait,
            "MaximumExecutionTimeoutInSeconds": 3600,
        }
    }
    if alarms:
        found["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": alarm} for alarm in alarms]}
    return found


def test_a_request_names_its_component(components: Components, name: str) -> None:
    components.of(name)
    assert components.ask(name)["model"] == f"{name}-a"
    code, said = refusal(lambda: components.runtime.invoke_endpoint(EndpointName=name, Body=b"1"))
    assert (code, said.partition(".")[0]) == (
        "ValidationError",
        "Inference Component Name header is required for endpoints to which you plan to deploy inference components",
    )
    other = {"EndpointName": name, "InferenceComponentName": "other", "Body": b"1"}
    assert refusal(lambda: components.runtime.invoke_endpoint(**other))[0] == "ValidationError"


def test_an_endpoint_without_a_model_needs_a_role_and_only_such_a_one_scales_its_instances(
    components: Components, serving: Serving, name: str
) -> None:
    variant = {"VariantName": "champion", "InstanceType": INSTANCE, "InitialInstanceCount": 1}
    create = components.sagemaker.create_endpoint_config
    _, said = refusal(lambda: create(EndpointConfigName=name, ProductionVariants=[variant]))
    assert said.endswith("variant champion names no model, so ExecutionRoleArn is required.")
    scaled = variant | {"ModelName": serving.model(name), "ManagedInstanceScaling": {"MinInstanceCount": 0}}
    _, said = refusal(lambda: create(EndpointConfigName=name, ProductionVariants=[scaled]))
    assert said.endswith("ManagedInstanceScaling is only supported for inference component endpoints.")


def test_another_model_takes_over_in_batches(components: Components, serving: Serving, name: str) -> None:
    components.of(name)
    found = components.update(name, serving.model(f"{name}-b"), DeploymentConfig=rolling())
    assert (found["InferenceComponentStatus"], found["Specification"]["ModelName"]) == ("InService", f"{name}-b")
    assert (found["RuntimeConfig"], found["LastDeploymentConfig"]) == (
        {"DesiredCopyCount": 2, "CurrentCopyCount": 2},
        rolling(),
    )
    assert components.ask(name)["model"] == f"{name}-b"


def test_an_alarm_turns_an_update_back(
    components: Components, serving: Serving, cloudwatch: Any, eventually: Callable[..., Any], name: str
) -> None:
    components.of(name)
    alarm = {"Namespace": "Tests", "MetricName": "M", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    cloudwatch.put_metric_alarm(
        AlarmName=f"{name}-guard", **alarm, Threshold=0, ComparisonOperator="GreaterThanThreshold"
    )
    components.sagemaker.update_inference_component(
        InferenceComponentName=name,
        Specification={"ModelName": serving.model(f"{name}-b"), "ComputeResourceRequirements": ASKED},
        DeploymentConfig=rolling(f"{name}-guard", wait=1700),
    )
    cloudwatch.set_alarm_state(AlarmName=f"{name}-guard", StateValue="ALARM", StateReason="seen")
    found = components.settled(name)
    assert (found["InferenceComponentStatus"], found["Specification"]["ModelName"]) == ("InService", f"{name}-a")
    assert found["FailureReason"].endswith(f"alarm(s) {name}-guard went to ALARM during the deployment.")
    assert components.ask(name)["model"] == f"{name}-a"


def test_a_model_that_does_not_start_changes_nothing(components: Components, serving: Serving, name: str) -> None:
    components.of(name)
    found = components.update(name, serving.model(f"{name}-b", exit=1), DeploymentConfig=rolling())
    assert found["Specification"]["ModelName"] == f"{name}-a"
    assert "did not pass the ping health check" in found["FailureReason"]


def test_a_batch_is_at_most_half_of_the_copies(components: Components, name: str) -> None:
    components.of(name)
    code, said = refusal(lambda: components.update(name, f"{name}-a", DeploymentConfig=rolling(percent=60)))
    assert code == "ValidationException"
    assert "allowed is 5% to 50%" in said


def test_instances_follow_the_copies_and_none_is_left_without_any(components: Components, name: str) -> None:
    components.of(name)
    assert components.instances(name) == 1  # two copies of one core, on one instance of two
    for copies, instances in ((5, 3), (0, 0)):
        components.sagemaker.update_inference_component_runtime_config(
            InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": copies}
        )
        assert components.settled(name)["RuntimeConfig"]["CurrentCopyCount"] == copies
        assert components.instances(name) == instances
    code, said = refusal(lambda: components.ask(name))
    assert (code, said.startswith(NO_CAPACITY)) == ("ValidationError", True)


def test_a_model_that_takes_over_from_no_copy_starts_none(components: Components, serving: Serving, name: str) -> None:
    components.of(name)
    components.sagemaker.update_inference_component_runtime_config(
        InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": 0}
    )
    components.settled(name)
    found = components.update(name, serving.model(f"{name}-b"), DeploymentConfig=rolling())
    assert (found["Specification"]["ModelName"], found["RuntimeConfig"]["CurrentCopyCount"]) == (f"{name}-b", 0)


def test_a_component_outlives_its_endpoint(components: Components, name: str) -> None:
    components.of(name)
    components.sagemaker.delete_endpoint(EndpointName=name)
    assert components.settled(name)["InferenceComponentStatus"] == "InService"
    components.sagemaker.delete_inference_component(InferenceComponentName=name)
    code, said = refusal(lambda: components.settled(name))
    assert (code, said.partition(' "')[0]) == ("ValidationException", "Could not find inference component")


def _copies(name: str) -> dict[str, Any]:
    return {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        "ResourceId": f"inference-component/{name}",
    }


def test_a_schedule_moves_the_limits_of_a_component_and_its_copies_between_them(
    emulator: Emulator, components: Components, name: str
) -> None:
    components.of(name)
    scaling, target = emulator.client("application-autoscaling"), _copies(name)
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    for least, most, copies in ((0, 1, 1), (3, 8, 3)):
        scaling.put_scheduled_action(
            **target,
            ScheduledActionName="always",
            Schedule="cron(* * * * ? *)",
            ScalableTargetAction={"MinCapacity": least, "MaxCapacity": most},
        )
        emulator.advance(60)
        found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]])
        assert [(each["MinCapacity"], each["MaxCapacity"]) for each in found["ScalableTargets"]] == [(least, most)]
        assert components.settled(name)["RuntimeConfig"] == {"DesiredCopyCount": copies, "CurrentCopyCount": copies}
    scaling.deregister_scalable_target(**target)


def test_an_hour_without_requests_takes_every_copy_and_a_refused_request_brings_one_back(
    emulator: Emulator, components: Components, cloudwatch: Any, name: str
) -> None:
    components.of(name)
    scaling = emulator.client("application-autoscaling")
    target = _copies(name)
    metric = "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution"
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=3)
    scaling.put_scaling_policy(
        **target,
        PolicyName="concurrency",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
        },
    )
    # longer than the minutes that pass below: the alarm may stand for two of them
    steps = {"AdjustmentType": "ChangeInCapacity", "Cooldown": 300}
    wakes = scaling.put_scaling_policy(
        **target,
        PolicyName="wake",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration=steps
        | {"StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]},
    )["PolicyARN"]
    cloudwatch.put_metric_alarm(
        AlarmName=f"{name}-refused",
        Namespace="AWS/SageMaker",
        MetricName="NoCapacityInvocationFailures",
        Dimensions=[{"Name": "InferenceComponentName", "Value": name}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[wakes],
    )
    emulator.advance(14 * 60)
    assert components.settled(name)["RuntimeConfig"]["DesiredCopyCount"] == 2  # below the target for less than 15
    emulator.advance(46 * 60)
    assert components.settled(name)["RuntimeConfig"] == {"DesiredCopyCount": 0, "CurrentCopyCount": 0}
    assert components.instances(name) == 0

    emulator.advance(60 * 60)  # nobody asks, nothing comes
    assert components.settled(name)["RuntimeConfig"]["CurrentCopyCount"] == 0
    assert refusal(lambda: components.ask(name))[1].startswith(NO_CAPACITY)
    emulator.advance(120)
    assert components.settled(name)["RuntimeConfig"]["CurrentCopyCount"] == 1
    assert components.ask(name)["model"] == f"{name}-a"
    assert components.instances(name) == 1
