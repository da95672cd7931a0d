from __future__ import annotations

import functools
from typing import Any

import pytest

from components.data.features import Features, FeaturesArgs
from contracts import loader
from contracts.feature_store import identity
from settings import Features as FeatureSettings
from tests.components.engine import CHURN as NAMES
from tests.components.engine import Deployment, deploy, ground, permissions

CHURN = loader.load("contracts/churn.yaml")


@functools.cache
def features(*, protect: bool = False, preview: bool = False, **section: Any) -> Deployment:
    def program() -> None:
        base = ground(protect=protect)
        settings = FeatureSettings.model_validate(section)
        Features("features", FeaturesArgs(ground=base, names=NAMES, settings=settings, contract=CHURN))

    return deploy(program, preview=preview)


def test_the_feature_group() -> None:
    group = features(online_ttl_days=7).one(f"features-group-{identity(CHURN)}")
    assert {k: v for k, v in group.inputs.items() if k != "featureDefinitions"} == {
        "featureGroupName": f"churn-staging-features-{identity(CHURN)}",
        "description": "Inputs of churn by customer_id",
        "recordIdentifierFeatureName": "customer_id",
        "eventTimeFeatureName": "event_time",
        "roleArn": "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-feature-store",
        "onlineStoreConfig": {
            "enableOnlineStore": True,
            "securityConfig": {"kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/keys-features"},
            "ttlDuration": {"unit": "Days", "value": 7},
        },
        "offlineStoreConfig": {
            "s3StorageConfig": {
                "s3Uri": "s3://123456789012-staging-ai-processed-data/offline-store/churn/",
                "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/keys-processed",
            }
        },
    }


@pytest.mark.parametrize("protect", [True, False])
def test_a_changed_contract_never_replaces_the_group(protect: bool) -> None:
    group = features(protect=protect).one(f"features-group-{identity(CHURN)}")
    assert group.ignore_changes == ("featureDefinitions", "description", "offlineStoreConfig.tableFormat")
    assert group.protect is protect


def test_the_role_writes_the_offline_store_and_nothing_else() -> None:
    statements = permissions(features(), "features-role")
    assert set(statements) == {"WriteOfflineStore", "HandOverObjects", "InspectBucket", "EncryptStores"}
    for sid in ("WriteOfflineStore", "HandOverObjects"):
        assert statements[sid]["Resource"] == [
            "arn:aws:s3:::123456789012-staging-ai-processed-data/offline-store/churn/*"
        ]
    assert statements["HandOverObjects"]["Action"] == ["s3:PutObjectAcl"]


def test_an_offline_store_in_iceberg_commits_to_the_groups_own_table() -> None:
    found = features(offline_format="iceberg")
    group = found.one(f"features-group-{identity(CHURN)}").inputs
    assert group["offlineStoreConfig"]["tableFormat"] == "Iceberg"
    statements = permissions(found, "features-role")
    assert statements.keys() - permissions(features(), "features-role").keys() == {"ReadMetadata", "CommitTable"}
    assert (statements["ReadMetadata"]["Action"], statements["ReadMetadata"]["Resource"]) == (
        ["s3:GetObject"],
        ["arn:aws:s3:::123456789012-staging-ai-processed-data/offline-store/churn/*/metadata/*"],
    )
    assert statements["CommitTable"]["Action"] == ["glue:GetTable", "glue:UpdateTable"]
    assert statements["CommitTable"]["Resource"] == [
        f"arn:aws:glue:eu-west-1:123456789012:{each}"
        for each in (
            "catalog",
            "database/sagemaker_featurestore",
            f"table/sagemaker_featurestore/churn_staging_features_{identity(CHURN)}_*",
        )
    ]
