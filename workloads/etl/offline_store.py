"""The offline store of a feature group, an Iceberg table, as the records that a training set is joined with.

SageMaker writes what PutRecord was given within 15 minutes (developer guide, "Offline store data format"), and training
may be asked for before: rows that have no record of their own yet are waited for as long as that, and after it nobody
has written one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import duckdb

from contracts.feature_store import columns
from contracts.schema import Contract
from workloads.etl import point_in_time
from workloads.etl.point_in_time import DELETED, INVOKED, WRITTEN
from workloads.job import UserError

if TYPE_CHECKING:
    import pyarrow as pa

_log = logging.getLogger(__name__)

#: Between two looks, and how long rows are waited for.
POLL_SECONDS: Final = 15
PATIENCE_SECONDS: Final = 15 * 60


@dataclass(frozen=True, kw_only=True)
class OfflineStore:
    """A feature group's, with clients of SageMaker, Glue and S3, and the way to wait for it."""

    group: str
    sagemaker: Any
    glue: Any
    s3: Any
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def of(cls, group: str) -> OfflineStore:
        """With the clients of the job's environment."""
        import boto3  # a quarter of a second that only sets of the store need

        clients = {service: boto3.client(service) for service in ("sagemaker", "glue", "s3")}
        return cls(group=group, sagemaker=clients["sagemaker"], glue=clients["glue"], s3=clients["s3"])

    def metadata(self, contract: Contract) -> str | None:
        """Where the metadata of the table's newest snapshot is; None before there is a table.

        UserError for a group that is no Iceberg table, or lacks a column of the contract.
        """
        described = self.sagemaker.describe_feature_group(FeatureGroupName=self.group)
        config = described.get("OfflineStoreConfig", {})
        if config.get("TableFormat") != "Iceberg":
            raise UserError(
                f"feature group {self.group}: its offline store has table format {config.get('TableFormat', 'Glue')}; "
                "allowed: Iceberg; set features.training_set to accepted"
            )
        there = {each["FeatureName"] for each in described["FeatureDefinitions"]}
        if lacking := [column.name for column in columns(contract) if column.name not in there]:
            raise UserError(
                f"feature group {self.group} lacks {', '.join(lacking)} of the contract; `python -m automation evolve` "
                "adds them"
            )
        names = config["DataCatalogConfig"]
        try:
            table = self.glue.get_table(DatabaseName=names["Database"], Name=names["TableName"])
        except self.glue.exceptions.EntityNotFoundException:
            return None
        return table["Table"]["Parameters"]["metadata_location"]

    def records(self, metadata: str, contract: Contract) -> pa.RecordBatchReader:
        """The records of that snapshot, a batch at a time, with what SageMaker says of each."""
        from pyiceberg.table import StaticTable  # a second of import that few data sets need

        at = self.s3.meta  # the library's own way to S3 does not look at what boto3's is told of it
        table = StaticTable.from_metadata(metadata, {"s3.endpoint": at.endpoint_url, "s3.region": at.region_name})
        there = {field.name for field in table.schema().fields}
        wanted = [*(column.name for column in columns(contract)), INVOKED, WRITTEN, DELETED]
        return table.scan(selected_fields=tuple(name for name in wanted if name in there)).to_arrow_batch_reader()


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Rows with the inputs of their records, how many were left out, and which snapshot they are of."""

    rows: duckdb.DuckDBPyRelation
    left_out: int
    metadata: str


def join(
    connection: duckdb.DuckDBPyConnection,
    rows: duckdb.DuckDBPyRelation,
    contract: Contract,
    store: OfflineStore,
) -> Joined:
    """Rows with what the store knew at their event times (`point_in_time`), once their own records are in it.

    Raises UserError for a store without any records of them.
    """
    rows.create("accepted_")
    accepted = connection.table("accepted_")
    metadata, behind = None, len(accepted)
    for attempt in range(PATIENCE_SECONDS // POLL_SECONDS + 1):
        if attempt:
            store.sleep(POLL_SECONDS)
        found = store.metadata(contract)
        if found and found != metadata:
            metadata = found
            point_in_time.keep(connection, store.records(metadata, contract), contract)
            behind = point_in_time.missing(connection, accepted, contract)
        if not behind:
            break
        _log.info("%d of %d rows have no record of their own in %s yet", behind, len(accepted), store.group)
    if metadata:  # a table: what is made of the rows reads them several times
        point_in_time.joined(connection, accepted, contract).create("joined_")
    complete = connection.table("joined_") if metadata else None
    kept = len(complete) if complete is not None else 0
    if metadata is None or complete is None or not kept:
        raise UserError(
            f"feature group {store.group}: its offline store has no record of any of the {len(accepted)} accepted "
            "rows; have ingestion write them (features.ingest), and send the events of what was accepted before again"
        )
    return Joined(rows=complete, left_out=len(accepted) - kept, metadata=metadata)
