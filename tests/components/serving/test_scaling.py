"""What scales a real-time endpoint: targets, steps, and the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pulumi
import pytest

from components.serving.clock import expression, role
from components.serving.scaling import targets
from components.serving.steps import adjustments
from settings import Realtime, Schedule
from settings.schedules import in_zone
from tests.components.engine import LIVE
from tests.components.serving.realtime import serving

POLICY = "aws:appautoscaling/policy:Policy"
OF_VARIANT = {"EndpointName": "churn-staging-live", "VariantName": "champion"}
DIMENSIONS = [{"name": name, "value": value} for name, value in OF_VARIANT.items()]


@pytest.mark.parametrize(
    ("written", "expected", "called"),
    [
        ({"at": "22:00"}, "cron(0 22 * * ? *)", "at-2200"),
        ({"at": "06:05"}, "cron(5 6 * * ? *)", "at-0605"),
        ({"at": "08:00", "weekdays": ["monday", "friday"]}, "cron(0 8 ? * MON,FRI *)", "at-0800-mon-fri"),
        ({"at": "02:30", "day_of_month": 1}, "cron(30 2 1 * ? *)", "at-0230-day-1"),
        ({"once": "2027-11-26T08:00"}, "at(2027-11-26T08:00:00)", "once-20271126T0800"),
        ({"cron": "0 8 ? * 2#1 *"}, "cron(0 8 ? * 2#1 *)", "cron-fdacad8e"),
        ({"at": "22:00", "timezone": "America/New_York"}, "cron(0 22 * * ? *)", "at-2200-america-new-york"),
        ({"at": "22:00", "timezone": "Europe/Berlin"}, "cron(0 22 * * ? *)", "at-2200"),
    ],
)
def test_every_kind_of_moment(written: dict[str, Any], expected: str, called: str) -> None:
    schedule = Schedule.model_validate({**written, "minimum": 1, "maximum": 2}, strict=False)
    assert expression(schedule) == expected
    assert role(schedule, "Europe/Berlin") == called


def test_schedules_run_by_the_clock_of_their_zone() -> None:
    written = Realtime.model_validate_json(
        """{"autoscaling": {"timezone": "Europe/Berlin", "schedules": [
            {"at": "22:00", "minimum": 1, "maximum": 3},
            {"at": "22:00", "minimum": 2, "maximum": 4, "timezone": "UTC"}]}}"""
    ).autoscaling
    deployed = serving(autoscaling=in_zone(written, "America/New_York").model_dump())
    found = {name: deployed.one(f"serving-champion-{name}").inputs for name in ("at-2200", "at-2200-utc")}
    assert {name: (each["timezone"], each["scalableTargetAction"]["minCapacity"]) for name, each in found.items()} == {
        "at-2200": ("Europe/Berlin", 1),
        "at-2200-utc": ("UTC", 2),
    }


def test_a_moment_that_is_over_is_told_of_and_refuses_no_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    limits = {"minimum": 1, "maximum": 3}
    moments = ({"once": "2020-11-26T08:00", **limits}, {"once": "2199-11-26T08:00", **limits})
    deployed = serving(autoscaling={"schedules": moments})
    assert deployed.one("serving-champion-once-20201126T0800").inputs["schedule"] == "at(2020-11-26T08:00:00)"
    assert warnings == [
        "churn-staging-live: autoscaling.schedules: found once 2020-11-26T08:00, which is over and changes nothing; "
        "allowed: a moment to come; remove it, or correct its date"
    ]


@pytest.mark.parametrize(
    ("timezone", "hour", "over"),
    [("UTC", 8, False), ("UTC", 9, True), (None, 9, True), ("Asia/Tokyo", 0, True), ("America/New_York", 12, False)],
)
def test_whether_a_moment_is_over_is_asked_of_the_clock_of_its_zone(
    timezone: str | None, hour: int, over: bool
) -> None:
    schedule = Schedule(once="2026-11-26T08:30", timezone=timezone, minimum=1, maximum=2)
    assert schedule.is_over(datetime(2026, 11, 26, hour, 0, tzinfo=UTC)) is over
    assert not Schedule(at="08:30", minimum=1, maximum=2).is_over(datetime(2026, 11, 26, 9, 0, tzinfo=UTC))


def test_every_target_that_is_said_is_held_in_the_unit_of_its_metric() -> None:
    settings = Realtime.model_validate(
        {
            "instance_type": "ml.m5.xlarge",
            "autoscaling": {
                "invocations_per_instance": None,
                "concurrent_requests": 5,
                "latency_ms": 80,
                "cpu_percent": 60,
            },
        }
    )
    assert targets(LIVE, "champion", settings) == {
        "concurrency": {
            "predefined_metric_specification": {
                "predefined_metric_type": "SageMakerVariantConcurrentRequestsPerModelHighResolution"
            },
            "target_value": 5,
        },
        "latency": {
            "customized_metric_specification": {
                "namespace": "AWS/SageMaker",
                "metric_name": "ModelLatency",
                "statistic": "Average",
                "dimensions": DIMENSIONS,
            },
            "target_value": 80_000,  # the metric is in microseconds
        },
        "cpu": {
            "customized_metric_specification": {
                "namespace": "/aws/sagemaker/Endpoints",
                "metric_name": "CPUUtilization",
                "statistic": "Average",
                "dimensions": DIMENSIONS,
            },
            "target_value": 240,  # the metric sums the percentages of 4 cores
        },
    }


def test_each_target_is_a_policy_with_the_cooldowns() -> None:
    deployed = serving(autoscaling={"cpu_percent": 70, "scale_in_cooldown_seconds": 600})
    assert deployed.names(POLICY) == ["serving-champion-cpu", "serving-champion-invocations"]
    for policy in deployed.all(POLICY):
        tracking = policy.inputs["targetTrackingScalingPolicyConfiguration"]
        assert (tracking["scaleOutCooldown"], tracking["scaleInCooldown"]) == (60, 600)


def test_steps_are_distances_from_the_bound_at_which_their_alarm_goes_off() -> None:
    deployed = serving(
        instance_type="ml.m5.xlarge",
        autoscaling={
            "invocations_per_instance": None,
            "steps": {
                "metric": "cpu_percent",
                "scale_out": ({"above": 60, "add": 1}, {"above": 85, "add": 3}),
                "scale_in": ({"below": 30, "remove": 1}, {"below": 10, "remove": 2}),
            },
        },
    )
    assert deployed.names(POLICY) == ["serving-champion-step-in", "serving-champion-step-out"]
    out, back = (deployed.one(f"serving-champion-step-{side}").inputs for side in ("out", "in"))
    assert out["stepScalingPolicyConfiguration"] == {
        "adjustmentType": "ChangeInCapacity",
        "metricAggregationType": "Average",
        "cooldown": 60,
        "stepAdjustments": [
            {"metricIntervalLowerBound": "0", "metricIntervalUpperBound": "100", "scalingAdjustment": 1},
            {"metricIntervalLowerBound": "100", "scalingAdjustment": 3},
        ],
    }
    assert back["stepScalingPolicyConfiguration"]["stepAdjustments"] == [
        {"metricIntervalUpperBound": "0", "metricIntervalLowerBound": "-80", "scalingAdjustment": -1},
        {"metricIntervalUpperBound": "-80", "scalingAdjustment": -2},
    ]
    alarm = deployed.one("serving-champion-step-out-alarm").inputs
    assert alarm["dimensions"] == OF_VARIANT
    assert (alarm["metricName"], alarm["statistic"]) == ("CPUUtilization", "Average")
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("GreaterThanThreshold", 240)
    assert (alarm["period"], alarm["evaluationPeriods"], alarm["treatMissingData"]) == (60, 2, "missing")
    low = deployed.one("serving-champion-step-in-alarm").inputs
    assert (low["comparisonOperator"], low["threshold"], low["evaluationPeriods"]) == ("LessThanThreshold", 120, 15)


@pytest.mark.parametrize(
    ("metric", "missing"),
    [
        ("invocations_per_instance", {"out": "missing", "in": "breaching"}),
        ("latency_ms", {"out": "missing", "in": "breaching"}),
        ("cpu_percent", {"out": "missing", "in": "missing"}),
    ],
)
def test_without_requests_there_is_no_metric_of_them_and_instances_go_all_the_same(
    metric: str, missing: dict[str, str]
) -> None:
    steps = {"metric": metric, "scale_out": ({"above": 60, "add": 1},), "scale_in": ({"below": 30, "remove": 1},)}
    deployed = serving(autoscaling={"steps": steps})
    found = {side: deployed.one(f"serving-champion-step-{side}-alarm").inputs["treatMissingData"] for side in missing}
    assert found == missing


def test_bounds_keep_all_their_digits() -> None:
    near, far = adjustments([(1_000_000, 1), (2_234_567, 3)], "out")
    assert (near.metric_interval_upper_bound, far.metric_interval_lower_bound) == ("1234567", "1234567")


def test_one_step_has_no_end() -> None:
    (only,) = adjustments([(100, 2)], "out")
    assert (only.metric_interval_lower_bound, only.metric_interval_upper_bound) == ("0", None)
