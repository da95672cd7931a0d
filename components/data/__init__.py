"""Data: what a workload keeps of the rows it was given, beside the lake itself."""

from __future__ import annotations

from typing import Final

import pulumi

from components.data import catalog, crawler, features, ingestion, spark
from components.data.catalog import Catalog, CatalogArgs
from components.data.crawler import Crawler, CrawlerArgs
from components.data.features import Features, FeaturesArgs
from components.data.spark import Spark, SparkArgs
from components.workload import Workload
from contracts.tables import Table, tables

#: What the code of this wing calls (`components.reach`) follows from the contracts.
calls = ingestion.calls
#: What is made in this wing (`components.service`), beside what Spark takes where a stack has it.
SERVICES: Final = (*catalog.SERVICES, *features.SERVICES, *ingestion.SERVICES)


def build(workload: Workload, lookup: pulumi.InvokeOptions) -> Features:
    """What looks into the workload's data, what makes data sets on Spark, where it is asked for, and the feature group.

    The network is looked up with `lookup`.
    """
    looked_into = Catalog(
        workload.named("catalog"),
        CatalogArgs(
            ground=workload.ground,
            names=workload.names,
            tables=_tables(workload),
            account_encryption=workload.settings.catalog.account_encryption,
        ),
        workload.opts(),
    )
    if workload.settings.catalog.crawler and looked_into.database is not None:
        Crawler(
            workload.named(crawler.ROLE),
            CrawlerArgs(
                ground=workload.ground,
                names=workload.names,
                settings=workload.settings.catalog.crawler,
                security_configuration=looked_into.security_configuration,
                database=looked_into.database,
            ),
            workload.opts(),
        )
    if workload.settings.ingestion.glue:
        Spark(
            workload.named(spark.ROLE),
            SparkArgs(
                ground=workload.ground,
                names=workload.names,
                settings=workload.settings.ingestion.glue,
                minutes=workload.settings.ingestion.max_runtime_minutes,
                security_configuration=looked_into.security_configuration,
                lookup=lookup,
            ),
            workload.opts(),
        )
    return Features(
        workload.named("features"),
        FeaturesArgs(
            ground=workload.ground,
            names=workload.names,
            settings=workload.settings.features,
            contract=workload.contract,
        ),
        workload.opts(),
    )


def _tables(workload: Workload) -> tuple[Table, ...]:
    if not workload.settings.catalog.tables:
        return ()
    endpoints = [workload.names.of_endpoint(name).prefix for name in workload.settings.endpoints]
    return tables(workload.contract, workload.names.layout, endpoints)
