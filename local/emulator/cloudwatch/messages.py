"""What CloudWatch says when an alarm changes: the SNS message and the EventBridge event.

Sources: CloudWatch user guide, "Alarm events and EventBridge"; the SNS
message as SNS delivers it (its `Trigger` spells dimensions in lower case and statistics in upper case).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm

from local.emulator.cloudwatch.sources import returns_data


@dataclass(frozen=True, kw_only=True)
class StateRecord:
    """The state of an alarm at one time, with its reason in words and as JSON text."""

    value: str
    reason: str
    reason_data: str
    timestamp: datetime

    @classmethod
    def of(cls, alarm: Alarm) -> StateRecord:
        """The state an alarm is in now."""
        return cls(
            value=alarm.state_value,
            reason=alarm.state_reason,
            reason_data=alarm.state_reason_data or "{}",
            timestamp=alarm.state_updated_timestamp,
        )

    def as_event(self) -> dict[str, str]:
        """The form of EventBridge."""
        return {
            "value": self.value,
            "reason": self.reason,
            "reasonData": self.reason_data,
            "timestamp": _timestamp(self.timestamp),
        }


def region_name(code: str) -> str:
    """`EU (Ireland)` for `eu-west-1`, as CloudWatch writes regions in messages."""
    from local.adapter import regions  # with the whole of it: an emulator without alarms starts without

    return regions.description(code).replace("Europe", "EU")


def sns_subject(alarm: Alarm, new: StateRecord) -> str:
    """The subject of the notification, at most 100 characters as SNS demands."""
    return f'{new.value}: "{alarm.name}" in {region_name(alarm.region_name)}'[:100]


def sns_message(alarm: Alarm, account: str, old: StateRecord, new: StateRecord) -> dict[str, Any]:
    """The body of the notification."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": _timestamp(alarm.configuration_updated_timestamp),
        "NewStateValue": new.value,
        "NewStateReason": new.reason,
        "StateChangeTime": _timestamp(new.timestamp),
        "Region": region_name(alarm.region_name),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old.value,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": _trigger(alarm),
    }


def _trigger(alarm: Alarm) -> dict[str, Any]:
    common = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if alarm.metric_data_queries:
        return common | {"Metrics": configured_metrics(alarm)}
    extended = alarm.extended_statistic
    return common | {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "ExtendedStatistic" if extended else "Statistic",
        ("ExtendedStatistic" if extended else "Statistic"): extended or str(alarm.statistic).upper(),
        "Unit": alarm.unit,
        "Dimensions": [{"value": d.value, "name": d.name} for d in alarm.dimensions],
    }


def configured_metrics(alarm: Alarm) -> list[dict[str, Any]]:
    """The metrics an alarm reads, in the form of the EventBridge event."""
    if not alarm.metric_data_queries:
        stat = alarm.extended_statistic or alarm.statistic
        named = {"namespace": alarm.namespace, "name": alarm.metric_name}
        read = {"metric": named | {"dimensions": {d.name: d.value for d in alarm.dimensions}}}
        # The id is not part of the alarm; a name-based one keeps it the same from event to event.
        identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, alarm.alarm_arn))
        return [{"id": identifier, "metricStat": read | {"period": alarm.period, "stat": stat}, "returnData": True}]
    return [_configured_query(query) for query in alarm.metric_data_queries]


def _configured_query(query: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": query.id,
        "label": query.label or "",
        "returnData": returns_data(query),
    }
    if query.expression:
        return entry | {"expression": query.expression}
    read = query.metric_stat
    named = {"namespace": read.metric.namespace, "name": read.metric.metric_name}
    named |= {"dimensions": {d.name: d.value for d in read.metric.dimensions}}
    return entry | {"metricStat": {"metric": named, "period": int(read.period), "stat": read.stat}}


def event_detail(alarm: Alarm, old: StateRecord, new: StateRecord) -> dict[str, Any]:
    """The detail of the event `CloudWatch Alarm State Change`."""
    return {
        "alarmName": alarm.name,
        "state": new.as_event(),
        "previousState": old.as_event(),
        "configuration": {"description": alarm.description or "", "metrics": configured_metrics(alarm)},
    }


def _timestamp(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.isoformat(timespec="milliseconds").replace("+00:00", "+0000")
