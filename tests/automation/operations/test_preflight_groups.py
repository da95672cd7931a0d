"""What a feature group that is there cannot take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from automation.operations.findings import Finding
from tests.automation.operations.accounts import Account, limits

GROUP: dict[str, Any] = {
    "type": "aws:sagemaker/featureGroup:FeatureGroup",
    "inputs": {
        "featureGroupName": "churn-features",
        "featureDefinitions": [{"featureName": name, "featureType": "String"} for name in ("id", "at", "plan")],
    },
}


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.mark.parametrize(
    ("there", "finding"),
    [
        (
            ("id", "at"),
            {
                "holds": False,
                "found": "lacks plan of the contract",
                "fix": "python -m automation evolve",
            },
        ),
        (("id", "at", "plan", "old"), {"holds": True, "found": "has every column of the contract"}),
    ],
)
def test_a_group_that_is_there_has_the_columns_of_the_contract(
    account: Account, there: tuple[str, ...], finding: dict[str, Any]
) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    account.says("sagemaker", "describe_feature_group", described(there))
    assert account.find(GROUP)[1:] == [Finding(subject="churn-features", **finding)]


def test_a_group_has_the_types_of_the_contract_for_good(account: Account) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    answer = described(("id", "at", "plan"))
    answer["FeatureDefinitions"][2]["FeatureType"] = "Integral"
    account.says("sagemaker", "describe_feature_group", answer)
    assert account.find(GROUP)[2:] == [
        Finding(
            subject="churn-features",
            holds=False,
            found="has plan as Integral, by the contract it is String; SageMaker changes no type",
            fix="leave columns.plan as it was (docs/automation.md, A contract grows)",
        )
    ]


def test_a_group_that_is_not_there_lacks_nothing(account: Account) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    account.fails("sagemaker", "describe_feature_group", "ResourceNotFound")
    assert account.find(GROUP)[1:] == []


def test_a_group_that_nobody_may_look_at_is_told(account: Account) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    account.fails("sagemaker", "describe_feature_group", "AccessDeniedException")
    _, found = account.find(GROUP)
    assert (found.subject, found.holds) == ("churn-features", None)


@pytest.mark.parametrize(
    ("there", "declared", "findings"),
    [
        ({}, {"tableFormat": "Iceberg"}, [("Glue", "Iceberg", "glue")]),
        ({"TableFormat": "Iceberg"}, {}, [("Iceberg", "Glue", "iceberg")]),
        ({"TableFormat": "Iceberg"}, {"tableFormat": "Iceberg"}, []),
        ({"TableFormat": "Glue"}, {}, []),
    ],
)
def test_a_group_keeps_the_table_format_that_it_was_made_with(
    account: Account, there: dict[str, str], declared: dict[str, str], findings: list[tuple[str, str, str]]
) -> None:
    account.says("lambda", "get_account_settings", limits(1000))
    if declared:
        everybody = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
        settings = {"DataLakeSettings": {"CreateTableDefaultPermissions": everybody}}
        account.says("lakeformation", "get_data_lake_settings", settings)
    storage = {"S3StorageConfig": {"S3Uri": "s3://lake/offline-store"}}
    answer = described(["id", "at", "plan"]) | {"OfflineStoreConfig": {**storage, **there}}
    account.says("sagemaker", "describe_feature_group", answer)
    group = {**GROUP, "inputs": {**GROUP["inputs"], "offlineStoreConfig": declared}}
    assert account.find(group)[2:] == [
        Finding(
            subject="churn-features",
            holds=False,
            found=f"its offline store has table format {has}, by the config {wanted}; SageMaker cannot change it",
            fix=f"features.offline_format: {setting}",
        )
        for has, wanted, setting in findings
    ]


def described(columns: Sequence[str]) -> dict[str, Any]:
    """What SageMaker says of a group with these columns."""
    return {
        "FeatureGroupArn": "arn:aws:sagemaker:eu-west-1:123456789012:feature-group/x",
        "FeatureGroupName": "churn-features",
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "at",
        "FeatureDefinitions": [{"FeatureName": name, "FeatureType": "String"} for name in columns],
        "CreationTime": 0,
        "NextToken": "",
    }
