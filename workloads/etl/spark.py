"""ETL on Spark (AWS Glue), for data that outgrows one machine: the same steps, another engine.

    spark-submit workloads/etl/spark.py --contract contract.json --input s3://processed/accepted/ --output s3://.../

Writes train/, validation/ and test/ as Parquet partitioned by the date of the event, sorted by entity and event time
within a file, and manifest/manifest.json. No row passes the driver but in the stream of which the version is the hash.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import pyarrow as pa

from contracts.schema import Column, ColumnType, Contract, Pii
from workloads import job, location
from workloads.etl.manifest import MANIFEST_FILE, Provenance, document, splits
from workloads.etl.transform import DELIVERY, completed, divided, latest, output_columns, raw_columns
from workloads.etl.version import dataset_version
from workloads.etl.written import event_times, read_back
from workloads.features.split import COLUMN as SPLIT
from workloads.features.split import PARTS
from workloads.inputs import add_contract, read_contract
from workloads.stored import DELIVERED, SQL_TYPES, stored_columns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Spark's names of the types that accepted data has (`workloads.stored`).
SPARK_TYPES: Final[Mapping[ColumnType, str]] = {
    ColumnType.STRING: "string",
    ColumnType.INTEGER: "bigint",
    ColumnType.NUMBER: "double",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.TIMESTAMP: "timestamp",
}
#: Their names in a manifest, and of the types that a label has (`workloads.tasks`).
_TOLD: Final = {name: SQL_TYPES[kind] for kind, name in SPARK_TYPES.items()} | {"tinyint": "TINYINT", "int": "INTEGER"}
EVENT_DATE = "event_date_"  # contract names cannot end with _, so no column of the contract can be called like this
#: Most rows of a file: of twenty columns about 200 MB, which one task hashes in memory.
FILE_ROWS: Final = 2_000_000
#: Whatever the cluster is set to: days are those of UTC, and times have the type that the embedded engine writes.
_SETTINGS: Final = {"spark.sql.session.timeZone": "UTC", "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS"}


def read(spark: SparkSession, locations: Sequence[str], contract: Contract) -> tuple[DataFrame, list[dict[str, Any]]]:
    """The accepted files at `locations` with their delivery, and the files: name and rows.

    The order of files is that of `sources.find_sources`. A file has no value in a column that came to the contract
    after it. Raises UserError naming each file without values in a column that needs them.
    """
    from pyspark.sql import functions

    # not every file has DELIVERED; a folder `churn_label=1` is no column (recursive look-up takes none for one)
    options = {"mergeSchema": "true", "recursiveFileLookup": "true", "pathGlobFilter": "*.parquet"}
    stored = spark.read.options(**options).parquet(*locations)
    columns = [_column(column, stored) for column in stored_columns(contract)]
    noted = functions.col(DELIVERED) if DELIVERED in stored.columns else functions.lit(None)
    came = functions.coalesce(noted, functions.col(contract.event_time)).alias(DELIVERED)
    rows = stored.select(*columns, came, functions.input_file_name().alias("file_"))
    needed = [column.name for column in stored_columns(contract) if not column.nullable]
    values = [functions.count(name).alias(name) for name in needed]
    files = rows.groupBy("file_").agg(
        functions.max(DELIVERED).alias(DELIVERED), functions.count("*").alias("rows_"), *values
    )
    files = files.collect()
    _require_values(files, needed)
    ordered = sorted(files, key=lambda file: (file[DELIVERED], Path(file["file_"]).name))
    deliveries = spark.createDataFrame(
        [(file["file_"], index) for index, file in enumerate(ordered)], f"file_ string, {DELIVERY} long"
    )
    sources = [{"name": Path(file["file_"]).name, "rows": file["rows_"]} for file in ordered]
    return rows.join(functions.broadcast(deliveries), "file_").drop("file_", DELIVERED), sources


def _column(column: Column, stored: DataFrame) -> Any:
    """A column, without values where no file has it."""
    from pyspark.sql import functions

    if column.name in stored.columns:
        return functions.col(column.name)
    kind = ColumnType.STRING if column.pii is Pii.HASH else column.type
    return functions.lit(None).cast(SPARK_TYPES[kind]).alias(column.name)


def _require_values(files: Sequence[Any], needed: Sequence[str]) -> None:
    """UserError for files that lack values of a column that is not nullable."""
    faults = [
        f"{Path(file['file_']).name}: column {name} has no value in {file['rows_'] - file[name]} of {file['rows_']} "
        f"rows; a column that came to the contract after a file has to be nullable: columns.{name}.nullable"
        for file in sorted(files, key=lambda file: file["file_"])
        for name in needed
        if file[name] < file["rows_"]
    ]
    if faults:
        raise job.UserError("--input: not accepted data of this contract; validate it first\n  " + "\n  ".join(faults))


@contextmanager
def prepared(
    spark: SparkSession, locations: Sequence[str], contract: Contract, provenance: Provenance
) -> Generator[tuple[DataFrame, dict[str, Any]]]:
    """The rows of a data set without their features, for `write`, and its manifest, whose sources have no hash.

    The cluster keeps them while the context lasts, on its disks what does not fit into memory. Raises UserError for
    what is not accepted data of the contract, TooFewRowsError for a part with too few rows of a class.
    """
    for name, value in _SETTINGS.items():
        spark.conf.set(name, value)
    delivered, sources = read(spark, locations, contract)
    rows = divided(latest(delivered, contract), contract).persist()
    try:
        found = {part: read_back(_sorted_batches(rows, part, contract), contract) for part in PARTS}
        written = {part: each for part, each in found.items() if each}
        superseded = sum(source["rows"] for source in sources) - sum(each.part.rows for each in written.values())
        types = dict(completed(rows, contract).dtypes)
        yield (
            rows,
            document(
                contract,
                provenance,
                splits=splits({part: each.part for part, each in written.items()}, contract),
                version=dataset_version({part: each.digest for part, each in written.items()}, contract),
                event_times=event_times(written.values()),
                superseded=(superseded, _conflicts(delivered, contract) if len(sources) > 1 else 0),
                schema={name: _TOLD[types[name]] for name in output_columns(contract)},
                sources=sources,
            ),
        )
    finally:
        rows.unpersist()


def write(rows: DataFrame, contract: Contract, output: str) -> None:
    """Write the parts below `output`: a day's rows in one file, or in several once they are many (FILE_ROWS).

    However many small files the rows came from, the engine spreads them evenly over its tasks by day.
    """
    from pyspark.sql import functions

    for part in PARTS:
        complete = completed(rows.where(functions.col(SPLIT) == part), contract).drop(SPLIT)
        dated = complete.withColumn(EVENT_DATE, functions.to_date(contract.event_time))
        spread = rows.sparkSession.sql(f"SELECT /*+ REBALANCE({EVENT_DATE}) */ * FROM {{dated}}", dated=dated)  # noqa: S608
        placed = spread.sortWithinPartitions(EVENT_DATE, contract.entity, contract.event_time)
        options = {"compression": "zstd", "maxRecordsPerFile": FILE_ROWS}
        placed.write.mode("overwrite").partitionBy(EVENT_DATE).options(**options).parquet(f"{output}/{part}")


def digests(spark: SparkSession, output: str) -> dict[str, str]:
    """Names of the files that `write` wrote below `output` -> SHA-256 of their bytes, hashed where the cluster is."""
    from pyspark.sql import functions

    options = {"recursiveFileLookup": "true", "pathGlobFilter": "*.parquet"}
    files = spark.read.format("binaryFile").options(**options).load([f"{output}/{part}" for part in PARTS])
    found = files.select("path", functions.sha2("content", 256).alias("sha256")).collect()
    return {"/".join(file["path"].split("/")[-3:]): file["sha256"] for file in found}  # part/day/file


def run(
    spark: SparkSession, location: str, contract: Contract, output: str, *, provenance: Provenance | None = None
) -> dict[str, Any]:
    """Make a data set of the accepted files at `location`, below `output`; its manifest."""
    with prepared(spark, [location], contract, provenance or Provenance()) as (rows, manifest):
        write(rows, contract, output.rstrip("/"))
    return manifest


def _conflicts(delivered: DataFrame, contract: Contract) -> int:
    """How many entities and event times came in several deliveries with different content."""
    from pyspark.sql import functions

    key = [contract.entity, contract.event_time]
    repeated = delivered.groupBy(*key).agg(functions.count("*").alias("times_")).where("times_ > 1")
    content = functions.count_distinct(functions.struct(*(column.name for column in stored_columns(contract))))
    again = delivered.join(repeated, key).groupBy(*key)
    return again.agg(content.alias("contents_")).where("contents_ > 1").count()


def _sorted_batches(rows: DataFrame, part: str, contract: Contract) -> Iterator[pa.RecordBatch]:
    """The raw columns of a part by entity and event time, as they are written: a feature that is a bare column under
    its own name takes that one's place. The cluster sorts; the driver has one of its partitions at a time.

    By what `DataFrame.toArrow` of later versions stands on. `mapInArrow` needs a process of Python beside every task
    and, on the driver, pandas.
    """
    from pyspark.rdd import RDD
    from pyspark.serializers import NoOpSerializer
    from pyspark.sql import functions
    from pyspark.sql.pandas.types import to_arrow_schema

    written = completed(rows.where(functions.col(SPLIT) == part), contract)
    came: Any = written.orderBy(contract.entity, contract.event_time).select(*raw_columns(contract))
    schema = to_arrow_schema(came.schema)
    batches: RDD[bytes] = RDD(came._jdf.toArrowBatchRdd().toJavaRDD(), rows.sparkSession.sparkContext, NoOpSerializer())
    for batch in batches.toLocalIterator():
        yield pa.ipc.read_record_batch(pa.py_buffer(batch), schema)


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_contract(parser)
    parser.add_argument("--input", required=True, help="location of accepted Parquet files")
    parser.add_argument("--output", required=True, help="location to write to")


@job.entry("etl.spark", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Make the data set in a session of the cluster's own making."""
    from pyspark.sql import SparkSession

    contract = read_contract(options.contract)
    builder: Any = SparkSession.builder
    manifest = run(builder.getOrCreate(), options.input, contract, options.output)
    text = json.dumps(manifest, indent=1) + "\n"
    place = f"{options.output.rstrip('/')}/manifest"
    location.write_text(lambda: boto3.client("s3"), place, MANIFEST_FILE, text, "application/json")
    return job.Outcome(message=f"data set {manifest['dataset_version']}", fields={"manifest": manifest})


if __name__ == "__main__":
    sys.exit(main())
