"""The policies, one module for each subject and family of services."""

from __future__ import annotations

from types import ModuleType

from ..rule import Rule
from . import (
    audit,
    audit_compute,
    cost,
    encryption_sagemaker,
    encryption_services,
    encryption_storage,
    governance_endpoint,
    governance_monitoring,
    governance_pipeline,
    governance_studio,
    iam_permissions,
    iam_roles,
    iam_secrets,
    network_endpoints,
    network_routes,
    network_sagemaker,
    network_vpc,
    protection,
    public_access,
    reliability_endpoint,
    reliability_services,
    tagging,
    transit,
)
from .theme import THEMES

# Importing a module adds its policies to their theme, in this order.
MODULES: tuple[ModuleType, ...] = (
    encryption_storage,
    encryption_services,
    encryption_sagemaker,
    transit,
    network_sagemaker,
    network_vpc,
    network_endpoints,
    network_routes,
    public_access,
    iam_permissions,
    iam_roles,
    iam_secrets,
    tagging,
    audit,
    audit_compute,
    protection,
    governance_pipeline,
    governance_endpoint,
    governance_monitoring,
    governance_studio,
    cost,
    reliability_endpoint,
    reliability_services,
)


def rules() -> list[Rule]:
    """Every policy of the pack, theme by theme."""
    return [rule for theme in THEMES for rule in theme.rules]
