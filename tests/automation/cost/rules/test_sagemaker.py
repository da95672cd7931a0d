"""SageMaker: fixed fleets, fleets that follow hour and load, stopped ones, several variants; the feature store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from automation.cost import Traffic
from automation.operations.errors import RefusedError
from tests.automation.cost.written import WORKLOAD, endpoint, estimated, items, line, resource, scaled


def instance_hours(*resources: dict[str, Any], **traffic: Any) -> float:
    return line(estimated(*resources, traffic=Traffic(**traffic)), "instance ml.m5.large").quantity


def test_a_fixed_fleet_runs_all_month_with_its_volumes_and_its_data() -> None:
    assert items(estimated(*endpoint())) == {
        "instance ml.m5.large": 3 * 730,
        "endpoint and training storage": 3 * 30,
        "endpoint data in and out": 1.5,
    }
    assert items(estimated(*endpoint({"volumeSizeInGb": 100})))["endpoint and training storage"] == 300


def test_only_the_configuration_that_the_endpoint_runs_costs() -> None:
    idle = resource(
        "sagemaker/endpointConfiguration:EndpointConfiguration",
        "old",
        within=WORKLOAD,
        name="churn-s-live-0",
        productionVariants=[{"instanceType": "ml.m5.24xlarge", "initialInstanceCount": 9, "variantName": "champion"}],
    )
    assert estimated(*endpoint(), idle).total == estimated(*endpoint()).total


def test_every_variant_costs_and_a_shadow_too() -> None:
    config, made = endpoint({"variantName": "champion"}, {"variantName": "challenger", "initialInstanceCount": 1})
    config["inputs"]["shadowProductionVariants"] = [
        {"variantName": "shadow", "instanceType": "ml.m5.xlarge", "initialInstanceCount": 2}
    ]
    lines = [each for each in estimated(config, made).lines if each.item.startswith("instance")]
    assert [(each.item, each.quantity) for each in lines] == [
        ("instance ml.m5.large", 3 * 730),
        ("instance ml.m5.large", 730),
        ("instance ml.m5.xlarge", 2 * 730),
    ]


def test_a_fleet_that_scales_is_at_its_floor_while_the_load_is_small() -> None:
    """1 M requests a month are some 60 a minute at noon; an instance is to take 1,000."""
    by_day = {"at_22": (1, 3), "at_06": (2, 10)}
    assert instance_hours(*endpoint(), *scaled(2, 10, holds=1000)) == 2 * 730
    assert instance_hours(*endpoint(), *scaled(2, 10, holds=1000, **by_day)) == pytest.approx(
        (16 * 2 + 8 * 1) / 24 * 730
    )


def test_a_fleet_that_goes_to_zero_has_an_instance_in_every_hour_with_requests() -> None:
    assert instance_hours(*endpoint(), *scaled(0, 4)) == 730
    assert instance_hours(*endpoint(), *scaled(0, 4), business_share=1) == pytest.approx(50 / 168 * 730)
    assert estimated(*endpoint(), *scaled(0, 4), traffic=Traffic(requests=0)).lines == ()


def test_a_fleet_that_scales_follows_the_load_between_its_limits() -> None:
    """A hundred times the requests: 0.8 of 100 M over 50 of 168 hours are 6,137 a minute, the rest 650."""
    fleet = (*endpoint(), *scaled(2, 10, holds=1000))
    assert instance_hours(*fleet, requests=100_000_000) == pytest.approx((50 * 7 + 118 * 2) / 168 * 730)
    assert instance_hours(*fleet, requests=1_000_000_000) == pytest.approx((50 * 10 + 118 * 7) / 168 * 730)


def test_a_fleet_that_scales_by_something_else_is_taken_to_be_at_its_floor() -> None:
    *target, policy = scaled(2, 10, holds=70)
    cpu = {"customizedMetricSpecification": {"metricName": "CPUUtilization"}, "targetValue": 70}
    policy["inputs"]["targetTrackingScalingPolicyConfiguration"] = cpu
    assert instance_hours(*endpoint(), *target, policy, requests=1_000_000_000) == 2 * 730
    policy["inputs"] = {"policyType": "StepScaling", "resourceId": policy["inputs"]["resourceId"]}
    assert instance_hours(*endpoint(), *target, policy, requests=1_000_000_000) == 2 * 730


def test_a_variant_scales_with_its_share_of_the_traffic() -> None:
    variants = endpoint({"initialVariantWeight": 50}, {"variantName": "challenger", "initialVariantWeight": 50})
    hours = [
        each.quantity
        for each in estimated(*variants, *scaled(1, 10, holds=1000), traffic=Traffic(requests=100_000_000)).lines
        if each.item.startswith("instance")
    ]
    assert hours == [pytest.approx((50 * 4 + 118 * 1) / 168 * 730), 3 * 730]


def test_an_endpoint_that_runs_for_some_hours_runs_in_business_hours() -> None:
    fleet = (*endpoint(), *scaled(1, 10, holds=1000, at_22=(1, 3), at_06=(2, 10)))
    assert instance_hours(*fleet, endpoint_hours=220) == pytest.approx(2 * 220)
    assert instance_hours(*fleet, endpoint_hours=1) == 2
    assert instance_hours(*endpoint(), endpoint_hours=220) == 3 * 220


def test_a_stopped_endpoint_costs_nothing() -> None:
    found = estimated(*endpoint(), *scaled(2, 10), traffic=Traffic(endpoint_hours=0))
    assert found.total.usd == 0


def serverless(**config: int) -> tuple[dict[str, Any], dict[str, Any]]:
    made, live = endpoint()
    made["inputs"]["productionVariants"] = [
        {"variantName": "champion", "serverlessConfig": {"maxConcurrency": 20, "memorySizeInMb": 2048, **config}}
    ]
    return made, live


def test_a_serverless_endpoint_costs_by_the_seconds_of_its_requests() -> None:
    """1 M requests of 50 ms in 2 GB."""
    assert items(estimated(*serverless())) == {
        "serverless inference compute": 100_000,
        "serverless data in and out": 1.5,
    }
    slow = items(estimated(*serverless(memorySizeInMb=1024), traffic=Traffic(serverless_ms=1000)))
    assert slow["serverless inference compute"] == 1_000_000
    assert estimated(*serverless(), traffic=Traffic(endpoint_hours=0)).total.usd == 0


def test_executions_that_are_kept_warm_cost_by_the_hours_of_the_endpoint() -> None:
    warm = "serverless provisioned concurrency"
    assert items(estimated(*serverless(provisionedConcurrency=3)))[warm] == 3 * 2 * 730 * 3600
    by_day = items(estimated(*serverless(provisionedConcurrency=3), traffic=Traffic(endpoint_hours=220)))
    assert by_day[warm] == 3 * 2 * 220 * 3600


def test_a_variant_without_instances_is_refused_until_its_kind_has_a_rule() -> None:
    config, made = endpoint()
    config["inputs"]["productionVariants"] = [{"variantName": "champion"}]
    with pytest.raises(RefusedError, match="it: found a variant without instances; give its kind a rule"):
        estimated(config, made)


def test_target_tracking_makes_two_alarms_of_its_own() -> None:
    assert items(estimated(*scaled(2, 10, holds=1000)), "policy") == {"alarm, standard": 2}
    steps = resource("appautoscaling/policy:Policy", policyType="StepScaling")
    assert items(estimated(steps)) == {}


def test_a_target_that_is_measured_every_10_seconds_has_alarms_of_high_resolution() -> None:
    fast = {"predefinedMetricType": "SageMakerVariantConcurrentRequestsPerModelHighResolution"}
    policy = resource(
        "appautoscaling/policy:Policy",
        policyType="TargetTrackingScaling",
        targetTrackingScalingPolicyConfiguration={"predefinedMetricSpecification": fast, "targetValue": 5},
    )
    assert items(estimated(policy)) == {"alarm, high resolution": 2}


def test_a_schedule_of_one_day_changes_nothing_of_the_month() -> None:
    rare = [
        resource(
            "appautoscaling/scheduledAction:ScheduledAction",
            name,
            within=WORKLOAD,
            resourceId="endpoint/churn-s-live/variant/champion",
            schedule=schedule,
            scalableTargetAction={"minCapacity": 8, "maxCapacity": 8},
        )
        for name, schedule in (("once", "at(2027-11-26T08:00:00)"), ("monthly", "cron(0 6 1 * ? *)"))
    ]
    usual = items(estimated(*endpoint(), *scaled(2, 10, holds=1000)))
    assert items(estimated(*endpoint(), *scaled(2, 10, holds=1000), *rare)) == usual


def test_an_online_store_costs_by_rows() -> None:
    group = "sagemaker/featureGroup:FeatureGroup"
    online = resource(group, onlineStoreConfig={"enableOnlineStore": True})
    assert items(estimated(online, traffic=Traffic(delivered_rows=2_000_000))) == {
        "feature store online write": 2,
        "feature store online storage": 0.2,
    }
    assert items(estimated(resource(group, offlineStoreConfig={}))) == {}


def test_a_schedule_of_transform_jobs_costs_their_instances_for_as_long_as_they_run() -> None:
    job = {"TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}}
    schedule = resource(
        "scheduler/schedule:Schedule",
        "churn-nightly-schedule",
        within=WORKLOAD,
        scheduleExpression="cron(0 3 * * ? *)",
        target={"arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createTransformJob", "input": json.dumps(job)},
    )
    found = items(estimated(schedule, traffic=Traffic(job_minutes=30)), "churn-nightly-schedule")
    assert found["instance ml.m5.xlarge"] == pytest.approx(365 / 12 * 2 * 0.5)
    assert "processing storage" not in found
