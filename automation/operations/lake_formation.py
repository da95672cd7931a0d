"""Whether the account's Lake Formation, which it has once in a region, is free for the stack, or another one's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from automation.operations.findings import Finding, Stack
from contracts.feature_store import DATABASE, table_pattern
from contracts.names import PLATFORM

_SETTINGS: Final = "aws:lakeformation/dataLakeSettings:DataLakeSettings"
_TAG: Final = "aws:lakeformation/lfTag:LfTag"
#: The tag of a stack's tables (`components.ground.lake_formation`).
_OF_STACK: Final = re.compile(rf"{PLATFORM}-(.+)-sensitivity")


def lake_formation(stack: Stack) -> Iterator[Finding]:
    """Whether another stack of the platform has it, and whether somebody who administers it would be put out."""
    for settings in stack.inputs(_SETTINGS):
        client = stack.client("lakeformation")
        own = {inputs["key"] for inputs in stack.inputs(_TAG)}
        pages = client.get_paginator("list_lf_tags").paginate()
        keys = [tag["TagKey"] for page in pages for tag in page.get("LFTags", [])]
        others = sorted(match[1] for key in keys if key not in own and (match := _OF_STACK.fullmatch(key)))
        if others:
            yield Finding(
                subject="Lake Formation",
                holds=False,
                found=f"stack {', '.join(others)} has it in this account and region",
                fix="leave lake_formation to one of them, or deploy this stack to another account or region",
            )
            continue
        there = client.get_data_lake_settings()["DataLakeSettings"].get("DataLakeAdmins", [])
        lost = sorted({each["DataLakePrincipalIdentifier"] for each in there} - set(settings["admins"]))
        yield Finding(
            subject="Lake Formation",
            holds=not lost,
            found=f"{', '.join(lost)} would administer it no more" if lost else "nobody who administers it is put out",
            fix="name them in lake_formation.administrators, or take it from them in Lake Formation first",
        )


def granted_tables(stack: Stack, group: str) -> Iterator[Finding]:
    """Whether IAM alone decides over the Iceberg table that SageMaker makes for a feature group; where Lake Formation
    does, somebody has to have granted it to the group's role."""
    settings = stack.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    if stack.inputs(_SETTINGS) or not settings.get("CreateTableDefaultPermissions"):
        yield Finding(
            subject=group,
            holds=None,
            found="Lake Formation decides over new tables, and so over that of the offline store",
            fix=f"have its administrator grant ALTER and DESCRIBE on {DATABASE}.{table_pattern(group)} to the group's "
            "role, or features.offline_format: glue",
        )
