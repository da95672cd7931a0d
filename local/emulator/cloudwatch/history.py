"""DescribeAlarmHistory: the state changes of alarms, which moto keeps but does not serve."""

from __future__ import annotations

import itertools
import json
from typing import Any

from moto.cloudwatch.models import Alarm
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from local.emulator.extension import add

_MAXIMUM = 100


def describe_alarm_history(self: CloudWatchResponse) -> ActionResult:
    """The state updates of one alarm or of all, newest first unless `ScanBy` says otherwise."""
    name = self._get_param("AlarmName")
    chosen = [alarm for alarm in self.cloudwatch_backend.alarms.values() if name in (None, alarm.name)]
    items = [item for alarm in chosen for item in _items(alarm)]
    items.sort(key=lambda item: item["Timestamp"], reverse=self._get_param("ScanBy") != "TimestampAscending")
    return ActionResult({"AlarmHistoryItems": items[: self._get_param("MaxRecords") or _MAXIMUM]})


def _items(alarm: Alarm) -> list[dict[str, Any]]:
    states = [(value, reason, moment) for _, reason, _, value, moment in alarm.history]
    states.append((alarm.state_value, alarm.state_reason, alarm.state_updated_timestamp))
    return [
        {
            "AlarmName": alarm.name,
            "AlarmType": "MetricAlarm" if alarm.rule is None else "CompositeAlarm",
            "Timestamp": moment,
            "HistoryItemType": "StateUpdate",
            "HistorySummary": f"Alarm updated from {old} to {new}",
            "HistoryData": json.dumps(
                {
                    "version": "1.0",
                    "oldState": {"stateValue": old, "stateReason": why_old},
                    "newState": {"stateValue": new, "stateReason": why_new},
                }
            ),
        }
        for (old, why_old, _), (new, why_new, moment) in itertools.pairwise(states)
    ]


def install() -> None:
    """Add the operation."""
    add(CloudWatchResponse, "describe_alarm_history", describe_alarm_history)
