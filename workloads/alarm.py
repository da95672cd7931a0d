"""The CloudWatch alarm notification that SNS hands to the rollback and retraining Lambdas.

Its layout: Amazon CloudWatch user guide, "Notify users on alarm changes". Standard library only: zipped into Lambdas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workloads.job import UserError


class EventError(UserError):
    """An event that is no alarm notification; the message shows what came instead."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One state change of an alarm. `changed` is when CloudWatch saw it."""

    name: str
    state: str
    reason: str
    changed: datetime


def from_sns(event: Mapping[str, Any]) -> Alarm:
    """The alarm in a Lambda event from SNS; EventError if there is none."""
    try:
        message = json.loads(event["Records"][0]["Sns"]["Message"])
        return Alarm(
            name=message["AlarmName"],
            state=message["NewStateValue"],
            reason=message["NewStateReason"],
            changed=datetime.fromisoformat(message["StateChangeTime"]),
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise EventError(f"not an alarm notification ({error!r}): {json.dumps(event, default=str)[:500]}") from error
