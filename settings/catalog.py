"""Section `catalog`: what SQL finds of a workload's data."""

from __future__ import annotations

from pydantic import Field

from settings.section import Section, told


class Catalog(Section):
    """The Glue Data Catalog, in which Athena and Spark look up what lies where."""

    tables: bool = Field(
        default=False,
        json_schema_extra=told(risk="who may read the objects may query them too, by whatever reads the catalog"),
    )
    """Whether the catalog has a database of the workload, `<workload>_<stack>`, with the tables that follow from the
    contract: accepted and quarantined rows, data sets, captured traffic."""
