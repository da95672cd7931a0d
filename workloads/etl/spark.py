"""ETL on Spark (AWS Glue), for data that outgrows one machine: the same `prepare`, another engine.

    spark-submit workloads/etl/spark.py --contract contract.json --input s3://processed/accepted/ --output s3://.../

Writes train/, validation/ and test/ as Parquet partitioned by the date of the event.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contracts.schema import Column, ColumnType, Contract, Pii
from workloads import job
from workloads.etl.transform import DELIVERY, prepare
from workloads.features.split import COLUMN as SPLIT
from workloads.features.split import PARTS
from workloads.inputs import add_contract, read_contract
from workloads.stored import DELIVERED, stored_columns

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
EVENT_DATE = "event_date_"  # contract names cannot end with _, so no column of the contract can be called like this


def read(spark: SparkSession, location: str, contract: Contract) -> DataFrame:
    """The accepted files at `location` with their delivery: the order of files is that of `sources.find_sources`.

    A file has no value in a column that came to the contract after it. Raises UserError naming each file without values
    in a column that needs them.
    """
    from pyspark.sql import functions

    # not every file has DELIVERED; a folder `churn_label=1` is no column (recursive look-up takes none for one)
    options = {"mergeSchema": "true", "recursiveFileLookup": "true", "pathGlobFilter": "*.parquet"}
    stored = spark.read.options(**options).parquet(location)
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
    return rows.join(functions.broadcast(deliveries), "file_").drop("file_", DELIVERED)


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


def run(spark: SparkSession, location: str, contract: Contract, output: str) -> None:
    """Make a data set of the accepted files at `location`, below `output`."""
    from pyspark.sql import functions

    prepared = prepare(read(spark, location, contract), contract).cache()
    dated = prepared.withColumn(EVENT_DATE, functions.to_date(contract.event_time))
    for part in PARTS:
        rows = dated.where(functions.col(SPLIT) == part).drop(SPLIT)
        rows.write.mode("overwrite").partitionBy(EVENT_DATE).parquet(f"{output.rstrip('/')}/{part}")
    prepared.unpersist()


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
    spark = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    run(spark, options.input, contract, options.output)
    return job.Outcome(message=f"data set in {options.output}")


if __name__ == "__main__":
    sys.exit(main())
