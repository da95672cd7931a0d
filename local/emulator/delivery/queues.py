"""Messages that one service puts on a queue of another, dead-letter queues among them."""

from __future__ import annotations

from collections.abc import Mapping

from moto.sqs.models import sqs_backends

from local.emulator.context import Context
from local.emulator.delivery import permissions
from local.emulator.delivery.log import Status


def exists(arn: str) -> bool:
    """Whether there is a queue of this ARN."""
    region, account, name = arn.split(":")[3:6]
    return name in sqs_backends[account][region].queues


def refusal(arn: str, service: str, source: str) -> str | None:
    """Why a service may not send to a queue on behalf of `source`; None when it may."""
    region, account, name = arn.split(":")[3:6]
    if not exists(arn):
        return f"queue {name} does not exist"
    return permissions.to_queue(sqs_backends[account][region].queues[name], service, source)


def put(arn: str, body: str, attributes: Mapping[str, str] | None = None, group: str | None = None) -> None:
    """Put a message on a queue that is there."""
    region, account, name = arn.split(":")[3:6]
    typed = {key: {"DataType": "String", "StringValue": value} for key, value in (attributes or {}).items()}
    sqs_backends[account][region].send_message(name, body, message_attributes=typed, group_id=group)


def bury(
    context: Context,
    arn: str | None,
    body: str,
    *,
    source: str,
    service: str,
    error: str,
    attributes: Mapping[str, str] | None = None,
) -> None:
    """Put what could not be delivered on the dead-letter queue `arn`, when there is one."""
    if not arn:
        return
    if refused := refusal(arn, service, source):
        context.log.add(source, arn, Status.FAILED, error=refused)
        return
    put(arn, body, attributes)
    context.log.add(source, arn, Status.DEAD_LETTERED, error=error)
