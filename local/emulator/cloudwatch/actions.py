"""What follows from an alarm's change of state: its actions for the new state, and the EventBridge event."""

from __future__ import annotations

import json

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.sns.exceptions import TopicNotFound
from moto.sns.models import sns_backends

from local.emulator.cloudwatch import messages
from local.emulator.cloudwatch.messages import StateRecord
from local.emulator.context import Context
from local.emulator.delivery import events, permissions
from local.emulator.delivery.log import Status


def notify(context: Context, backend: CloudWatchBackend, alarm: Alarm, old: StateRecord, new: StateRecord) -> None:
    """Deliver a change of state. Like CloudWatch, an action that cannot be delivered does not undo the change."""
    change = context.log.add(
        alarm.alarm_arn, alarm.alarm_arn, Status.DELIVERED, change=f"{old.value} -> {new.value}", reason=new.reason
    )
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }[new.value]
    with context.log.causing(change):
        for action in actions if alarm.actions_enabled else ():
            _act(context, backend, alarm, action, old, new)
        events.emit(
            context,
            backend.account_id,
            backend.region_name,
            source="aws.cloudwatch",
            detail_type="CloudWatch Alarm State Change",
            resources=[alarm.alarm_arn],
            detail=messages.event_detail(alarm, old, new),
        )


def _act(
    context: Context, backend: CloudWatchBackend, alarm: Alarm, action: str, old: StateRecord, new: StateRecord
) -> None:
    service = action.split(":")[2]
    if service == "sns":
        _publish(context, backend, alarm, action, old, new)
    elif service == "autoscaling" and context.scale is not None:
        context.scale(backend, alarm, action)
    else:
        context.log.add(alarm.alarm_arn, action, Status.NOT_EMULATED, reason=f"alarm actions of {service}")


def _publish(
    context: Context, backend: CloudWatchBackend, alarm: Alarm, topic: str, old: StateRecord, new: StateRecord
) -> None:
    region, account = topic.split(":")[3:5]
    topics = sns_backends[account][region]
    try:
        refusal = permissions.to_topic(topics.get_topic(topic), permissions.ALARMS, alarm.alarm_arn)
    except TopicNotFound:
        refusal = "the topic does not exist"
    if refusal:
        context.log.add(alarm.alarm_arn, topic, Status.FAILED, error=refusal)
        return
    message = messages.sns_message(alarm, backend.account_id, old, new)
    with context.log.causing(context.log.add(alarm.alarm_arn, topic, Status.DELIVERED, state=new.value)):
        topics.publish(json.dumps(message), arn=topic, subject=messages.sns_subject(alarm, new))
