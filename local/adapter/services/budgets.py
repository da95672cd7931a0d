"""AWS Budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.adapter.conversions import one
from local.adapter.table import ACCOUNT, Autoname, Call, ResourceType, Tagging, To, text, value

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
    return {entry["name"]: entry["values"] for entry in filters if isinstance(entry, Mapping)}


def _day(moment: Any) -> str:
    """The provider writes 2026-01-31_12:00, the API takes an RFC 3339 time."""
    return f"{str(moment).replace('_', 'T')}:00Z"


def _limits(limits: Any) -> Any:
    return {entry["startTime"]: {"Amount": entry["amount"], "Unit": entry["unit"]} for entry in limits}


def _notification(notification: Mapping[str, Any]) -> dict[str, Any]:
    subscribers = [
        {"SubscriptionType": kind, "Address": address}
        for key, kind in (("subscriberEmailAddresses", "EMAIL"), ("subscriberSnsTopicArns", "SNS"))
        for address in notification.get(key) or []
    ]
    plain = {key: item for key, item in notification.items() if not key.startswith("subscriber")}
    return {"Notification": plain, "Subscribers": subscribers}


def _notifications(notifications: Any) -> Any:
    return [_notification(item) if isinstance(item, Mapping) else item for item in notifications]


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
