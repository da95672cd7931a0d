"""Lake Formation on a real moto, which keeps what it is told and enforces nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.adapter import Adapter

PREFIX = "aws:lakeformation/"
ADMIN = "arn:aws:iam::123456789012:role/lake-administrator"
SCIENTIST = "arn:aws:iam::123456789012:role/scientist"
KEY = "mlplatform-staging-sensitivity"
TABLE = {"databaseName": "churn_staging", "name": "accepted", "columnNames": ["spent"]}
TAGGED = {"tableWithColumns": TABLE, "lfTags": [{"key": KEY, "value": "open"}]}


def test_settings_name_administrators_and_leave_nothing_to_iam(adapter: Adapter, aws: Callable[[str], Any]) -> None:
    lake, kind = aws("lakeformation"), f"{PREFIX}dataLakeSettings:DataLakeSettings"
    made = adapter.create(kind, "settings", {"admins": [ADMIN]})
    assert (made.id, made.emulated) == ("123456789012", True)
    assert lake.get_data_lake_settings()["DataLakeSettings"] == {
        "DataLakeAdmins": [{"DataLakePrincipalIdentifier": ADMIN}]
    }
    adapter.update(kind, made.id, {"admins": [ADMIN]}, {"admins": [ADMIN, SCIENTIST]}, made.outputs)
    assert len(lake.get_data_lake_settings()["DataLakeSettings"]["DataLakeAdmins"]) == 2
    adapter.delete(kind, made.id, {"admins": [ADMIN, SCIENTIST]}, made.outputs)
    assert lake.get_data_lake_settings()["DataLakeSettings"] == {}


def test_a_bucket_is_lent_by_a_role(adapter: Adapter, aws: Callable[[str], Any]) -> None:
    kind, inputs = f"{PREFIX}resource:Resource", {"arn": "arn:aws:s3:::lake", "roleArn": SCIENTIST}
    made = adapter.create(kind, "bucket", inputs)
    assert made.id == "arn:aws:s3:::lake"
    found = aws("lakeformation").list_resources()["ResourceInfoList"]
    assert found == [{"ResourceArn": "arn:aws:s3:::lake", "RoleArn": SCIENTIST}]
    adapter.delete(kind, made.id, inputs, made.outputs)
    assert aws("lakeformation").list_resources()["ResourceInfoList"] == []


def test_columns_are_tagged_and_another_set_is_another_association(adapter: Adapter, aws: Callable[[str], Any]) -> None:
    lake, tag = aws("lakeformation"), {"key": KEY, "values": ["open", "personal"]}
    key = adapter.create(f"{PREFIX}lfTag:LfTag", "tag", tag)
    assert key.id == f"123456789012:{KEY}"
    kind = f"{PREFIX}resourceLfTags:ResourceLfTags"
    made = adapter.create(kind, "columns", TAGGED)
    asked = {"TableWithColumns": {"DatabaseName": "churn_staging", "Name": "accepted", "ColumnNames": ["spent", "who"]}}
    found = lake.get_resource_lf_tags(Resource=asked)["LFTagsOnColumns"]
    assert [(each["Name"], each["LFTags"][0]["TagValues"]) for each in found] == [("spent", ["open"])]
    wider = {**TAGGED, "tableWithColumns": {**TABLE, "columnNames": ["spent", "seen"]}}
    assert adapter.replaces(kind, TAGGED, wider) == ["tableWithColumns"]
    adapter.delete(kind, made.id, TAGGED, made.outputs)
    assert "LFTagsOnColumns" not in lake.get_resource_lf_tags(Resource=asked)
    adapter.delete(f"{PREFIX}lfTag:LfTag", key.id, tag, key.outputs)
    assert lake.list_lf_tags()["LFTags"] == []


def test_a_grant_of_a_tag_is_made_and_taken_back(adapter: Adapter, aws: Callable[[str], Any]) -> None:
    kind = f"{PREFIX}permissions:Permissions"
    policy = {"resourceType": "TABLE", "expressions": [{"key": KEY, "values": ["open"]}]}
    inputs = {"principal": SCIENTIST, "permissions": ["SELECT"], "lfTagPolicy": policy}
    made = adapter.create(kind, "reads", inputs)
    found = aws("lakeformation").list_permissions()["PrincipalResourcePermissions"]
    assert [(each["Principal"], each["Resource"], each["Permissions"]) for each in found] == [
        (
            {"DataLakePrincipalIdentifier": SCIENTIST},
            {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [{"TagKey": KEY, "TagValues": ["open"]}]}},
            ["SELECT"],
        )
    ]
    adapter.delete(kind, made.id, inputs, made.outputs)
    assert aws("lakeformation").list_permissions()["PrincipalResourcePermissions"] == []
