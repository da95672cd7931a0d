"""AWS Budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.adapter.conversions import by, one
from local.adapter.table import ACCOUNT, Call, ResourceType, To, value
from local.adapter.values import UNKNOWN, contains_unknown, known_items

SERVICE = "budgets"


def _day(moment: Any) -> str:
    """The provider writes 2026-01-31_12:00, the API takes an RFC 3339 time."""
    return f"{str(moment).replace('_', 'T')}:00Z"


def _limits(limits: Any) -> Any:
    return {entry["startTime"]: {"Amount": entry["amount"], "Unit": entry["unit"]} for entry in known_items(limits)}


_SUBSCRIBERS = {"subscriberEmailAddresses": "EMAIL", "subscriberSnsTopicArns": "SNS"}


def _notification(notification: Mapping[str, Any]) -> dict[str, Any]:
    """A notification and who gets it; as long as some of the addresses are unknown, so is who gets it."""
    subscribers: Any = [
        {"SubscriptionType": kind, "Address": address}
        for key, kind in _SUBSCRIBERS.items()
        for address in known_items(notification.get(key))
    ]
    if any(contains_unknown(notification.get(key)) for key in _SUBSCRIBERS):
        subscribers = UNKNOWN
    plain = {key: item for key, item in notification.items() if key not in _SUBSCRIBERS}
    return {"Notification": plain, "Subscribers": subscribers}


def _notifications(notifications: Any) -> Any:
    return [_notification(item) for item in known_items(notifications)]


def _fields(member: str) -> dict[str, str | To]:
    return {
        "costFilters": To(f"{member}.CostFilters", by("name", "values")),
        "limitAmount": f"{member}.BudgetLimit.Amount",
        "limitUnit": f"{member}.BudgetLimit.Unit",
        "metrics": To(f"{member}.Metrics", one),
        "plannedLimits": To(f"{member}.PlannedBudgetLimits", _limits),
        "timePeriodEnd": To(f"{member}.TimePeriod.End", _day),
        "timePeriodStart": To(f"{member}.TimePeriod.Start", _day),
    }


_OWNER = {"AccountId": value("accountId", ACCOUNT)}

TYPES = (
    ResourceType(
        "aws:budgets/budget:Budget",
        id="{account}:{name}",
        arn="arn:{partition}:budgets::{account}:budget/{name}",
        create=(Call("CreateBudget", given=_OWNER),),
        inside="Budget",
        fields={**_fields("Budget"), "notifications": To("NotificationsWithSubscribers", _notifications)},
        update=(
            Call(
                "UpdateBudget",
                given={**_OWNER, "NewBudget.BudgetName": value("name")},
                inside="NewBudget",
                fields=_fields("NewBudget"),
            ),
        ),
        delete=(Call("DeleteBudget", given=_OWNER),),
        replace=("accountId", "name", "namePrefix", "notifications"),
        outputs={"accountId": value("accountId", ACCOUNT)},
        lacking=("TagResource", "UntagResource", "UpdateBudget"),
    ),
)
