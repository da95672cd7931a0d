"""What the feature store has of a contract: columns in its types, and what of a group can never be otherwise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from contracts.schema import Column, ColumnType, Contract, Pii

#: Database of the Glue Data Catalog that SageMaker makes for the tables of offline stores.
DATABASE: Final = "sagemaker_featurestore"

#: A boolean is 0 or 1 and a timestamp ISO 8601: the feature store has these three types only (API reference,
#: FeatureDefinition).
TYPES: Final[Mapping[ColumnType, str]] = {
    ColumnType.STRING: "String",
    ColumnType.INTEGER: "Integral",
    ColumnType.NUMBER: "Fractional",
    ColumnType.BOOLEAN: "Integral",
    ColumnType.TIMESTAMP: "String",
}


def columns(contract: Contract) -> tuple[Column, ...]:
    """Columns that the feature store has: the entity, the event time, and every one that a request may carry."""
    return (contract.column(contract.entity), contract.column(contract.event_time), *contract.inputs)


def feature_definitions(contract: Contract) -> dict[str, str]:
    """Feature name -> feature-store type; a column that is hashed is a text whatever it was."""
    return {c.name: "String" if c.pii is Pii.HASH else TYPES[c.type] for c in columns(contract)}


def identity(contract: Contract) -> str:
    """8 hex digits of what a group can never have otherwise: names and types of entity and event time."""
    keys = (contract.column(contract.entity), contract.column(contract.event_time))
    text = json.dumps([[column.name, column.type.value] for column in keys])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def group_name(prefix: str, contract: Contract) -> str:
    """The name of the group, after the prefix of its workload's names."""
    return f"{prefix}-features-{identity(contract)}"


def table_pattern(group: str) -> str:
    """Pattern of the table over a group's offline store: SageMaker names it by the group and the moment, as Athena has
    names (API reference, OfflineStoreConfig: DisableGlueTableCreation)."""
    return f"{group.replace('-', '_')}_*"
