"""The tables: one module for each AWS service, each a list of resource types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from local.adapter.errors import UnknownType
from local.adapter.services import (
    appautoscaling,
    budgets,
    cloudcontrol,
    cloudwatch,
    ec2,
    ec2_endpoints,
    ec2_routes,
    ec2_security_groups,
    ecr,
    events,
    glue,
    iam,
    kms,
    lambda_,
    logs,
    s3,
    sagemaker,
    scheduler,
    secretsmanager,
    sns,
    sqs,
    ssm,
)
from local.adapter.services.recorded import RECORDED
from local.adapter.table import ResourceType

_MODULES = (
    appautoscaling,
    budgets,
    cloudcontrol,
    cloudwatch,
    ec2,
    ec2_endpoints,
    ec2_routes,
    ec2_security_groups,
    ecr,
    events,
    glue,
    iam,
    kms,
    lambda_,
    logs,
    s3,
    sagemaker,
    scheduler,
    secretsmanager,
    sns,
    sqs,
    ssm,
)


def _index() -> dict[str, ResourceType]:
    found: dict[str, ResourceType] = {}
    for module in _MODULES:
        for kind in module.TYPES:
            if kind.type in found:
                raise ValueError(f"{kind.type} is in two tables; the second is in {module.__name__}")
            found[kind.type] = replace(kind, recorded=RECORDED.get(kind.type, ""))
    if stray := RECORDED.keys() - found.keys():
        raise ValueError(f"recorded types without a table: {', '.join(sorted(stray))}")
    return found


#: Type token -> table of the type.
RESOURCE_TYPES: Mapping[str, ResourceType] = _index()


def resource_type(token: str) -> ResourceType:
    """The table of a type. Raises UnknownType."""
    try:
        return RESOURCE_TYPES[token]
    except KeyError:
        raise UnknownType(
            f"{token}: the adapter has no table for this type; add one to its service in local/adapter/services"
        ) from None
