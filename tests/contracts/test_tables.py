from __future__ import annotations

import dataclasses

import pytest

from contracts import loader
from contracts.layout import Layout
from contracts.schema import Column, ColumnType, Contract, Pii
from contracts.tables import MAX_COMMENT, Table, TableColumn, places, tables

CHURN = loader.load("contracts/churn.yaml")
BUCKET = "123456789012-staging-ai-processed-data"


def made(contract: Contract = CHURN, *endpoints: str) -> dict[str, Table]:
    return {table.name: table for table in tables(contract, Layout("churn"), endpoints or ("churn-staging-live",))}


def types(table: Table) -> dict[str, str]:
    return {column.name: column.type for column in table.columns}


def test_a_workload_has_a_table_of_each_kind_of_its_data() -> None:
    assert {name: (table.prefix, table.format) for name, table in made().items()} == {
        "accepted": ("accepted/churn/", "parquet"),
        "quarantine": ("quarantine/churn/", "parquet"),
        "data_sets": ("datasets/churn/", "parquet"),
        "captures": ("data-capture/churn/", "json"),
    }


@pytest.mark.parametrize(
    ("type_", "pii", "accepted", "quarantined"),
    [
        (ColumnType.STRING, None, "string", "string"),
        (ColumnType.INTEGER, None, "bigint", "string"),
        (ColumnType.NUMBER, None, "double", "string"),
        (ColumnType.BOOLEAN, None, "boolean", "string"),
        (ColumnType.TIMESTAMP, None, "timestamp", "string"),
        (ColumnType.STRING, Pii.HASH, "string", "string"),
        (ColumnType.INTEGER, Pii.HASH, "string", "string"),
        (ColumnType.STRING, Pii.DROP, None, None),
    ],
)
def test_each_type_of_a_contract_is_one_of_hive(
    type_: ColumnType, pii: Pii | None, accepted: str | None, quarantined: str | None
) -> None:
    column = Column(name="X", type=type_, pii=pii, nullable=True)
    found = made(dataclasses.replace(CHURN, columns=(*CHURN.columns, column)))
    assert types(found["accepted"]).get("x") == accepted
    assert types(found["quarantine"]).get("x") == quarantined
    personal = {each.name for each in found["accepted"].columns if each.personal}
    assert personal == ({"x"} if pii is Pii.HASH else set())


def test_accepted_rows_say_when_they_came_and_quarantined_ones_why_they_are_there() -> None:
    assert list(types(made()["accepted"])) == [column.name for column in CHURN.columns] + ["delivered_"]
    assert types(made()["quarantine"]) == {
        "quarantine_row": "bigint",
        "quarantine_codes": "array<string>",
        "quarantine_reason": "string",
        **{column.name: "string" for column in CHURN.columns},
    }


def test_a_data_set_has_features_label_and_segments_in_its_own_types() -> None:
    assert types(made()["data_sets"]) == {
        "customer_id": "string",
        "event_time": "timestamp",
        **dict.fromkeys(CHURN.feature_names, "double"),
        "churn_label": "tinyint",
        "tenure_band": "double",
        "user_tenure_months": "bigint",
        "transaction_volume": "double",
        "support_tickets": "bigint",
    }


def test_a_computed_column_says_how() -> None:
    columns = {column.name: column for column in made()["data_sets"].columns}
    assert columns["log_volume"] == TableColumn(name="log_volume", type="double", comment="log1p(transaction_volume)")


def test_what_tells_who_a_person_is_is_not_open() -> None:
    hashed = dataclasses.replace(CHURN.column("customer_id"), pii=Pii.HASH)
    of_persons = made(dataclasses.replace(CHURN, columns=(hashed, *CHURN.columns[1:])))
    assert {name: table.open_columns for name, table in made().items()} == {
        "accepted": list(types(made()["accepted"])),
        "quarantine": [],
        "data_sets": [*types(made()["data_sets"]), "version_", "digest_", "part_"],
        "captures": ["capturedata", "eventmetadata", "eventversion", "endpoint", "variant", "hour"],
    }
    for name in ("accepted", "data_sets"):
        assert set(made()[name].open_columns) - set(of_persons[name].open_columns) == {"customer_id"}
    assert "capturedata" not in of_persons["captures"].open_columns


def test_every_table_lies_where_lake_formation_lends_access() -> None:
    assert places(Layout("churn")) == [table.prefix for table in made().values()]


def test_partitions_are_computed_and_never_looked_for() -> None:
    assert made()["accepted"].parameters(BUCKET) == {"EXTERNAL": "TRUE", "classification": "parquet"}
    assert made()["data_sets"].parameters(BUCKET) == {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "projection.enabled": "true",
        "projection.version_.type": "injected",
        "projection.digest_.type": "injected",
        "projection.part_.type": "enum",
        "projection.part_.values": "train,validation,test",
        "storage.location.template": f"s3://{BUCKET}/datasets/churn/${{version_}}/${{digest_}}/${{part_}}/",
    }
    assert made(CHURN, "churn-staging-live", "churn-staging-eu")["captures"].parameters(BUCKET) == {
        "EXTERNAL": "TRUE",
        "classification": "json",
        "projection.enabled": "true",
        "projection.endpoint.type": "enum",
        "projection.endpoint.values": "churn-staging-eu,churn-staging-live",
        "projection.variant.type": "enum",
        "projection.variant.values": "champion,challenger,shadow",
        "projection.hour.type": "date",
        "projection.hour.format": "yyyy/MM/dd/HH",
        "projection.hour.range": "NOW-10YEARS,NOW",
        "projection.hour.interval": "1",
        "projection.hour.interval.unit": "HOURS",
        "storage.location.template": f"s3://{BUCKET}/data-capture/churn/${{endpoint}}/${{variant}}/${{hour}}/",
    }


def test_a_long_description_is_cut_where_glue_would_refuse_it() -> None:
    columns = tuple(dataclasses.replace(column, description="é" * 300) for column in CHURN.columns)
    found = made(dataclasses.replace(CHURN, columns=columns))
    assert {len(column.comment) for column in found["quarantine"].columns[3:]} == {MAX_COMMENT}
