"""Whether Lake Formation, which an account has once in a region, is free for a stack."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.stub import Stubber

from automation.operations.findings import Stack
from automation.operations.lake_formation import granted_tables, lake_formation

ADMIN = "arn:aws:iam::123456789012:role/{}"


def found(admins: list[str], keys: list[str], *, declared: bool = True) -> list[tuple[bool | None, str]]:
    """What is found where an account has these administrators and tags; the stack names `ours`."""
    access = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client: Any = boto3.client("lakeformation", region_name="eu-west-1", **access)
    stubs = Stubber(client)
    tags = [{"TagKey": key, "TagValues": ["open"]} for key in keys]
    stubs.add_response("list_lf_tags", {"LFTags": tags} if tags else {})
    named = [{"DataLakePrincipalIdentifier": ADMIN.format(name)} for name in admins]
    stubs.add_response("get_data_lake_settings", {"DataLakeSettings": {"DataLakeAdmins": named}})
    settings = {
        "type": "aws:lakeformation/dataLakeSettings:DataLakeSettings",
        "inputs": {"admins": [ADMIN.format("ours")]},
    }
    tag = {"type": "aws:lakeformation/lfTag:LfTag", "inputs": {"key": "mlplatform-prod-sensitivity"}}
    resources = [settings, tag] if declared else []
    with stubs:
        stack = Stack(resources=resources, region="eu-west-1", client=lambda _: client)
        return [(each.holds, each.found) for each in lake_formation(stack)]


def test_an_account_without_it_or_with_the_stacks_own_is_free() -> None:
    free = [(True, "nobody who administers it is put out")]
    assert found([], []) == free
    assert found(["ours"], ["mlplatform-prod-sensitivity", "sensitivity", "others-prod-sensitivity"]) == free


def test_another_stack_that_has_it_is_named() -> None:
    keys = ["mlplatform-prod-eu-sensitivity", "mlplatform-prod-sensitivity"]
    assert found(["ours"], keys) == [(False, "stack prod-eu has it in this account and region")]


def test_who_would_be_put_out_is_named() -> None:
    assert found(["theirs", "ours", "hers"], []) == [
        (False, f"{ADMIN.format('hers')}, {ADMIN.format('theirs')} would administer it no more")
    ]


def test_a_stack_without_it_asks_nothing() -> None:
    assert found(["theirs"], [], declared=False) == []


def test_the_table_of_an_iceberg_store_needs_a_grant_where_lake_formation_decides_over_new_tables() -> None:
    access = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client: Any = boto3.client("lakeformation", region_name="eu-west-1", **access)
    everybody = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
    own = {"type": "aws:lakeformation/dataLakeSettings:DataLakeSettings", "inputs": {"admins": []}}
    for defaults, declared, findings in (([], [], 1), (everybody, [], 0), (everybody, [own], 1)):
        with Stubber(client) as stubs:
            settings = {"DataLakeSettings": {"CreateTableDefaultPermissions": defaults}}
            stubs.add_response("get_data_lake_settings", settings)
            found = list(granted_tables(Stack(resources=declared, region="eu-west-1", client=lambda _: client), "a-b"))
        assert [each.holds for each in found] == [None] * findings
        assert all("grant ALTER and DESCRIBE on sagemaker_featurestore.a_b_*" in each.fix for each in found)
