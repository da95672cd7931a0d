"""The join with an offline store: against a naive reference on random data, and once the store has everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.schema import Contract
from tests.workloads.etl.accepted import CHURN, SCHEMA, START, accepted_rows
from workloads.engine import connect
from workloads.etl import embedded, point_in_time
from workloads.etl.offline_store import PATIENCE_SECONDS, POLL_SECONDS, OfflineStore, join
from workloads.ingestion.features import records as as_put
from workloads.job import UserError

INPUTS = ("user_tenure_months", "transaction_volume", "support_tickets")
RECORDS = pa.schema(
    {
        "customer_id": pa.string(),
        "event_time": pa.string(),
        "user_tenure_months": pa.int64(),
        "transaction_volume": pa.float64(),
        "support_tickets": pa.int64(),
        **{name: pa.timestamp("us", "UTC") for name in ("api_invocation_time", "write_time")},
        "is_deleted": pa.bool_(),
    }
)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path_factory.mktemp("spilled"), threads=1) as made:
        yield made


def put(row: Row, *, invoked: int = 0, deleted: bool = False, **values: Any) -> Row:
    """A record as the offline store has it of a row, `invoked` microseconds after the first."""
    (sent,) = as_put([{**row, **values}], CHURN)
    texts = {each["FeatureName"]: each["ValueAsString"] for each in sent}
    kinds = {name: (float if pa.types.is_floating(RECORDS.field(name).type) else int) for name in INPUTS}
    moment = START + timedelta(days=30, microseconds=invoked)
    return {
        **{name: texts[name] for name in ("customer_id", "event_time")},
        **{name: kinds[name](texts[name]) if name in texts and not deleted else None for name in INPUTS},
        "api_invocation_time": moment,
        "write_time": moment,
        "is_deleted": deleted,
    }


def table(rows: list[Row], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema)


def naive(rows: list[Row], records: list[Row]) -> list[tuple[Any, ...]]:
    """What the join means: for each row all records of its entity, one after the other."""
    found: list[tuple[Any, ...]] = []
    for row in rows:
        moment = row["event_time"].replace(microsecond=row["event_time"].microsecond // 1000 * 1000)
        known = [
            (datetime.fromisoformat(record["event_time"]), record)
            for record in records
            if record["customer_id"] == row["customer_id"]
        ]
        before = [(at, record) for at, record in known if at <= moment]
        if before:
            _, last = max(before, key=lambda each: (each[0], *_order(each[1])))
            if not last["is_deleted"]:
                found.append((row["customer_id"], row["event_time"], row["churn_label"], *(last[n] for n in INPUTS)))
    return found


def _order(record: Row) -> tuple[Any, ...]:
    values = tuple((record[name] is not None, record[name] or 0) for name in INPUTS)
    return (record["api_invocation_time"], record["write_time"], record["is_deleted"], *values)


def _moment_of(record: Row) -> tuple[str, datetime]:
    return record["customer_id"], datetime.fromisoformat(record["event_time"])


TIMES = st.integers(0, 24).map(lambda steps: START + timedelta(microseconds=250 * steps))
VALUES = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from("AB"),
        "event_time": TIMES,
        "user_tenure_months": st.none() | st.integers(0, 2),
        "transaction_volume": st.none() | st.sampled_from([0.1, 1 / 3, 1e300]),
        "support_tickets": st.none() | st.integers(-1, 1),
        "churn_label": st.integers(0, 1),
    }
)
WRITES = st.lists(st.tuples(VALUES, st.integers(0, 3), st.booleans()), max_size=12)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(VALUES, min_size=1, max_size=6), writes=WRITES)
def test_the_join_is_that_of_a_naive_reference(
    connection: duckdb.DuckDBPyConnection, rows: list[Row], writes: list[tuple[Row, int, bool]]
) -> None:
    records = [put(row, invoked=invoked, deleted=deleted) for row, invoked, deleted in writes]
    point_in_time.keep(connection, table(records, RECORDS), CHURN)
    accepted = table(rows, SCHEMA)
    spine = connection.sql("FROM accepted")
    found = point_in_time.joined(connection, spine, CHURN).to_arrow_table().to_pylist()
    columns = ("customer_id", "event_time", "churn_label", *INPUTS)
    got = [tuple(row[name] for name in columns) for row in found]
    assert sorted(got, key=repr) == sorted(naive(rows, records), key=repr)
    own = {_moment_of(record) for record in records}
    assert point_in_time.missing(connection, spine, CHURN) == sum(_moment_of(put(row)) not in own for row in rows)
    assert accepted.num_rows == len(rows)


def test_nothing_of_the_future_and_nothing_that_was_written_over(connection: duckdb.DuckDBPyConnection) -> None:
    row = {**accepted_rows(2)[1], "event_time": START}
    records = [
        put(row, user_tenure_months=1, event_time=START - timedelta(hours=2)),
        put(row, user_tenure_months=2, event_time=START - timedelta(hours=1)),
        put(row, user_tenure_months=3, event_time=START - timedelta(hours=1), invoked=1),
        put(row, user_tenure_months=4, event_time=START + timedelta(milliseconds=1)),
        put(row, user_tenure_months=5, event_time=START - timedelta(hours=3), invoked=9),
    ]
    point_in_time.keep(connection, table(records, RECORDS), CHURN)
    accepted = table([row], SCHEMA)
    ((found,),) = point_in_time.joined(connection, connection.sql("FROM accepted"), CHURN).select(INPUTS[0]).fetchall()
    assert found == 3
    assert accepted.num_rows == 1


@dataclass(frozen=True, kw_only=True)
class Held(OfflineStore):
    """A store with what it holds at each look, of None before there is a table."""

    looks: list[list[Row] | None]
    schema: pa.Schema = RECORDS
    waited: list[float] = field(default_factory=list)
    at: list[int] = field(default_factory=list)

    def metadata(self, contract: Contract) -> str | None:
        self.at.append(min(len(self.at), len(self.looks) - 1))
        return None if self.looks[self.at[-1]] is None else f"snapshot-{self.at[-1]}"

    def records(self, metadata: str, contract: Contract) -> Any:
        held = self.looks[int(metadata.rpartition("-")[2])]
        return table(held or [], self.schema).to_reader()


def held(*looks: list[Row] | None, schema: pa.Schema = RECORDS) -> Held:
    waited = list[float]()
    clients = dict.fromkeys(("sagemaker", "glue", "s3"))
    return Held(group="churn-features", **clients, looks=list(looks), schema=schema, waited=waited, sleep=waited.append)


def test_rows_are_waited_for_until_each_has_its_own_record(tmp_path: Path) -> None:
    rows = accepted_rows(40)
    complete = [put(row) for row in rows]
    store = held(None, complete[:10], complete)
    accepted = table(rows, SCHEMA)
    with connect(tmp_path, threads=1) as own:
        found = join(own, own.sql("FROM accepted"), CHURN, store)
        assert (len(found.rows), found.left_out, found.metadata) == (40, 0, "snapshot-2")
    assert store.waited == [POLL_SECONDS, POLL_SECONDS]
    assert accepted.num_rows == 40


def test_what_never_comes_is_waited_for_as_long_as_sagemaker_may_take_and_then_left_out(tmp_path: Path) -> None:
    rows = accepted_rows(40)
    store = held([put(row) for row in rows[3:]])
    accepted = table(rows, SCHEMA)
    with connect(tmp_path, threads=1) as own:
        found = join(own, own.sql("FROM accepted"), CHURN, store)
        assert (len(found.rows), found.left_out) == (37, 3)
    assert sum(store.waited) == PATIENCE_SECONDS
    assert accepted.num_rows == 40


@pytest.mark.parametrize("looks", [[None], [[]]])
def test_a_store_without_any_record_is_refused(tmp_path: Path, looks: list[list[Row] | None]) -> None:
    accepted = table(accepted_rows(3), SCHEMA)
    with connect(tmp_path, threads=1) as own, pytest.raises(UserError) as refused:
        join(own, own.sql("FROM accepted"), CHURN, held(*looks))
    assert str(refused.value) == (
        "feature group churn-features: its offline store has no record of any of the 3 accepted rows; have ingestion "
        "write them (features.ingest), and send the events of what was accepted before again"
    )
    assert accepted.num_rows == 3


def test_a_data_set_of_the_store_is_that_of_the_accepted_files_where_both_say_the_same(
    source: Path, tmp_path: Path
) -> None:
    plain = embedded.run(source, CHURN, tmp_path / "plain")
    store = held([put(row) for row in accepted_rows()])
    joined = embedded.run(source, CHURN, tmp_path / "joined", store=store)
    assert joined.pop("offline_store") == {"metadata": "snapshot-0", "left_out": 0}
    assert joined == plain


def test_a_data_set_has_what_the_store_knew_and_tells_what_it_left_out(source: Path, tmp_path: Path) -> None:
    rows = accepted_rows()
    earlier = [put(row, event_time=row["event_time"] - timedelta(days=1), user_tenure_months=7) for row in rows[5:]]
    manifest = embedded.run(source, CHURN, tmp_path / "out", store=held(earlier))
    assert manifest["offline_store"]["left_out"] == 5
    assert (sum(part["rows"] for part in manifest["splits"].values()), manifest["superseded"]["rows"]) == (195, 0)
    assert set(pq.read_table(next((tmp_path / "out" / "train").iterdir()))["tenure_months"].to_pylist()) == {7.0}


def test_a_younger_column_that_no_record_has_yet_is_empty(source: Path, tmp_path: Path) -> None:
    without = pa.schema([each for each in RECORDS if each.name != "support_tickets"])
    rows = [{k: v for k, v in put(row).items() if k != "support_tickets"} for row in accepted_rows()]
    embedded.run(source, CHURN, tmp_path / "out", store=held(rows, schema=without))
    tickets = pq.read_table(next((tmp_path / "out" / "train").iterdir()))["support_tickets"]
    assert tickets.null_count == len(tickets)


def described(**config: Any) -> dict[str, Any]:
    columns = config.pop("columns", ("customer_id", "event_time", *INPUTS))
    return {
        "FeatureGroupArn": "arn:aws:sagemaker:eu-west-1:123456789012:feature-group/g",
        "FeatureGroupName": "g",
        "RecordIdentifierFeatureName": "customer_id",
        "EventTimeFeatureName": "event_time",
        "FeatureDefinitions": [{"FeatureName": name, "FeatureType": "String"} for name in columns],
        "CreationTime": 0,
        "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://b/p"}, **config},
        "NextToken": "",
    }


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            described(),
            "feature group g: its offline store has table format Glue; allowed: Iceberg; set features.training_set to "
            "accepted",
        ),
        (
            described(TableFormat="Iceberg", columns=("customer_id", "event_time")),
            "feature group g lacks user_tenure_months, transaction_volume, support_tickets of the contract; "
            "`python -m automation evolve` adds them",
        ),
    ],
)
def test_a_group_that_cannot_be_joined_is_refused(answer: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as refused:
        looked_up(answer, {"Name": "g_17"})
    assert str(refused.value) == message


def test_the_newest_snapshot_is_where_the_catalog_says() -> None:
    names = {"TableName": "g_17", "Catalog": "AwsDataCatalog", "Database": "sagemaker_featurestore"}
    answer = described(TableFormat="Iceberg", DataCatalogConfig=names)
    place = "s3://b/p/metadata/00002-x.metadata.json"
    assert looked_up(answer, {"Name": "g_17", "Parameters": {"metadata_location": place}}) == place
    assert looked_up(answer, None) is None


def looked_up(answer: dict[str, Any], found: dict[str, Any] | None) -> str | None:
    keys: dict[str, Any] = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    sagemaker: Any = boto3.client("sagemaker", **keys)
    glue: Any = boto3.client("glue", **keys)
    with Stubber(sagemaker) as group, Stubber(glue) as catalog:
        group.add_response("describe_feature_group", answer, {"FeatureGroupName": "g"})
        asked = {"DatabaseName": "sagemaker_featurestore", "Name": "g_17"}
        if found is None:
            catalog.add_client_error("get_table", "EntityNotFoundException", expected_params=asked)
        else:
            catalog.add_response("get_table", {"Table": found}, asked)
        return OfflineStore(group="g", sagemaker=sagemaker, glue=glue, s3=None).metadata(CHURN)
