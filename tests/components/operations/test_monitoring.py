from __future__ import annotations

import functools
import json
from typing import Any

from components.ground.notifications import Notifications, NotificationsArgs
from components.operations.monitoring import Monitoring, MonitoringArgs
from components.operations.response import Response, ResponseArgs
from settings import Realtime, RollbackAlarm
from settings import Retraining as RetrainingSettings
from tests.components.engine import Deployment, deploy, ground

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:topic/churn-staging-"


@functools.cache
def monitoring(
    *variants: str, guards: tuple[RollbackAlarm, ...] = (), preview: bool = False
) -> tuple[Deployment, list[str]]:
    found: list[str] = []

    def program() -> None:
        base = ground()
        notifications = Notifications("notifications", NotificationsArgs(ground=base, notify=[]))
        response = Response(
            "response",
            ResponseArgs(ground=base, settings=RetrainingSettings(), notifications=notifications, retraining=True),
        )
        made = Monitoring(
            "monitoring",
            MonitoringArgs(
                ground=base,
                endpoint=Realtime(),
                variants=variants,
                max_drift=0.15,
                response=response,
                notifications=notifications,
            ),
        )
        for name in made.guards(guards):
            name.apply(found.append)

    return deploy(program, preview=preview), found


def test_every_alarm_acts_and_says_what_missing_data_means() -> None:
    deployment, _ = monitoring("champion", "challenger")
    alarms = deployment.all(ALARM)
    assert len(alarms) == 12
    for alarm in alarms:
        assert alarm.inputs["actionsEnabled"] is True
        assert f"{TOPIC}alerts" in alarm.inputs["alarmActions"]
        assert alarm.inputs["okActions"] == [f"{TOPIC}alerts"]
        assert alarm.inputs["treatMissingData"] == "notBreaching"
        assert alarm.inputs["datapointsToAlarm"] == alarm.inputs["evaluationPeriods"]


def test_a_sum_and_a_percentile() -> None:
    deployment, _ = monitoring("champion")
    errors = deployment.one("monitoring-champion-server-errors").inputs
    assert errors == {
        "name": "churn-staging-champion-server-errors",
        "alarmDescription": "champion: more than 10 answers with a 5xx status in 5 minutes, twice",
        "namespace": "AWS/SageMaker",
        "metricName": "Invocation5XXErrors",
        "dimensions": {"EndpointName": "churn-staging", "VariantName": "champion"},
        "statistic": "Sum",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 10,
        "period": 300,
        "evaluationPeriods": 2,
        "datapointsToAlarm": 2,
        "treatMissingData": "notBreaching",
        "actionsEnabled": True,
        "alarmActions": [f"{TOPIC}alerts", f"{TOPIC}rollback"],
        "okActions": [f"{TOPIC}alerts"],
    }
    latency = deployment.one("monitoring-champion-latency").inputs
    assert latency["extendedStatistic"] == "p99"
    assert "statistic" not in latency
    assert latency["threshold"] == 500_000


def test_drift_asks_for_retraining_not_for_a_rollback() -> None:
    deployment, _ = monitoring("champion")
    assert deployment.one("monitoring-drift").inputs["alarmActions"] == [f"{TOPIC}alerts", f"{TOPIC}retraining"]


def test_guards_of_a_rollout_are_alarms_of_every_variant() -> None:
    _, found = monitoring("champion", "challenger", guards=("server_errors", "drift"))
    assert sorted(found) == [
        "churn-staging-challenger-server-errors",
        "churn-staging-champion-server-errors",
        "churn-staging-drift",
    ]
    assert monitoring("champion")[1] == []


def test_before_the_first_release_only_what_exists_is_watched() -> None:
    deployment, _ = monitoring()
    assert deployment.names(ALARM) == [
        "monitoring-dead-letters",
        "monitoring-retraining-errors",
        "monitoring-rollback-errors",
    ]


def _pattern(role: str) -> dict[str, Any]:
    deployment, _ = monitoring()
    return json.loads(deployment.one(f"monitoring-{role}-rule").inputs["eventPattern"])


def test_people_hear_of_failed_runs_and_jobs_decided_packages_and_failed_rollouts() -> None:
    assert _pattern("pipeline-failed") == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
        "detail": {
            "pipelineArn": ["arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn-staging"],
            "currentPipelineExecutionStatus": ["Failed", "Stopped"],
        },
    }
    assert _pattern("package-decided")["detail"] == {
        "ModelPackageGroupName": ["churn-staging"],
        "ModelApprovalStatus": ["PendingManualApproval", "Approved", "Rejected"],
    }
    assert _pattern("endpoint-failed")["detail"]["EndpointName"] == ["churn-staging"]
    assert _pattern("drift-failed") == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Processing Job State Change"],
        "detail": {
            "ProcessingJobName": [{"prefix": "churn-staging-drift-"}],
            "ProcessingJobStatus": ["Failed", "Stopped"],
        },
    }


def test_events_that_cannot_be_delivered_are_kept() -> None:
    deployment, _ = monitoring()
    for target in deployment.all("aws:cloudwatch/eventTarget:EventTarget"):
        assert target.inputs["arn"] == f"{TOPIC}alerts"
        assert target.inputs["deadLetterConfig"] == {
            "arn": "arn:aws:sqs:eu-west-1:123456789012:queue/churn-staging-dead-letters"
        }
        assert target.inputs["retryPolicy"] == {"maximumRetryAttempts": 10, "maximumEventAgeInSeconds": 3600}


def test_a_preview_declares_the_same() -> None:
    assert sorted(r.name for r in monitoring("champion", preview=True)[0].resources) == sorted(
        r.name for r in monitoring("champion")[0].resources
    )
