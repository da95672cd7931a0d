from __future__ import annotations

import functools
from typing import Any

import pytest

from components.serving.asynchronous import KIND, Asynchronous
from components.serving.kind import EndpointArgs
from components.watch import Alarm, Channel
from contracts.kinds import ASYNCHRONOUS
from contracts.release import Record
from settings import Asynchronous as Settings
from tests.components.engine import LIVE, Deployment, deploy, ground, permissions, policy
from tests.components.serving.test_plan import SECOND, record
from workloads.inference import settings as service

CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
POLICY = "aws:appautoscaling/policy:Policy"
BUCKET = "123456789012-staging-ai-processed-data"
MINE = "asynchronous/churn/churn-staging-live"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:churn-staging-live"
SCALED = {
    "serviceNamespace": "sagemaker",
    "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
    "resourceId": "endpoint/churn-staging-live/variant/champion",
}


def settings(**section: Any) -> Settings:
    return Settings.model_validate({"kind": "asynchronous", **section})


def serving(found: Record | None = None, **section: Any) -> Deployment:
    def program() -> None:
        Asynchronous(
            "serving",
            EndpointArgs(
                ground=ground(),
                names=LIVE,
                settings=settings(**section),
                record=found or record(),
                rollback_alarms=("a-5xx",),
                see_through=lambda _, __, ___: "",
            ),
        )

    return deploy(program)


@functools.cache
def default() -> Deployment:
    return serving()


def test_requests_and_answers_lie_below_the_endpoints_own_prefix() -> None:
    live = next(each.inputs for each in default().all(CONFIG) if f"-config-{record().wanted.id}-" in each.name)
    assert live["asyncInferenceConfig"] == {
        "clientConfig": {"maxConcurrentInvocationsPerInstance": 4},
        "outputConfig": {
            "s3OutputPath": f"s3://{BUCKET}/{MINE}/predictions/",
            "s3FailurePath": f"s3://{BUCKET}/{MINE}/failures/",
            "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/keys-processed",
            "notificationConfig": {
                "successTopic": "arn:aws:sns:eu-west-1:123456789012:topic/churn-staging-live-success",
                "errorTopic": "arn:aws:sns:eu-west-1:123456789012:topic/churn-staging-live-error",
            },
        },
    }
    assert live["dataCaptureConfig"]["enableCapture"] is True


def test_every_release_has_a_configuration_named_by_its_content() -> None:
    names = {config.name: config.inputs["name"] for config in default().all(CONFIG)}
    assert {name.rpartition("-")[0] for name in names} == {
        f"serving-config-{release.id}" for release in record().releases
    }
    changed = {config.inputs["name"] for config in serving(concurrent_per_instance=9).all(CONFIG)}
    assert not changed & set(names.values())


def test_the_container_takes_bodies_as_large_and_long_as_the_queue_gives_it() -> None:
    model = default().by_content("serving-model-churn-staging-2").inputs
    assert model["primaryContainer"] == {
        "modelPackageName": SECOND,
        "environment": {
            "MAX_BODY_BYTES": "134217728",
            "MAX_ROWS": "4000000",
            "REQUEST_SECONDS": "3600",
            "MAX_IN_FLIGHT": "20",
            "MAX_QUEUED_BATCHES": "4",
        },
    }
    assert model["enableNetworkIsolation"] is True


def test_the_container_refuses_none_of_the_requests_that_it_is_handed_at_once() -> None:
    model = serving(concurrent_per_instance=300).by_content("serving-model-churn-staging-2").inputs
    limits = service.parse([], model["primaryContainer"]["environment"])
    assert limits.max_queued_batches == 300
    assert limits.max_in_flight > 300


def test_the_role_reaches_the_endpoints_own_requests_answers_and_topics() -> None:
    statements = permissions(default(), "serving-role")
    bucket = f"arn:aws:s3:::{BUCKET}"
    assert statements["ReadRequestsObjects"]["Resource"] == [f"{bucket}/{MINE}/requests/*"]
    assert statements["WriteAnswers"]["Resource"] == [f"{bucket}/{MINE}/predictions/*", f"{bucket}/{MINE}/failures/*"]
    assert statements["TellOutcome"] == {
        "Effect": "Allow",
        "Action": ["sns:Publish"],
        "Resource": [f"{TOPIC}-success", f"{TOPIC}-error"],
    }


def test_only_the_endpoint_publishes_on_its_topics() -> None:
    for side in ("success", "error"):
        assert list(policy(default().one(f"serving-{side}-policy"))) == ["DenyPlainHttp"]
        assert default().one(f"serving-{side}-topic").inputs["kmsMasterKeyId"].endswith(":key/keys-messages")


def test_it_scales_by_its_queue_from_zero_and_the_first_request_wakes_it() -> None:
    target = default().one("serving-champion-target")
    assert target.inputs == {**SCALED, "minCapacity": 0, "maxCapacity": 4}
    assert default().one("serving-champion-backlog").inputs == {
        **SCALED,
        "name": "churn-staging-live-champion-backlog",
        "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": {
            "customizedMetricSpecification": {
                "metricName": "ApproximateBacklogSizePerInstance",
                "namespace": "AWS/SageMaker",
                "statistic": "Average",
                "dimensions": [{"name": "EndpointName", "value": "churn-staging-live"}],
            },
            "targetValue": 5,
            "scaleOutCooldown": 300,
            "scaleInCooldown": 600,
        },
    }
    assert default().one("serving-champion-wake").inputs["stepScalingPolicyConfiguration"] == {
        "adjustmentType": "ChangeInCapacity",
        "metricAggregationType": "Average",
        "cooldown": 300,
        "stepAdjustments": [{"metricIntervalLowerBound": "0", "scalingAdjustment": 1}],
    }
    waits = default().one("serving-champion-waits").inputs
    assert (waits["metricName"], waits["dimensions"]) == (
        "HasBacklogWithoutCapacity",
        {"EndpointName": "churn-staging-live"},
    )
    assert (waits["comparisonOperator"], waits["threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert (waits["period"], waits["evaluationPeriods"], waits["treatMissingData"]) == (60, 2, "missing")


def test_what_never_goes_to_zero_needs_no_waking() -> None:
    deployed = serving(autoscaling={"minimum": 1})
    assert [each.name for each in deployed.all(POLICY)] == ["serving-champion-backlog"]
    assert deployed.all("aws:cloudwatch/metricAlarm:MetricAlarm") == []
    assert serving(autoscaling={"enabled": False}).all("aws:appautoscaling/target:Target") == []


def test_a_test_of_two_variants_keeps_an_instance_of_each() -> None:
    deployed = serving(record(split=True))
    targets = {each: deployed.one(f"serving-{each}-target").inputs for each in ("champion", "challenger")}
    assert {each: (its["minCapacity"], its["maxCapacity"]) for each, its in targets.items()} == {
        "champion": (1, 4),
        "challenger": (1, 3),
    }
    assert deployed.names(POLICY) == ["serving-challenger-backlog", "serving-champion-backlog"]
    tracked = [each.inputs["targetTrackingScalingPolicyConfiguration"] for each in deployed.all(POLICY)]
    assert tracked[0] == tracked[1]  # the queue is the endpoint's
    alone = serving(record(split=True), autoscaling={"challenger": False})
    assert alone.names(POLICY) == ["serving-champion-backlog"]


def test_what_is_watched_is_what_sagemaker_publishes_of_the_kind() -> None:
    found = KIND.watch(LIVE, settings(), ["champion"], ())
    published = {(metric.namespace, metric.name, metric.dimensions) for metric in ASYNCHRONOUS.metrics}
    watched = [(each.namespace, each.metric, tuple(each.dimensions)) for each in found.alarms if each.guards != "halt"]
    shown = [
        (each.namespace, each.metric, tuple(each.dimensions)) for widget in found.widgets for each in widget.series
    ]
    assert set(watched) | set(shown) <= published
    assert KIND.watch(LIVE, settings(), [], ()).alarms == ()


@pytest.mark.parametrize(
    ("name", "metric", "statistic", "threshold", "periods"),
    [
        ("backlog", "ApproximateBacklogSize", "Average", 7, 3),
        ("oldest", "ApproximateAgeOfOldestRequest", "Maximum", 180, 1),
        ("champion-failures", "InvocationFailures", "Sum", 2, 2),
    ],
)
def test_people_hear_of_what_waits_and_of_what_found_no_answer(
    name: str, metric: str, statistic: str, threshold: int, periods: int
) -> None:
    chosen = settings(alarms={"backlog": 7, "oldest_minutes": 3, "failures": 2})
    found: dict[str, Alarm] = {alarm.name: alarm for alarm in KIND.watch(LIVE, chosen, ["champion"], ()).alarms}
    alarm = found[f"churn-staging-live-{name}"]
    assert (alarm.metric, alarm.statistic, alarm.threshold, alarm.periods) == (metric, statistic, threshold, periods)
    assert alarm.channels == (Channel.ALERTS,)


def test_a_stopped_one_keeps_configurations_and_topics_and_neither_queue_nor_scaling() -> None:
    gone = {each.name for each in default().resources} - {each.name for each in serving(state="stopped").resources}
    assert gone == {"serving-endpoint", *(f"serving-champion-{r}" for r in ("target", "backlog", "wake", "waits"))}
