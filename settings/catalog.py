"""Section `catalog`: what SQL finds of a workload's data."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from contracts.prices import told as usd
from settings.schedules import expression_faults
from settings.section import Fault, Section, Shared, told


class Crawler(Section):
    """A crawler of AWS Glue over what was delivered, for columns that are in files and not in the contract."""

    schedule: str = Field(
        default="cron(0 4 * * ? *)",
        pattern=r"^cron\(\S+ \S+ \S+ \S+ \S+ \S+\)$",
        examples=["cron(0 4 * * ? *)"],
        json_schema_extra=told(cost=f"ten minutes at least of each run: {usd('glue', 'DPU, crawler')} an hour and DPU"),
    )
    """When it looks, in UTC, which is Glue's only clock: `cron(...)` with six fields."""

    def faults(self) -> Iterator[Fault]:
        """A schedule that names no day, days in two ways, or one that never comes."""
        yield from expression_faults("schedule", self.schedule)


class Catalog(Shared):
    """The Glue Data Catalog, in which Athena and Spark look up what lies where."""

    tables: bool = Field(
        default=False,
        json_schema_extra=told(risk="who may read the objects may query them too, by whatever reads the catalog"),
    )
    """Whether the catalog has a database of the workload, `<workload>_<stack>`, with the tables that follow from the
    contract: accepted and quarantined rows, data sets, captured traffic."""
    account_encryption: bool = Field(
        default=True,
        json_schema_extra=told(
            risk="without it the catalog is as the account has it: metadata may lie there unencrypted by a key of KMS"
        ),
    )
    """Whether the stack has the account's catalog of the region encrypted with Glue's key. It is one setting of the
    account: off where the account encrypts it with a key of its own, which would be replaced (preflight says so)."""
    crawler: Crawler | None = None
    """A crawler that keeps a table `raw_<workload>` beside them, of what was delivered as its files are. The tables of
    the contract need none."""

    def faults(self) -> Iterator[Fault]:
        """A crawler without a database to put its table into."""
        if self.crawler and not self.tables:
            yield Fault("crawler", "no tables", "catalog.tables: true", "a crawler puts its table beside the others")
