"""Facts of instance types and of kinds of endpoints, from a table that `python -m contracts.facts` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).parent / "data" / "facts.json"


@cache
def _table() -> Mapping[str, Any]:
    return json.loads(_TABLE.read_text(encoding="utf-8"))


@cache
def _local_storage() -> frozenset[str]:
    return frozenset(_table()["local_storage"])


def takes_volume_key(instance_type: object) -> bool:
    """Whether an instance type has a volume that a KMS key can encrypt; so has the default type, when none is set.

    Others have disks of their own, which encrypt themselves, and the API refuses a key for them (SageMaker API
    Reference, CreateEndpointConfig, KmsKeyId).
    """
    return not (isinstance(instance_type, str) and instance_type in _local_storage())


def kind(name: str) -> Mapping[str, Any]:
    """What a kind of endpoint is able to do: `has_instances`, `captures`, `scales_to_zero`, `rollouts`."""
    return _table()["kinds"][name]
