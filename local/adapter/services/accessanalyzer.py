"""AWS IAM Access Analyzer."""

from __future__ import annotations

from local.adapter.table import ResourceType

SERVICE = "accessanalyzer"

TYPES = (
    ResourceType(
        "aws:accessanalyzer/analyzer:Analyzer",
        arn="arn:{partition}:access-analyzer:{region}:{account}:analyzer/{id}",
        defaults={"type": "ACCOUNT"},
        refused={"configuration": "it is of the paid analyses of unused and internal access; take the type ACCOUNT"},
        recorded="the emulator has no Access Analyzer",
    ),
)
