"""Scaling policies at work on an asynchronous endpoint's queue: to zero, back, and to what a backlog needs.

These let hours pass, and so come after the tests that publish data of the past (test_alarms).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.emulator import Emulator
from tests.local.emulator.asking import Asynchronous
from tests.local.emulator.conftest import Serving
from tests.local.emulator.test_ecs_services import CANARY, SECOND, Service


@pytest.fixture(scope="module")
def asynchronous(emulator: Emulator, serving: Serving, open_queue: Callable[[str], str]) -> Asynchronous:
    return Asynchronous(emulator, serving, open_queue)


def _target(name: str) -> dict[str, Any]:
    return {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": f"endpoint/{name}/variant/one",
    }


def _tracking(name: str) -> dict[str, Any]:
    """Five requests that wait for each instance."""
    backlog = {
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"Name": "EndpointName", "Value": name}],
        "Statistic": "Average",
    }
    return {"TargetValue": 5, "CustomizedMetricSpecification": backlog}


def test_an_hour_without_requests_scales_to_zero_and_the_next_requests_bring_it_back(
    emulator: Emulator, asynchronous: Asynchronous, name: str, cloudwatch: Any, eventually: Callable[..., Any]
) -> None:
    asynchronous.endpoint(name)
    scaling = emulator.client("application-autoscaling")
    target = _target(name)
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=3)
    tracking = _tracking(name)
    scaling.put_scaling_policy(
        **target,
        PolicyName="backlog",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking | {"ScaleInCooldown": 300, "ScaleOutCooldown": 300},
    )
    steps = {
        "AdjustmentType": "ChangeInCapacity",
        "Cooldown": 300,
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    }
    wakes = scaling.put_scaling_policy(
        **target, PolicyName="wakes", PolicyType="StepScaling", StepScalingPolicyConfiguration=steps
    )["PolicyARN"]
    cloudwatch.put_metric_alarm(
        AlarmName=f"{name}-wakes",
        Namespace="AWS/SageMaker",
        MetricName="HasBacklogWithoutCapacity",
        Dimensions=[{"Name": "EndpointName", "Value": name}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[wakes],
    )
    emulator.advance(14 * 60)
    assert asynchronous.instances(name) == 2  # below the target for fourteen minutes, not fifteen
    emulator.advance(46 * 60)
    assert asynchronous.instances(name) == 0

    answer = asynchronous.ask(name)
    emulator.advance(60)
    assert asynchronous.read(answer["OutputLocation"]) is None  # it waits: nothing serves
    assert asynchronous.instances(name) == 0
    emulator.advance(120)
    assert asynchronous.instances(name) == 1
    assert eventually(lambda: asynchronous.read(answer["OutputLocation"]))
    emulator.advance(20 * 60)
    assert asynchronous.instances(name) == 0


def test_a_backlog_brings_as_many_instances_as_the_target_asks_for_and_its_policies_end_with_the_target(
    emulator: Emulator, asynchronous: Asynchronous, name: str, tmp_path: Any, eventually: Callable[..., Any]
) -> None:
    gate = tmp_path / "answer"
    asynchronous.endpoint(name, until=str(gate))
    scaling = emulator.client("application-autoscaling")
    target = _target(name)
    scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=6)
    scaling.put_scaling_policy(
        **target,
        PolicyName="backlog",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=_tracking(name),
    )
    answers = [asynchronous.ask(name) for _ in range(22)]
    emulator.advance(180)
    assert asynchronous.instances(name) == 5  # 22 requests, five for each instance
    gate.touch()
    eventually(lambda: all(asynchronous.read(each["OutputLocation"]) for each in answers))
    scaling.deregister_scalable_target(**target)
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=target["ResourceId"])[
        "ScalingPolicies"
    ] == []  # fmt: skip


def test_a_schedule_moves_the_limits_and_the_instances_between_them(
    emulator: Emulator, asynchronous: Asynchronous, name: str
) -> None:
    asynchronous.endpoint(name)
    scaling, target = emulator.client("application-autoscaling"), _target(name)
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="always",
        Schedule="cron(* * * * ? *)",
        Timezone="Europe/Berlin",
        ScalableTargetAction={"MinCapacity": 4, "MaxCapacity": 6},
    )
    emulator.advance(60)
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]])[
        "ScalableTargets"
    ]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (4, 6)
    assert asynchronous.instances(name) == 4
    scaling.deregister_scalable_target(**target)


def test_a_request_that_waited_longer_than_its_time_to_live_has_failed(
    emulator: Emulator, asynchronous: Asynchronous, serving: Serving, name: str, eventually: Callable[..., Any]
) -> None:
    asynchronous.endpoint(name)
    zero = [{"VariantName": "one", "DesiredInstanceCount": 0}]
    serving.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=zero)
    asynchronous.ask(name, RequestTTLSeconds=60)
    emulator.advance(61)
    told = eventually(lambda: asynchronous.message(name, "Error"))
    assert told["failureReason"] == "The request expired: it waited longer than 60 seconds."


def _tasks(service: Service) -> dict[str, Any]:
    return {
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": f"service/{service.name}/{service.name}",
    }


def test_a_schedule_moves_the_limits_of_a_service_and_its_tasks_between_them(
    unhurried: Emulator, name: str, eventually: Callable[..., Any]
) -> None:
    service, scaling = Service(unhurried, f"{name}-live"), unhurried.client("application-autoscaling")
    service.create(**CANARY)
    eventually(lambda: (live := service.host.observe()) is not None and not live.in_progress)
    target = _tasks(service)
    scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=10)
    for least, most, tasks in ((4, 6, 4), (2, 3, 3)):  # a morning and a night
        scaling.put_scheduled_action(
            **target,
            ScheduledActionName="always",
            Schedule="cron(* * * * ? *)",
            ScalableTargetAction={"MinCapacity": least, "MaxCapacity": most},
        )
        unhurried.advance(60)
        found = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[target["ResourceId"]])
        assert [(each["MinCapacity"], each["MaxCapacity"]) for each in found["ScalableTargets"]] == [(least, most)]
        live = service.host.observe()
        assert live is not None
        assert live.counts == {"champion": tasks}
        eventually(lambda tasks=tasks: len(service.pids) == tasks)
    scaling.deregister_scalable_target(**target)


def test_tasks_of_a_service_follow_their_cpu_and_get_no_fewer_while_a_release_takes_over(
    unhurried: Emulator, name: str, eventually: Callable[..., Any]
) -> None:
    service, scaling = Service(unhurried, f"{name}-live"), unhurried.client("application-autoscaling")
    cloudwatch = unhurried.client("cloudwatch")
    service.create(**CANARY | {"canaryConfiguration": {"canaryPercent": 50.0, "canaryBakeTimeInMinutes": 1440}})
    eventually(lambda: (live := service.host.observe()) is not None and not live.in_progress)
    target = _tasks(service)
    scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=6)
    scaling.put_scaling_policy(
        **target,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 50.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 300,
        },
    )

    def tasks() -> int:
        live = service.host.observe()
        assert live is not None
        return live.counts["champion"]

    def minute(percent: float) -> None:
        dimensions = [{"Name": each, "Value": service.name} for each in ("ClusterName", "ServiceName")]
        datum = {"MetricName": "CPUUtilization", "Value": percent, "Unit": "Percent", "Dimensions": dimensions}
        cloudwatch.put_metric_data(Namespace="AWS/ECS", MetricData=[datum])
        unhurried.advance(60)

    def after(percent: float) -> tuple[int, int]:
        """How many minutes pass before there is another number of tasks, at most twenty, and how many there are."""
        before, passed = tasks(), 0
        while passed < 20 and tasks() == before:
            minute(percent)
            passed += 1
        return passed, tasks()

    assert after(90.0) in [(2, 4), (3, 4), (4, 4)]  # 2 at 90 % are 3.6 at 50 %, by an alarm of three minutes
    eventually(lambda: len(service.pids) == 4)
    took, count = after(30.0)
    assert (took >= 14, count) == (True, 3)
    eventually(lambda: len(service.pids) == 3)
    service.ecs.update_service(cluster=service.name, service=service.name, taskDefinition=service.define(SECOND))
    eventually(lambda: len(service.pids) == 6)
    assert after(1.0) == (20, 3)
    assert after(70.0)[1] == 5
    eventually(lambda: len(service.pids) == 10)
    service.ecs.delete_service(cluster=service.name, service=service.name, force=True)
