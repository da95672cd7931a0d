"""Data: what a workload keeps of the rows it was given, beside the lake itself."""

from __future__ import annotations

from typing import Final

from components.data import catalog, features, ingestion
from components.data.catalog import Catalog, CatalogArgs
from components.data.features import Features, FeaturesArgs
from components.workload import Workload
from contracts.tables import Table, tables

#: What the code of this wing calls (`components.reach`) follows from the contracts.
calls = ingestion.calls
#: What is made in this wing (`components.service`).
SERVICES: Final = (*catalog.SERVICES, *features.SERVICES, *ingestion.SERVICES)


def build(workload: Workload) -> Features:
    """What looks into the workload's data, and its feature group."""
    Catalog(
        workload.named("catalog"),
        CatalogArgs(ground=workload.ground, names=workload.names, tables=_tables(workload)),
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
