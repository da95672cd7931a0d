"""A crawler of AWS Glue, where a stack asks for one (`catalog.crawler`): what was delivered, as its files are.

The tables of the platform follow from the contract (`components.data.catalog`) and need no crawler. What files have
beyond the contract, or had before a column came to it, stands in none of them: this looks for it in raw data and keeps
one table of it, `raw_<workload>`. It reads through Glue's own network, by its role, and writes nothing but the table.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.ground.lake_formation import Grant, grant
from components.service import Service
from contracts.names import WorkloadNames
from contracts.tables import PERSONAL
from settings import Crawler as CrawlerSettings

ROLE: Final = "crawler"
GLUE: Final = "glue.amazonaws.com"
#: What the name of the table begins with; the rest is the folder that it is of.
TABLE_PREFIX: Final = "raw_"
#: Files of a folder that are opened: those of one day have one form.
_SAMPLE: Final = 10
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "glue",
        types="glue/crawler",
        reads="GetCrawler",
        changes="CreateCrawler DeleteCrawler UpdateCrawler",
        named="*/{every}",
        handed_to="glue",
    ),
)


def statements(names: WorkloadNames, *, raw_key: pulumi.Input[str]) -> list[Statement]:
    """What a crawl may do: read what was delivered, keep its table and the table's partitions, write its log."""
    place = [names.arn("glue", each) for each in ("catalog", f"database/{names.database}")]
    tables, kept = [
        [*place, names.arn("glue", f"table/{names.database}/{table}")] for table in ("*", f"{TABLE_PREFIX}*")
    ]
    return [
        *access.read_objects("ReadDelivered", names, names.raw_bucket, [names.layout.incoming]),
        access.allow("LocateDelivered", ["s3:GetBucketLocation"], [names.bucket_arn(names.raw_bucket)]),
        access.use_key("DecryptDelivered", [raw_key], write=False),
        access.allow(
            "ReadTables",
            ["glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable"],
            tables,
        ),
        access.allow(
            "KeepTable",
            [
                "glue:BatchCreatePartition",
                "glue:BatchUpdatePartition",
                "glue:CreatePartition",
                "glue:CreateTable",
                "glue:UpdatePartition",
                "glue:UpdateTable",
            ],
            kept,
        ),
        # Under a security configuration Glue adds the role's name and its own to that of the group.
        access.allow(
            "WriteLogs",
            ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [names.arn("logs", "log-group:/aws-glue/crawlers*")],
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class CrawlerArgs:
    """`security_configuration` is the name of the one that encrypts, `database` that of the workload's tables."""

    ground: Ground
    names: WorkloadNames
    settings: CrawlerSettings
    security_configuration: pulumi.Input[str]
    database: pulumi.Input[str]


class Crawler(pulumi.ComponentResource):
    """The crawler and its role.

    Crawler("churn-crawler", CrawlerArgs(ground=ground, names=names, settings=settings.catalog.crawler, ...))
    """

    def __init__(self, name: str, args: CrawlerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:data:Crawler", name, None, opts)
        ground, names, child = args.ground, args.names, pulumi.ResourceOptions(parent=self)
        role = access.Role(
            f"{name}-role",
            access.RoleArgs(
                names=names,
                job=ROLE,
                service=GLUE,
                names_source=False,
                description="Looks for the columns of what was delivered",
                statements=statements(names, raw_key=ground.keys[Domain.RAW].arn),
                permissions_boundary=ground.services_boundary,
            ),
            child,
        )
        if guard := ground.lake_formation:
            # What it makes has the database's tag, so it is closed, and IAM says of which database it makes tables.
            makes = Grant(name="makes", kind="DATABASE", values=(PERSONAL,), permissions=("CREATE_TABLE", "DESCRIBE"))
            grant(guard, name, role.arn, [makes], self)
        crawler = aws.glue.Crawler(
            f"{name}-crawler",
            name=names.resource(ROLE),
            description=f"Columns of what was delivered to {names.workload}",
            role=role.arn,
            database_name=args.database,
            table_prefix=TABLE_PREFIX,
            s3_targets=[
                aws.glue.CrawlerS3TargetArgs(
                    path=f"s3://{names.raw_bucket}/{names.layout.incoming}", sample_size=_SAMPLE
                )
            ],
            schedule=args.settings.schedule,
            security_configuration=args.security_configuration,
            recrawl_policy=aws.glue.CrawlerRecrawlPolicyArgs(recrawl_behavior="CRAWL_EVERYTHING"),
            # Nobody deletes raw data: a table that people query does not go because a file could not be read.
            schema_change_policy=aws.glue.CrawlerSchemaChangePolicyArgs(
                update_behavior="UPDATE_IN_DATABASE", delete_behavior="LOG"
            ),
            configuration=_one_table(names),
            opts=child,
        )
        self.register_outputs({"crawler": crawler.name})


def _one_table(names: WorkloadNames) -> str:
    """The workload's folder is one table, whatever lies below it (Glue developer guide, "Setting crawler configuration
    options": the bucket is level 1); partitions have the columns of the table."""
    grouping = {
        "TableGroupingPolicy": "CombineCompatibleSchemas",
        "TableLevelConfiguration": 1 + len(names.layout.incoming.strip("/").split("/")),
    }
    output = {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}
    return json.dumps({"Version": 1.0, "Grouping": grouping, "CrawlerOutput": output}, sort_keys=True)
