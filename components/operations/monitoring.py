"""Monitoring: alarms with an action each, events of the pipeline and the registry, and the dashboard.

Alarms on the endpoint exist before the endpoint does: its rollout names the ones that turn it back. The data-quality
monitor needs a living endpoint and has its own component, `components.operations.quality`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.ground import Ground
from components.ground.notifications import Channel, Notifications
from components.naming import DEAD_LETTERS, Names
from components.operations.alarms import Alarm, plan
from components.operations.dashboard import dashboard
from components.operations.response import Response
from settings import Realtime, RollbackAlarm

#: The events spell a status in capitals, the API as one word; a rule that knows one spelling only might never match.
_TROUBLE = (
    "FAILED", "Failed", "ROLLING_BACK", "RollingBack", "UPDATE_ROLLBACK_FAILED", "UpdateRollbackFailed",
)  # fmt: skip


def event_patterns(names: Names) -> dict[str, tuple[str, dict[str, Any]]]:
    """Role -> description and pattern of each event rule that tells people."""
    return {
        "pipeline-failed": (
            "A training run failed or was stopped",
            {
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
                "detail": {
                    "pipelineArn": [names.arn("sagemaker", f"pipeline/{names.pipeline}")],
                    "currentPipelineExecutionStatus": ["Failed", "Stopped"],
                },
            },
        ),
        "drift-failed": (
            "A drift job failed or was stopped: there is no DriftScore for its hour",
            {
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Processing Job State Change"],
                "detail": {
                    "ProcessingJobName": [{"prefix": names.resource("drift-")}],
                    "ProcessingJobStatus": ["Failed", "Stopped"],
                },
            },
        ),
        "package-decided": (
            "A model package waits for approval, was approved or was rejected",
            {
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Model Package State Change"],
                "detail": {
                    "ModelPackageGroupName": [names.package_group],
                    "ModelApprovalStatus": ["PendingManualApproval", "Approved", "Rejected"],
                },
            },
        ),
        "endpoint-failed": (
            "The endpoint failed, or SageMaker turned a rollout back",
            {
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Endpoint Deployment State Change", "SageMaker Endpoint State Change"],
                "detail": {
                    "EndpointName": [names.endpoint],
                    "EndpointStatus": list(_TROUBLE),
                },
            },
        ),
    }


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """`variants` are those of the live release, empty before the first.

    `max_drift` is the DriftScore above which retraining is asked for.
    """

    ground: Ground
    endpoint: Realtime
    variants: Sequence[str]
    max_drift: float
    response: Response
    notifications: Notifications


class Monitoring(pulumi.ComponentResource):
    """Alarms, event rules and the dashboard.

    monitoring = Monitoring("monitoring", MonitoringArgs(ground=ground, endpoint=endpoint, notifications=..., ...))
    monitoring.guards(["server_errors", "latency"])     # alarm names for the endpoint's rollout
    """

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:monitoring:Monitoring", name, None, opts)
        self._name, self._args, self._names = name, args, args.ground.names
        queue = self._names.resource(DEAD_LETTERS)
        planned = plan(
            self._names,
            args.endpoint,
            variants=args.variants,
            max_drift=args.max_drift,
            functions=args.response.functions,
            dead_letters=queue,
        )
        self._alarms = [(alarm, self._alarm(alarm)) for alarm in planned]
        for role, (description, pattern) in event_patterns(self._names).items():
            self._event_rule(role, description, pattern)
        aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=self._names.prefix,
            dashboard_body=dashboard(
                self._names, variants=args.variants, functions=args.response.functions, dead_letters=queue
            ),
            opts=self._child(),
        )
        self.register_outputs({"alarms": [alarm.name for _, alarm in self._alarms]})

    def guards(self, kinds: Sequence[RollbackAlarm]) -> list[pulumi.Output[str]]:
        """Names of the alarms that answer to these settings of `rollback_alarms`."""
        return [resource.name for alarm, resource in self._alarms if alarm.guards in kinds]

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _alarm(self, alarm: Alarm) -> aws.cloudwatch.MetricAlarm:
        percentile = alarm.statistic.startswith("p")
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-{alarm.role}",
            name=self._names.resource(alarm.role),
            alarm_description=alarm.description,
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=dict(alarm.dimensions),
            statistic=None if percentile else alarm.statistic,
            extended_statistic=alarm.statistic if percentile else None,
            comparison_operator="GreaterThanThreshold",
            threshold=alarm.threshold,
            period=alarm.period_seconds,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.periods,
            # An endpoint without traffic and a queue without letters report nothing; that is no fault.
            treat_missing_data="notBreaching",
            actions_enabled=True,
            alarm_actions=[self._args.notifications[channel].arn for channel in alarm.channels],
            ok_actions=[self._args.notifications[Channel.ALERTS].arn],
            opts=self._child(),
        )

    def _event_rule(self, role: str, description: str, pattern: dict[str, Any]) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-{role}-rule",
            name=self._names.resource(role),
            description=description,
            event_pattern=json.dumps(pattern, sort_keys=True),
            opts=self._child(),
        )
        aws.cloudwatch.EventTarget(
            f"{self._name}-{role}-target",
            rule=rule.name,
            target_id="alerts",
            arn=self._args.notifications[Channel.ALERTS].arn,
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_retry_attempts=10, maximum_event_age_in_seconds=3600
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=self._args.response.dead_letters.arn),
            opts=self._child(),
        )
