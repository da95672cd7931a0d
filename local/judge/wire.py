"""Resources as the engine puts them on the wire to a policy pack (pulumirpc.Analyzer)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb

from local import values
from local.judge.model import Judged

_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"  # signature of a resource reference (pulumi/runtime/rpc.py)
_DURATION = re.compile(r"([0-9.]+)(h|ms|m|s)")
_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def request(resource: Judged) -> pb.AnalyzeRequest:
    """A resource for Analyze and Remediate, before it is created or changed."""
    return pb.AnalyzeRequest(**_fields(resource))


def stack_resource(resource: Judged) -> pb.AnalyzerResource:
    """A resource for AnalyzeStack, with what it comes from."""
    return pb.AnalyzerResource(
        **_fields(resource),
        parent=resource.parent,
        dependencies=resource.dependencies,
        propertyDependencies={
            key: pb.AnalyzerPropertyDependencies(urns=urns) for key, urns in resource.property_dependencies.items()
        },
    )


def _fields(resource: Judged) -> dict[str, Any]:
    return {
        "type": resource.type,
        "name": resource.name,
        "urn": resource.urn,
        "properties": _properties(resource),
        "options": _options(resource),
        "provider": _provider(resource.provider),
    }


def _properties(resource: Judged) -> struct_pb2.Struct:
    """What the provider has checked is never empty: the engine's has `__defaults` at the least."""
    return values.to_struct(_without_references(resource.properties) or {"__defaults": []})


def _provider(provider: Judged | None) -> pb.AnalyzerProviderResource | None:
    if provider is None:
        return None
    return pb.AnalyzerProviderResource(
        type=provider.type,
        name=provider.name,
        urn=provider.urn,
        properties=values.to_struct(_without_references(provider.properties)),
    )


def _options(resource: Judged) -> pb.AnalyzerResourceOptions:
    options = resource.options
    before = options.get("deleteBeforeReplace")
    timeouts: Mapping[str, str] = options.get("customTimeouts", {})
    return pb.AnalyzerResourceOptions(
        protect=bool(options.get("protect")),
        ignoreChanges=options.get("ignoreChanges", ()),
        deleteBeforeReplace=bool(before),
        deleteBeforeReplaceDefined=before is not None,
        additionalSecretOutputs=options.get("additionalSecretOutputs", ()),
        aliases=options.get("aliases", ()),
        customTimeouts=pb.AnalyzerResourceOptions.CustomTimeouts(
            **{operation: _seconds(duration) for operation, duration in timeouts.items()}
        ),
        parent=resource.parent,
    )


def _seconds(duration: str) -> float:
    """Seconds of a Go duration such as `1h30m`."""
    return sum(float(amount) * _UNIT_SECONDS[unit] for amount, unit in _DURATION.findall(duration))


def _without_references(value: Any) -> Any:
    """References to resources as their ids, as the engine sends them to a pack; an empty id is not known yet."""
    if isinstance(value, Mapping):
        mapping = cast(Mapping[str, Any], value)
        if values.signature(dict(mapping)) == _REFERENCE:
            return mapping["id"] or values.UNKNOWN
        return {key: _without_references(item) for key, item in mapping.items()}
    if isinstance(value, list | tuple):
        return [_without_references(item) for item in cast(Sequence[Any], value)]
    return value
