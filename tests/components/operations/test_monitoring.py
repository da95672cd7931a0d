from __future__ import annotations

import functools
import json

from components.operations.monitoring import Monitoring, MonitoringArgs, Watched
from components.serving.watch import watch_fleet
from components.watch import Alarm, Channel, Event, Watch
from settings import Realtime, RollbackAlarm
from tests.components.engine import ALERTS, CHURN, LETTERS, LIVE, Deployment, deploy, ground

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ROLLBACK, RETRAINING = f"{ALERTS}-rollback", f"{ALERTS}-retraining"
FAILED = Event(
    name=CHURN.resource("pipeline-failed"), description="A run failed", pattern={"source": ["aws.sagemaker"]}
)
DRIFT = Alarm(
    name=LIVE.resource("drift"),
    description="drift",
    namespace="n",
    metric="m",
    dimensions={},
    statistic="Maximum",
    threshold=0.15,
    channels=(Channel.ALERTS, Channel.RETRAINING),
    guards="drift",
)


@functools.cache
def monitoring(
    *variants: str,
    guards: tuple[RollbackAlarm, ...] = (),
    answers: bool = True,
    preview: bool = False,
) -> tuple[Deployment, list[str]]:
    found: list[str] = []
    topics = {Channel.ROLLBACK: ROLLBACK, Channel.RETRAINING: RETRAINING} if answers else {}

    def program() -> None:
        endpoint = watch_fleet(LIVE, Realtime(), variants) + Watch(alarms=(DRIFT,))
        made = Monitoring(
            "monitoring",
            MonitoringArgs(
                ground=ground(),
                names=CHURN,
                parts={
                    "churn": Watched(watch=Watch(events=(FAILED,)), topics={}, tags={}),
                    "live": Watched(watch=endpoint, topics=topics, tags={"Endpoint": "live"}),
                },
                dead_letters_arn=LETTERS,
            ),
        )
        for name in made.guards("live", guards):
            name.apply(found.append)

    return deploy(program, preview=preview), found


def test_every_alarm_acts_and_says_what_missing_data_means() -> None:
    deployment, _ = monitoring("champion", "challenger")
    alarms = deployment.all(ALARM)
    assert len(alarms) == 12
    for alarm in alarms:
        assert alarm.inputs["actionsEnabled"] is True
        assert ALERTS in alarm.inputs["alarmActions"]
        assert alarm.inputs["okActions"] == [ALERTS]
        assert alarm.inputs["treatMissingData"] == "notBreaching"
        assert alarm.inputs["datapointsToAlarm"] == alarm.inputs["evaluationPeriods"]


def test_a_sum_and_a_percentile() -> None:
    deployment, _ = monitoring("champion")
    errors = deployment.one("monitoring-live-champion-server-errors").inputs
    assert errors == {
        "name": "churn-staging-live-champion-server-errors",
        "alarmDescription": "champion: more than 10 answers with a 5xx status in 5 minutes, twice",
        "namespace": "AWS/SageMaker",
        "metricName": "Invocation5XXErrors",
        "dimensions": {"EndpointName": "churn-staging-live", "VariantName": "champion"},
        "statistic": "Sum",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 10,
        "period": 300,
        "evaluationPeriods": 2,
        "datapointsToAlarm": 2,
        "treatMissingData": "notBreaching",
        "actionsEnabled": True,
        "alarmActions": [ALERTS, ROLLBACK],
        "okActions": [ALERTS],
        "tags": {"Endpoint": "live"},
    }
    latency = deployment.one("monitoring-live-champion-latency").inputs
    assert latency["extendedStatistic"] == "p99"
    assert "statistic" not in latency
    assert latency["threshold"] == 500_000


def test_a_share_is_metric_math_over_two_metrics() -> None:
    deployment, _ = monitoring("champion")
    rate = deployment.one("monitoring-live-champion-server-error-rate").inputs
    assert not {"namespace", "metricName", "dimensions", "statistic", "period"} & set(rate)
    dimensions = {"EndpointName": "churn-staging-live", "VariantName": "champion"}
    measured = {"namespace": "AWS/SageMaker", "dimensions": dimensions, "stat": "Sum", "period": 300}
    assert rate["metricQueries"] == [
        {"id": "part", "metric": {**measured, "metricName": "Invocation5XXErrors"}},
        {"id": "whole", "metric": {**measured, "metricName": "Invocations"}},
        {
            "id": "share",
            "expression": "100 * part / whole",
            "label": "Invocation5XXErrors in percent",
            "returnData": True,
        },
    ]
    assert (rate["threshold"], rate["evaluationPeriods"]) == (5, 2)


def test_drift_asks_for_retraining_not_for_a_rollback() -> None:
    deployment, _ = monitoring("champion")
    assert deployment.one("monitoring-live-drift").inputs["alarmActions"] == [ALERTS, RETRAINING]


def test_a_channel_that_nothing_answers_to_yet_is_left_out() -> None:
    deployment, _ = monitoring("champion", answers=False)
    assert deployment.one("monitoring-live-drift").inputs["alarmActions"] == [ALERTS]


def test_guards_of_a_rollout_are_alarms_of_every_variant_of_that_endpoint() -> None:
    _, found = monitoring("champion", "challenger", guards=("server_errors", "drift"))
    assert sorted(found) == [
        "churn-staging-live-challenger-server-error-rate",
        "churn-staging-live-challenger-server-errors",
        "churn-staging-live-champion-server-error-rate",
        "churn-staging-live-champion-server-errors",
        "churn-staging-live-drift",
        "churn-staging-live-halt",
    ]
    assert monitoring("champion")[1] == ["churn-staging-live-halt"]


def test_events_that_cannot_be_delivered_are_kept() -> None:
    deployment, _ = monitoring()
    assert json.loads(deployment.one("monitoring-pipeline-failed-rule").inputs["eventPattern"]) == FAILED.pattern
    targets = deployment.all("aws:cloudwatch/eventTarget:EventTarget")
    assert [target.name for target in targets] == [
        "monitoring-live-endpoint-failed-target",
        "monitoring-pipeline-failed-target",
    ]
    for target in targets:
        assert target.inputs["arn"] == ALERTS
        assert target.inputs["deadLetterConfig"] == {"arn": LETTERS}
        assert target.inputs["retryPolicy"] == {"maximumRetryAttempts": 10, "maximumEventAgeInSeconds": 3600}


def test_a_preview_declares_the_same() -> None:
    assert sorted(r.name for r in monitoring("champion", preview=True)[0].resources) == sorted(
        r.name for r in monitoring("champion")[0].resources
    )
