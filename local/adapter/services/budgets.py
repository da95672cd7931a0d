"""AWS Budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.adapter.conversions import one
from local.adapter.table import ACCOUNT, Autoname, Call, ResourceType, Tagging, To, text, value
from local.adapter.values import UNKNOWN, contains_unknown, known_items

_BUDGET = {
    "autoAdjustData": "AutoAdjustData",
    "billingViewArn": "BillingViewArn",
    "budgetType": "BudgetType",
    "costTypes": "CostTypes",
    "filterExpression": "FilterExpression",
    "limitAmount": "BudgetLimit.Amount",
    "limitUnit": "BudgetLimit.Unit",
    "metrics": "Metrics",
    "name": "BudgetName",
    "timeUnit": "TimeUnit",
}


def _filters(filters: Any) -> Any:
    return {entry["name"]: entry["values"] for entry in known_items(filters)}


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
        **{key: f"{member}.{name}" for key, name in _BUDGET.items()},
        "costFilters": To(f"{member}.CostFilters", _filters),
        "metrics": To(f"{member}.Metrics", one),
        "plannedLimits": To(f"{member}.PlannedBudgetLimits", _limits),
        "timePeriodEnd": To(f"{member}.TimePeriod.End", _day),
        "timePeriodStart": To(f"{member}.TimePeriod.Start", _day),
    }


_OWNER = {"AccountId": value("accountId", ACCOUNT)}

BUDGET = ResourceType(
    type="aws:budgets/budget:Budget",
    service="budgets",
    autoname=Autoname(prefix_key="namePrefix", longest=100),
    create=(Call(operation="CreateBudget", given=_OWNER),),
    fields={**_fields("Budget"), "notifications": To("NotificationsWithSubscribers", _notifications)},
    provider_only=("namePrefix",),
    update=(
        Call(
            operation="UpdateBudget",
            takes=tuple(key for key in _fields("NewBudget") if key != "name"),
            given={**_OWNER, "NewBudget.BudgetName": value("name")},
            fields=_fields("NewBudget"),
        ),
    ),
    delete=(Call(operation="DeleteBudget", given={**_OWNER, "BudgetName": value("name")}),),
    replace=("accountId", "name", "namePrefix", "notifications"),
    id=text("{account}:{name}"),
    outputs={"accountId": value("accountId", ACCOUNT), "arn": text("arn:{partition}:budgets::{account}:budget/{name}")},
    tags=Tagging(
        create="ResourceTags",
        tag="TagResource",
        untag="UntagResource",
        given={"ResourceARN": value("arn")},
        member="ResourceTags",
        keys="ResourceTagKeys",
    ),
)

TYPES = (BUDGET,)
