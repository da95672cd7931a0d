from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from botocore.exceptions import ClientError
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import DataScan

from contracts.feature_store import feature_definitions
from local.emulator import Emulator
from local.identity import ACCESS_KEY, SECRET_KEY
from tests.workloads.etl.accepted import CHURN, accepted_rows, write
from workloads.etl import embedded
from workloads.etl.offline_store import OfflineStore
from workloads.ingestion.features import ingest

DEFINITIONS = [
    {"FeatureName": "customer_id", "FeatureType": "String"},
    {"FeatureName": "event_time", "FeatureType": "String"},
    {"FeatureName": "tickets", "FeatureType": "Integral"},
    {"FeatureName": "volume", "FeatureType": "Fractional"},
]


@pytest.fixture(scope="session")
def records(emulator: Emulator) -> Any:
    return emulator.client("sagemaker-featurestore-runtime")


@pytest.fixture
def group(sagemaker: Any, name: str) -> Callable[..., str]:
    """Creates an online feature group."""

    def create(**changes: Any) -> str:
        values: dict[str, Any] = {
            "FeatureGroupName": name,
            "RecordIdentifierFeatureName": "customer_id",
            "EventTimeFeatureName": "event_time",
            "FeatureDefinitions": DEFINITIONS,
            "OnlineStoreConfig": {"EnableOnlineStore": True},
        }
        sagemaker.create_feature_group(**{k: v for k, v in (values | changes).items() if v is not None})
        return name

    return create


def record(
    tickets: Any = 1, at: str = "2026-01-02T00:00:00Z", customer: str = "c1", **more: Any
) -> list[dict[str, str]]:
    values = {"customer_id": customer, "event_time": at, "tickets": tickets} | more
    return [{"FeatureName": key, "ValueAsString": str(value)} for key, value in values.items()]


def tickets(records: Any, name: str, customer: str = "c1") -> str | None:
    found = records.get_record(FeatureGroupName=name, RecordIdentifierValueAsString=customer).get("Record", [])
    return {f["FeatureName"]: f["ValueAsString"] for f in found}.get("tickets")


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_an_online_only_group_is_described_as_created(sagemaker: Any, group: Any) -> None:
    online = {"EnableOnlineStore": True, "TtlDuration": {"Unit": "Days", "Value": 30}}
    name = group(OnlineStoreConfig=online, Description="churn", Tags=[{"Key": "Project", "Value": "ml"}])
    found = sagemaker.describe_feature_group(FeatureGroupName=name)
    assert found["OnlineStoreConfig"] == online
    assert found["FeatureDefinitions"] == DEFINITIONS
    assert (found["FeatureGroupStatus"], found["Description"]) == ("Created", "churn")
    assert "OfflineStoreConfig" not in found
    assert sagemaker.list_tags(ResourceArn=found["FeatureGroupArn"])["Tags"] == [{"Key": "Project", "Value": "ml"}]


def test_of_a_batch_the_records_that_are_refused_are_told_of_and_the_others_written(records: Any, group: Any) -> None:
    name = group()
    entries = [
        {"FeatureGroupName": name, "Record": record(value, customer=customer)}
        for customer, value in (("c1", 1), ("c2", "many"), ("c3", 3))
    ]
    answer = records.batch_write_record(Entries=entries)
    (error,) = answer["Errors"]
    assert (error["Entry"], error["ErrorCode"], answer["UnprocessedEntries"]) == (entries[1], "ValidationError", [])
    assert [tickets(records, name, customer) for customer in ("c1", "c2", "c3")] == ["1", None, "3"]


def test_the_latest_event_time_wins_in_any_order(records: Any, group: Any) -> None:
    name = group()
    for day, value in (("02", 2), ("03", 3), ("01", 1)):
        records.put_record(FeatureGroupName=name, Record=record(value, f"2026-01-{day}T00:00:00Z"))
    assert tickets(records, name) == "3"
    records.put_record(FeatureGroupName=name, Record=record(4, "2026-01-03T00:00:00Z"))
    assert tickets(records, name) == "4"


def test_chosen_features_only(records: Any, group: Any) -> None:
    name = group()
    records.put_record(FeatureGroupName=name, Record=record(volume=1.5))
    found = records.get_record(
        FeatureGroupName=name, RecordIdentifierValueAsString="c1", FeatureNames=["volume", "tickets"]
    )
    assert [(f["FeatureName"], f["ValueAsString"]) for f in found["Record"]] == [("tickets", "1"), ("volume", "1.5")]


def test_a_record_that_is_not_there_is_no_error(records: Any, group: Any) -> None:
    assert "Record" not in records.get_record(FeatureGroupName=group(), RecordIdentifierValueAsString="nobody")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (record(stranger=1), "feature stranger is not in the FeatureGroup {name}"),
        (record("many"), "feature tickets is 'many', allowed for type Integral is a whole number"),
        (record("1.5"), "feature tickets is '1.5', allowed for type Integral is a whole number"),
        (record(volume="x"), "feature volume is 'x', allowed for type Fractional is a number"),
        (record() + record()[2:], "feature tickets is given more than once"),
        (record()[1:], "feature customer_id is required and has no value"),
        (record()[:1], "feature event_time is required and has no value"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(records: Any, group: Any, bad: Any, message: str) -> None:
    name = group()
    code, found = refusal(lambda: records.put_record(FeatureGroupName=name, Record=bad))
    assert (code, found) == ("ValidationError", f"Validation Error: {message.format(name=name)}.")
    assert tickets(records, name) is None


def test_every_fault_of_a_record_is_named(records: Any, group: Any) -> None:
    name = group()
    _, found = refusal(lambda: records.put_record(FeatureGroupName=name, Record=record("x", stranger=1, volume="y")))
    assert found.count(";") == 2


def test_event_times_have_a_form(records: Any, group: Any) -> None:
    name = group()
    _, found = refusal(lambda: records.put_record(FeatureGroupName=name, Record=record(at="yesterday")))
    assert found == "event time is 'yesterday', allowed for type String is yyyy-MM-dd'T'HH:mm:ssZ (UTC)"


def test_event_times_may_be_seconds(records: Any, group: Any) -> None:
    definitions = [DEFINITIONS[0], {"FeatureName": "event_time", "FeatureType": "Fractional"}, DEFINITIONS[2]]
    name = group(FeatureDefinitions=definitions)
    records.put_record(FeatureGroupName=name, Record=record(2, "1700000002.5"))
    records.put_record(FeatureGroupName=name, Record=record(1, "1700000001"))
    assert tickets(records, name) == "2"
    _, found = refusal(lambda: records.put_record(FeatureGroupName=name, Record=record(1, "nan")))
    assert found == "event time is 'nan', allowed for type Fractional is a number of seconds since the epoch"


def test_a_soft_delete_is_final_for_older_records(records: Any, group: Any) -> None:
    name = group()
    records.put_record(FeatureGroupName=name, Record=record(at="2026-01-02T00:00:00Z"))
    records.delete_record(FeatureGroupName=name, RecordIdentifierValueAsString="c1", EventTime="2026-01-01T00:00:00Z")
    assert tickets(records, name) == "1"
    records.delete_record(FeatureGroupName=name, RecordIdentifierValueAsString="c1", EventTime="2026-01-03T00:00:00Z")
    assert tickets(records, name) is None
    records.put_record(FeatureGroupName=name, Record=record(at="2026-01-02T12:00:00Z"))
    assert tickets(records, name) is None
    records.put_record(FeatureGroupName=name, Record=record(5, "2026-01-04T00:00:00Z"))
    assert tickets(records, name) == "5"


def test_a_hard_delete_forgets(records: Any, group: Any) -> None:
    name = group()
    records.put_record(FeatureGroupName=name, Record=record())
    later = {"EventTime": "2026-02-01T00:00:00Z", "DeletionMode": "HardDelete"}
    records.delete_record(FeatureGroupName=name, RecordIdentifierValueAsString="c1", **later)
    records.put_record(FeatureGroupName=name, Record=record(7))
    assert tickets(records, name) == "7"


def test_records_expire(records: Any, group: Any) -> None:
    name = group(OnlineStoreConfig={"EnableOnlineStore": True, "TtlDuration": {"Unit": "Hours", "Value": 1}})
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    records.put_record(FeatureGroupName=name, Record=record(1, "2026-01-01T00:00:00Z", "old"))
    records.put_record(FeatureGroupName=name, Record=record(1, now, "new"))
    assert tickets(records, name, "old") is None
    found = records.get_record(
        FeatureGroupName=name, RecordIdentifierValueAsString="new", ExpirationTimeResponse="Enabled"
    )
    assert found["ExpiresAt"] > now


def test_a_group_that_is_not_there(records: Any, sagemaker: Any) -> None:
    missing = "Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name stranger"
    for call in (
        lambda: records.put_record(FeatureGroupName="stranger", Record=record()),
        lambda: sagemaker.describe_feature_group(FeatureGroupName="stranger"),
        lambda: sagemaker.delete_feature_group(FeatureGroupName="stranger"),
    ):
        assert refusal(call) == ("ResourceNotFound", missing)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"RecordIdentifierFeatureName": "id"},
            "RecordIdentifierFeatureName is id, which is not among the FeatureDefinitions",
        ),
        (
            {"EventTimeFeatureName": "tickets"},
            "event time feature has type Integral, allowed are String and Fractional",
        ),
        ({"FeatureDefinitions": DEFINITIONS + DEFINITIONS[-1:]}, "feature volume is defined more than once"),
        (
            {"FeatureDefinitions": [*DEFINITIONS, {"FeatureName": "write_time", "FeatureType": "String"}]},
            "feature name write_time is reserved",
        ),
        (
            {"OnlineStoreConfig": None},
            "one of OnlineStoreConfig with EnableOnlineStore and OfflineStoreConfig must be given",
        ),
        (
            {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://b/p"}}},
            "RoleArn is required with an OfflineStoreConfig",
        ),
        (
            {
                "OfflineStoreConfig": {
                    "S3StorageConfig": {"S3Uri": "s3://b/p"},
                    "TableFormat": "Iceberg",
                    "DisableGlueTableCreation": True,
                },
                "RoleArn": "arn:aws:iam::123456789012:role/r",
            },
            "DisableGlueTableCreation is true, allowed for TableFormat Iceberg is false",
        ),
    ],
)
def test_a_group_that_cannot_be_is_refused(group: Any, changes: dict[str, Any], message: str) -> None:
    assert refusal(lambda: group(**changes)) == ("ValidationException", f"Validation Error: {message}.")


def test_features_can_be_added_and_not_repeated(sagemaker: Any, records: Any, group: Any) -> None:
    name = group()
    records.put_record(FeatureGroupName=name, Record=record())
    addition = [{"FeatureName": "score", "FeatureType": "Fractional"}]
    sagemaker.update_feature_group(FeatureGroupName=name, FeatureAdditions=addition)
    found = sagemaker.describe_feature_group(FeatureGroupName=name)
    assert found["FeatureDefinitions"] == DEFINITIONS + addition
    assert found["LastUpdateStatus"] == {"Status": "Successful"}
    assert tickets(records, name) == "1"
    records.put_record(FeatureGroupName=name, Record=record(2, score=0.5))
    again = refusal(lambda: sagemaker.update_feature_group(FeatureGroupName=name, FeatureAdditions=addition))
    assert again == ("ValidationException", "Validation Error: feature names score are in use or reserved.")


def test_a_group_is_deleted_with_its_online_records(sagemaker: Any, records: Any, group: Any) -> None:
    name = group()
    records.put_record(FeatureGroupName=name, Record=record())
    assert refusal(group)[0] == "ResourceInUse"
    sagemaker.delete_feature_group(FeatureGroupName=name)
    assert refusal(lambda: sagemaker.describe_feature_group(FeatureGroupName=name))[0] == "ResourceNotFound"
    assert tickets(records, group()) is None


def test_the_offline_store_holds_every_record_as_parquet(
    emulator: Emulator, sagemaker: Any, records: Any, s3: Any, bucket: str, role: str, group: Any
) -> None:
    offline = {"S3StorageConfig": {"S3Uri": f"s3://{bucket}/offline-store"}}
    name = group(OfflineStoreConfig=offline, RoleArn=role)
    for day, value in (("03", 3), ("02", 2)):
        records.put_record(FeatureGroupName=name, Record=record(value, f"2026-01-{day}T05:00:00Z", volume=0.5))
    records.delete_record(FeatureGroupName=name, RecordIdentifierValueAsString="c1", EventTime="2026-01-03T06:00:00Z")
    emulator.flush()
    resolved = sagemaker.describe_feature_group(FeatureGroupName=name)["OfflineStoreConfig"]["S3StorageConfig"]
    prefix = resolved["ResolvedOutputS3Uri"].removeprefix(f"s3://{bucket}/")
    assert prefix.startswith(f"offline-store/123456789012/sagemaker/eu-west-1/offline-store/{name}-")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    assert [key.removeprefix(prefix).rpartition("/")[0] for key in keys] == [
        "/year=2026/month=01/day=02/hour=05",
        "/year=2026/month=01/day=03/hour=05",
        "/year=2026/month=01/day=03/hour=06",
    ]
    tables = [parquet.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in keys]
    rows = [row for table in tables for row in table.to_pylist()]
    assert [(row["tickets"], row["volume"], row["is_deleted"]) for row in rows] == [
        (2, 0.5, False),
        (3, 0.5, False),
        (None, None, True),
    ]
    assert {"write_time", "api_invocation_time"} <= rows[0].keys()


def test_offline_only_groups_have_nothing_to_get(records: Any, bucket: str, role: str, group: Any) -> None:
    offline = {"S3StorageConfig": {"S3Uri": f"s3://{bucket}/offline-store"}}
    name = group(OnlineStoreConfig=None, OfflineStoreConfig=offline, RoleArn=role)
    code, found = refusal(lambda: records.get_record(FeatureGroupName=name, RecordIdentifierValueAsString="c1"))
    assert (code, found) == ("ValidationError", f"Validation Error: FeatureGroup {name} has no OnlineStore.")


def test_an_offline_store_in_iceberg_keeps_its_snapshots_and_takes_new_columns(
    emulator: Emulator, sagemaker: Any, records: Any, s3: Any, bucket: str, role: str, group: Any
) -> None:
    offline = {"S3StorageConfig": {"S3Uri": f"s3://{bucket}/iceberg"}, "TableFormat": "Iceberg"}
    name = group(OfflineStoreConfig=offline, RoleArn=role)
    described = sagemaker.describe_feature_group(FeatureGroupName=name)["OfflineStoreConfig"]
    names, place = described["DataCatalogConfig"], described["S3StorageConfig"]["ResolvedOutputS3Uri"]
    assert described["TableFormat"] == "Iceberg"

    def snapshot() -> int:
        """The one with all that was put; the emulator's own rhythm may have made others on the way."""
        emulator.flush()
        found = catalog(emulator).load_table((names["Database"], names["TableName"])).current_snapshot()
        assert found is not None
        return found.snapshot_id

    for day, value in (("03", 3), ("02", 2)):
        records.put_record(FeatureGroupName=name, Record=record(value, f"2026-01-{day}T05:00:00Z", volume=0.5))
    first = snapshot()
    added = [{"FeatureName": "plan", "FeatureType": "String"}]
    sagemaker.update_feature_group(FeatureGroupName=name, FeatureAdditions=added)
    records.put_record(FeatureGroupName=name, Record=record(4, "2026-01-04T05:00:00Z", plan="big"))
    records.delete_record(FeatureGroupName=name, RecordIdentifierValueAsString="c1", EventTime="2026-01-05T00:00:00Z")
    second = snapshot()

    table = catalog(emulator).load_table((names["Database"], names["TableName"]))
    columns = ("tickets", "volume", "is_deleted")
    assert rows_of(table.scan(snapshot_id=first), *columns) == [(2, 0.5, False), (3, 0.5, False)]
    assert rows_of(table.scan(snapshot_id=second), *columns, "plan") == [
        (2, 0.5, False, None),
        (3, 0.5, False, None),
        (4, None, False, "big"),
        (None, None, True, None),
    ]
    kinds = {field.name: str(field.field_type) for field in table.schema().fields}
    assert kinds == {
        "customer_id": "string",
        "event_time": "string",
        "tickets": "long",
        "volume": "double",
        "plan": "string",
        "api_invocation_time": "timestamptz",
        "write_time": "timestamptz",
        "is_deleted": "boolean",
    }
    assert {task.file.file_path.rpartition("/")[0] for task in table.scan().plan_files()} == {place}
    assert table.metadata_location.startswith(place.removesuffix("data") + "metadata/")


def test_a_training_set_of_the_store_is_that_of_the_accepted_rows_it_was_filled_with(
    emulator: Emulator,
    sagemaker: Any,
    records: Any,
    s3: Any,
    bucket: str,
    role: str,
    group: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds = feature_definitions(CHURN)
    name = group(
        FeatureDefinitions=[{"FeatureName": column, "FeatureType": kind} for column, kind in kinds.items()],
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{bucket}/iceberg"}, "TableFormat": "Iceberg"},
        RoleArn=role,
    )
    accepted = write(tmp_path / "accepted" / "a.parquet", accepted_rows())
    assert ingest(records, name, CHURN, accepted) == 200
    emulator.flush()
    for variable, value in emulator.environment().items():
        monkeypatch.setenv(variable, value)
    plain = embedded.run(accepted.parent, CHURN, tmp_path / "plain")
    joined = embedded.run(accepted.parent, CHURN, tmp_path / "joined", store=OfflineStore.of(name))
    assert joined.pop("offline_store")["left_out"] == 0
    assert joined == plain


def catalog(emulator: Emulator) -> GlueCatalog:
    """The Data Catalog as any reader has it: with the library's own way to S3, and none of the emulator's."""
    at = {"s3.endpoint": emulator.url, "s3.access-key-id": ACCESS_KEY, "s3.secret-access-key": SECRET_KEY}
    return GlueCatalog("reader", client=emulator.client("glue"), **at, **{"s3.region": emulator.region})


def rows_of(scan: DataScan, *columns: str) -> list[tuple[Any, ...]]:
    """Rows by event time."""
    table = scan.to_arrow().sort_by("event_time").select(columns)
    return [tuple(row.values()) for row in table.to_pylist()]
