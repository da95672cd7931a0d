"""The tables of a workload in the Glue Data Catalog, as its contract tells them: nobody has to look into the files.

Athena finds the columns of Parquet by name and reads null where a file is older than a column (Athena user guide,
"Handle schema updates"), and computes partitions from keys (user guide, "Partition projection"), so new files and new
columns ask for no crawler. Names are lower-case, as Glue keeps them; contracts tell columns apart without regard to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from contracts import expression
from contracts.layout import Layout
from contracts.release.record import CHALLENGER, CHAMPION, SHADOW
from contracts.schema import Column, ColumnType, Contract, Pii, Task
from contracts.tree import ColumnRef, Node

#: Logical type -> type of Hive, which Glue and Athena share.
TYPES: Final[Mapping[ColumnType, str]] = {
    ColumnType.STRING: "string",
    ColumnType.INTEGER: "bigint",
    ColumnType.NUMBER: "double",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.TIMESTAMP: "timestamp",
}
#: What a column is to who reads tables: open to those who work with data, or of persons.
OPEN, PERSONAL = "open", "personal"
#: Characters of a comment (Glue API reference, Column).
MAX_COMMENT: Final = 255
#: An hour of captured traffic is kept for ten years at most (`lake.data_capture_days`).
_HOURS: Final = "NOW-10YEARS,NOW"
_SIDE: Final = "struct<observedcontenttype:string,mode:string,data:string,encoding:string>"
_PARTS: Final = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A column with its type in Hive. `personal` ones tell who a person is, or may do so."""

    name: str
    type: str
    comment: str = ""
    personal: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table over the objects below `prefix` of the processed bucket.

    `projection` says how the values of the `partitions` are found, by the names of Athena without `projection.` before
    them, and `folder` where the files of one lie below `prefix`.
    """

    name: str
    description: str
    prefix: str
    format: str
    columns: tuple[TableColumn, ...]
    partitions: tuple[TableColumn, ...] = ()
    projection: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: str = ""

    @property
    def open_columns(self) -> list[str]:
        """Columns and partition keys that are not personal; none of a table of which all are."""
        found = [column.name for column in self.columns if not column.personal]
        return [*found, *(key.name for key in self.partitions)] if found else []

    def parameters(self, bucket: str) -> dict[str, str]:
        """What Athena reads of the table beside its columns."""
        found = {"EXTERNAL": "TRUE", "classification": self.format}
        if not self.partitions:
            return found
        told = {f"projection.{key}": value for key, value in self.projection.items()}
        place = f"s3://{bucket}/{self.prefix}{self.folder}"
        return {**found, "projection.enabled": "true", **told, "storage.location.template": place}


def tables(contract: Contract, layout: Layout, endpoints: Iterable[str]) -> tuple[Table, ...]:
    """Every table of a workload; `endpoints` are the names of its endpoints, as AWS has them.

    The offline store has one of its own, which SageMaker makes with the feature group, and adds to with it.
    """
    return (
        _accepted(contract, layout),
        _quarantine(contract, layout),
        _data_sets(contract, layout),
        _captures(contract, layout, sorted(endpoints)),
    )


def places(layout: Layout) -> list[str]:
    """Prefixes of the processed bucket that tables lie on."""
    return [layout.accepted, layout.quarantine, layout.data_sets, layout.data_capture]


def _accepted(contract: Contract, layout: Layout) -> Table:
    delivered = TableColumn(name="delivered_", type="timestamp", comment="When the file came in")
    return Table(
        name="accepted",
        description="Rows that validation accepted",
        prefix=layout.accepted,
        format="parquet",
        columns=(*(_column(each, _type(each)) for each in _kept(contract)), delivered),
    )


def _quarantine(contract: Contract, layout: Layout) -> Table:
    """What could not be read as its column may hold anything, so all of it is personal."""
    why = (
        TableColumn(name="quarantine_row", type="bigint", comment="Number of the row in its file, from 1"),
        TableColumn(name="quarantine_codes", type="array<string>", comment="Codes of its faults"),
        TableColumn(name="quarantine_reason", type="string", comment="What is wrong, in words"),
    )
    return Table(
        name="quarantine",
        description="Rows that validation refused, as texts, with the reasons",
        prefix=layout.quarantine,
        format="parquet",
        columns=tuple(
            replace(each, personal=True) for each in (*why, *(_column(each, "string") for each in _kept(contract)))
        ),
    )


def _data_sets(contract: Contract, layout: Layout) -> Table:
    return Table(
        name="data_sets",
        description="Rows of data sets with their features; name a data set by version_ and digest_",
        prefix=layout.data_sets,
        format="parquet",
        columns=tuple(_prepared(contract)),
        partitions=(
            TableColumn(name="version_", type="string", comment="Version of the data set, as its manifest has it"),
            TableColumn(name="digest_", type="string", comment="Hash of its files"),
            TableColumn(name="part_", type="string", comment="Of the split"),
        ),
        projection={
            "version_.type": "injected",
            "digest_.type": "injected",
            "part_.type": "enum",
            "part_.values": ",".join(_PARTS),
        },
        folder="${version_}/${digest_}/${part_}/",
    )


def _captures(contract: Contract, layout: Layout, endpoints: list[str]) -> Table:
    """A request may carry the entity as its sender calls it."""
    personal = contract.column(contract.entity).pii is not None
    return Table(
        name="captures",
        description="Requests and answers of endpoints; name the hours, for each is looked into",
        prefix=layout.data_capture,
        format="json",
        columns=(
            TableColumn(
                name="capturedata", type=f"struct<endpointinput:{_SIDE},endpointoutput:{_SIDE}>", personal=personal
            ),
            TableColumn(
                name="eventmetadata",
                type="struct<eventid:string,inferenceid:string,inferencetime:string,customattributes:array<string>>",
            ),
            TableColumn(name="eventversion", type="string"),
        ),
        partitions=(
            TableColumn(name="endpoint", type="string"),
            TableColumn(name="variant", type="string"),
            TableColumn(name="hour", type="string", comment="yyyy/MM/dd/HH, UTC"),
        ),
        projection={
            "endpoint.type": "enum",
            "endpoint.values": ",".join(endpoints),
            "variant.type": "enum",
            "variant.values": ",".join((CHAMPION, CHALLENGER, SHADOW)),
            "hour.type": "date",
            "hour.format": "yyyy/MM/dd/HH",
            "hour.range": _HOURS,
            "hour.interval": "1",
            "hour.interval.unit": "HOURS",
        },
        folder="${endpoint}/${variant}/${hour}/",
    )


def _kept(contract: Contract) -> Iterator[Column]:
    """Columns that are stored anywhere: what identifies a person and is dropped is nowhere but in raw data."""
    return (column for column in contract.columns if column.pii is not Pii.DROP)


def _type(column: Column) -> str:
    """A column that is hashed is a text whatever it was."""
    return TYPES[ColumnType.STRING if column.pii is Pii.HASH else column.type]


def _column(column: Column, kind: str) -> TableColumn:
    return TableColumn(
        name=column.name.lower(),
        type=kind,
        comment=column.description[:MAX_COMMENT],
        personal=column.pii is not None,
    )


def _prepared(contract: Contract) -> Iterator[TableColumn]:
    """Entity, event time, features, label, segments and what they are computed of, each name once."""
    features, segments = expression.features(contract), expression.segments(contract)
    label = "double" if contract.task is Task.REGRESSION else "tinyint"
    found: dict[str, TableColumn] = {}
    for name in (contract.entity, contract.event_time):
        column = contract.column(name)
        found[name] = _column(column, _type(column))
    texts = {each.name: each.expression for each in (*contract.features, *contract.segments)}
    for name, tree in {**segments, **features}.items():
        found[name] = _computed(name, tree, texts[name])
    found[contract.label] = _column(contract.column(contract.label), label)
    for column in contract.inputs:
        found.setdefault(column.name, _column(column, _type(column)))
    order = [contract.entity, contract.event_time, *contract.feature_names, contract.label, *segments]
    order += [column.name for column in contract.inputs]
    yield from (found[name] for name in dict.fromkeys(order))


def _computed(name: str, tree: Node, text: str) -> TableColumn:
    """A feature or a segment: a number, but for a category, which is a string column alone. Neither may use what is
    personal."""
    kind = "string" if isinstance(tree, ColumnRef) and tree.type is ColumnType.STRING else "double"
    return TableColumn(name=name.lower(), type=kind, comment=text[:MAX_COMMENT])
