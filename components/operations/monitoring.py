"""Monitoring: what the components of a workload want watched, as alarms, event rules and a dashboard.

Every alarm has an action. Alarms on an endpoint exist before the endpoint does: its rollout names the ones that turn it
back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.ground import Ground
from components.operations.dashboard import dashboard
from components.service import Service
from components.watch import Alarm, Channel, Event, Watch
from contracts.names import WorkloadNames
from settings import RollbackAlarm

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "cloudwatch",
        types="cloudwatch/dashboard cloudwatch/metricAlarm",
        reads="DescribeAlarms GetDashboard ListTagsForResource",
        changes="DeleteAlarms DeleteDashboards PutDashboard PutMetricAlarm TagResource UntagResource",
        named="alarm:{every}",
    ),
    Service(
        "events",
        types="cloudwatch/eventRule cloudwatch/eventTarget",
        reads="DescribeRule ListTagsForResource ListTargetsByRule",
        changes="DeleteRule PutRule PutTargets RemoveTargets TagResource UntagResource",
        named="rule/{every}",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A part of the workload: what of it is to be watched, and the topics of those who answer to its alarms.

    `topics` need no entry for people. A channel without a topic is left out of an alarm's actions: what would answer is
    not there yet. `tags` are those that its alarms have beside the workload's.
    """

    watch: Watch
    topics: Mapping[Channel, pulumi.Input[str]]
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """`parts` are watched by name: the workload's own under its name, and every endpoint."""

    ground: Ground
    names: WorkloadNames
    parts: Mapping[str, Watched]
    dead_letters_arn: pulumi.Input[str]


class Monitoring(pulumi.ComponentResource):
    """Alarms, event rules and the dashboard.

    monitoring = Monitoring("churn-monitoring", MonitoringArgs(ground=ground, names=names, parts=parts, ...))
    monitoring.guards("live", ["server_errors", "latency"])     # alarm names for the endpoint's rollout
    """

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:operations:Monitoring", name, None, opts)
        self._name, self._args, self._prefix = name, args, f"{args.names.prefix}-"
        self._alarms = {
            part: [(each, self._alarm(each, watched)) for each in watched.watch.alarms]
            for part, watched in args.parts.items()
        }
        everything = sum((watched.watch for watched in args.parts.values()), Watch())
        for event in everything.events:
            self._event_rule(event)
        aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=args.names.prefix,
            dashboard_body=dashboard(args.names.region, everything.widgets),
            opts=self._child(),
        )
        self.register_outputs({"alarms": [alarm.name for alarms in self._alarms.values() for _, alarm in alarms]})

    def guards(self, part: str, kinds: Sequence[RollbackAlarm]) -> list[pulumi.Output[str]]:
        """Names of a part's alarms that answer to these settings of `rollback_alarms`, and of its halt alarm."""
        return [resource.name for alarm, resource in self._alarms[part] if alarm.guards in (*kinds, "halt")]

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _alarm(self, found: Alarm, watched: Watched) -> aws.cloudwatch.MetricAlarm:
        told = {Channel.ALERTS: self._args.ground.alerts_arn, **watched.topics}
        return alarm(
            f"{self._name}-{found.name.removeprefix(self._prefix)}", found, told, self._child(), tags=watched.tags
        )

    def _event_rule(self, event: Event) -> None:
        role = event.name.removeprefix(self._prefix)
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-{role}-rule",
            name=event.name,
            description=event.description,
            event_pattern=json.dumps(event.pattern, sort_keys=True),
            opts=self._child(),
        )
        aws.cloudwatch.EventTarget(
            f"{self._name}-{role}-target",
            rule=rule.name,
            target_id="alerts",
            arn=self._args.ground.alerts_arn,
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_retry_attempts=10, maximum_event_age_in_seconds=3600
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=self._args.dead_letters_arn),
            opts=self._child(),
        )


def alarm(
    name: str,
    found: Alarm,
    told: Mapping[Channel, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
    *,
    tags: Mapping[str, str] | None = None,
) -> aws.cloudwatch.MetricAlarm:
    """The resource of an alarm. `told` are the topics by channel: people hear of its end too."""
    return aws.cloudwatch.MetricAlarm(
        name,
        name=found.name,
        alarm_description=found.description,
        **_measured(found),
        comparison_operator="LessThanThreshold" if found.absent else "GreaterThanThreshold",
        threshold=found.threshold,
        evaluation_periods=found.periods,
        datapoints_to_alarm=found.periods,
        # An endpoint without traffic and a queue without letters report nothing; that is no fault.
        treat_missing_data="breaching" if found.absent else "notBreaching",
        actions_enabled=True,
        alarm_actions=[told[channel] for channel in found.channels if channel in told],
        ok_actions=[told[Channel.ALERTS]],
        tags=tags or None,
        opts=opts,
    )


def _measured(found: Alarm) -> dict[str, Any]:
    """The metric of an alarm, or a share by metric math; CloudWatch takes one of the two."""
    dimensions = dict(found.dimensions)
    if found.share_of is None:
        percentile = found.statistic.startswith("p")
        return {
            "namespace": found.namespace,
            "metric_name": found.metric,
            "dimensions": dimensions,
            "statistic": None if percentile else found.statistic,
            "extended_statistic": found.statistic if percentile else None,
            "period": found.period_seconds,
        }

    def read(called: str, metric: str) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
        return aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=called,
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace=found.namespace,
                metric_name=metric,
                dimensions=dimensions,
                stat=found.statistic,
                period=found.period_seconds,
            ),
        )

    share = aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id="share", expression="100 * part / whole", label=f"{found.metric} in percent", return_data=True
    )
    return {"metric_queries": [read("part", found.metric), read("whole", found.share_of), share]}
