"""The policies in force: what the pack declares, with the levels and settings of the configuration laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from pulumi.runtime.proto import analyzer_pb2 as pb

from automation.evidence import Policy
from policies.guardrails.schema import Schema, level_of, with_defaults


def schema_of(policy: pb.PolicyInfo) -> dict[str, Schema]:
    """The JSON schema of each setting of a policy."""
    properties = policy.configSchema.properties if policy.HasField("configSchema") else None
    return json_format.MessageToDict(properties) if properties is not None else {}


def merged(policy: pb.PolicyInfo, schema: Mapping[str, Schema], config: Mapping[str, Any]) -> Policy:
    """A policy with its level and settings, merged as the CLI does: declared, then `all`, then its own entry."""
    own = config.get(policy.name, {})
    entry: Mapping[str, Any] = {} if isinstance(own, str) else own
    declared = pb.EnforcementLevel.Name(policy.enforcementLevel).lower()
    settings = {key: value for key, value in entry.items() if key != "enforcementLevel"}
    return Policy(
        name=policy.name,
        level=level_of(own) or level_of(config.get("all")) or declared,
        kind="stack" if policy.policy_type == pb.POLICY_TYPE_STACK else "resource",
        description=policy.description,
        severity=_severity(policy.severity),
        tags=tuple(policy.tags),
        framework=" ".join(filter(None, (policy.framework.name, policy.framework.version, policy.framework.reference))),
        remediation_steps=policy.remediation_steps,
        url=policy.url,
        config=with_defaults(schema, settings),
    )


def _severity(severity: pb.PolicySeverity.ValueType) -> str:
    name = pb.PolicySeverity.Name(severity).removeprefix("POLICY_SEVERITY_").lower()
    return "" if name == "unspecified" else name
