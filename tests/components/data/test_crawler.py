"""The crawler as it is declared, as Glue's API takes it, and what its role may do."""

from __future__ import annotations

import functools
import json
from typing import Any

import boto3
import pulumi

from components.data.crawler import Crawler, CrawlerArgs
from local.adapter import Adapter
from settings import Crawler as CrawlerSettings
from tests.components.engine import ACCOUNT, CHURN, REGION, Deployment, deploy, ground, permissions

RAW = "123456789012-staging-ai-raw-data"


@functools.cache
def deployed() -> Deployment:
    return deploy(
        lambda: Crawler(
            "churn-crawler",
            CrawlerArgs(
                ground=ground(),
                names=CHURN,
                settings=CrawlerSettings(schedule="cron(0 5 ? * MON *)"),
                security_configuration="churn-staging-processing",
                database=pulumi.Output.from_input("churn_staging"),
            ),
        )
    )


def test_it_keeps_one_table_of_what_was_delivered_whatever_lies_below() -> None:
    inputs = deployed().one("churn-crawler-crawler").inputs
    assert inputs["name"] == "churn-staging-crawler"
    assert inputs["schedule"] == "cron(0 5 ? * MON *)"
    assert inputs["securityConfiguration"] == "churn-staging-processing"
    assert (inputs["databaseName"], inputs["tablePrefix"]) == ("churn_staging", "raw_")
    assert inputs["s3Targets"] == [{"path": f"s3://{RAW}/incoming/churn/", "sampleSize": 10}]
    assert json.loads(inputs["configuration"]) == {
        "Version": 1.0,
        "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
        "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas", "TableLevelConfiguration": 3},
    }


def test_a_table_that_people_query_does_not_go_by_itself() -> None:
    assert deployed().one("churn-crawler-crawler").inputs["schemaChangePolicy"] == {
        "updateBehavior": "UPDATE_IN_DATABASE",
        "deleteBehavior": "LOG",
    }


def test_its_role_reads_raw_data_and_changes_no_table_of_the_contract() -> None:
    may = permissions(deployed(), "churn-crawler-role")
    changed = {r for each in may.values() if "glue:UpdateTable" in each["Action"] for r in each["Resource"]}
    place = f"arn:aws:glue:{REGION}:{ACCOUNT}"
    assert changed == {f"{place}:catalog", f"{place}:database/churn_staging", f"{place}:table/churn_staging/raw_*"}
    objects = {r for each in may.values() if "s3:GetObject" in each["Action"] for r in each["Resource"]}
    assert objects == {f"arn:aws:s3:::{RAW}/incoming/churn/*"}
    assert not {action for each in may.values() for action in each["Action"] if action.startswith("s3:Put")}
    assert not {action for each in may.values() for action in each["Action"] if "Delete" in action}


def test_the_emulator_takes_it(moto_url: str) -> None:
    access = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    glue: Any = boto3.client("glue", region_name=REGION, endpoint_url=moto_url, **access)
    glue.create_database(DatabaseInput={"Name": "churn_staging"})
    crawler = deployed().one("churn-crawler-crawler")
    created = Adapter(moto_url, ACCOUNT, REGION).create(crawler.type, crawler.name, crawler.inputs)
    assert created.emulated
    made = glue.get_crawler(Name="churn-staging-crawler")["Crawler"]
    assert made["Targets"]["S3Targets"] == [{"Path": f"s3://{RAW}/incoming/churn/", "SampleSize": 10}]
    assert made["Schedule"]["ScheduleExpression"] == "cron(0 5 ? * MON *)"
