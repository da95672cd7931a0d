from __future__ import annotations

import dataclasses
import functools
from typing import Any

import pytest

from components.data.features import Features, FeaturesArgs, feature_definitions, identity
from contracts import loader
from contracts.schema import Column, ColumnType, Contract, Feature, Pii, Task
from settings import Features as FeatureSettings
from tests.components.engine import CHURN as NAMES
from tests.components.engine import Deployment, deploy, ground, permissions

CHURN = loader.load("contracts/churn.yaml")


def test_the_group_holds_what_a_request_may_leave_out() -> None:
    assert feature_definitions(CHURN) == {
        "customer_id": "String",
        "event_time": "String",
        "user_tenure_months": "Integral",
        "transaction_volume": "Fractional",
        "support_tickets": "Integral",
    }


def test_every_type_of_column_and_no_pii() -> None:
    contract = Contract(
        name="all",
        task=Task.BINARY_CLASSIFICATION,
        entity="id",
        event_time="at",
        label="label",
        columns=(
            Column(name="id", type=ColumnType.STRING),
            Column(name="at", type=ColumnType.TIMESTAMP),
            Column(name="label", type=ColumnType.INTEGER),
            Column(name="flag", type=ColumnType.BOOLEAN),
            Column(name="city", type=ColumnType.STRING),
            Column(name="phone", type=ColumnType.STRING, pii=Pii.HASH),
            Column(name="email", type=ColumnType.STRING, pii=Pii.DROP),
            Column(name="since", type=ColumnType.TIMESTAMP),
        ),
        features=(Feature(name="f", expression="flag"),),
    )
    assert feature_definitions(contract) == {
        "id": "String",
        "at": "String",
        "flag": "Integral",
        "city": "String",
        "since": "String",
    }


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
    assert group.ignore_changes == ("featureDefinitions", "description")
    assert group.protect is protect


def test_another_entity_or_event_time_is_another_group_and_another_column_is_not() -> None:
    columns = (*CHURN.columns, Column(name="segment", type=ColumnType.STRING, nullable=True))
    assert identity(dataclasses.replace(CHURN, columns=columns, description="Others.")) == identity(CHURN)
    others = (
        dataclasses.replace(CHURN, columns=columns, entity="segment"),
        dataclasses.replace(
            CHURN,
            columns=tuple(
                dataclasses.replace(c, type=ColumnType.INTEGER) if c.name == CHURN.entity else c for c in CHURN.columns
            ),
        ),
    )
    assert len({identity(contract) for contract in (CHURN, *others)}) == 3


def test_the_role_writes_the_offline_store_and_nothing_else() -> None:
    statements = permissions(features(), "features-role")
    assert set(statements) == {"WriteOfflineStore", "HandOverObjects", "InspectBucket", "EncryptStores"}
    for sid in ("WriteOfflineStore", "HandOverObjects"):
        assert statements[sid]["Resource"] == [
            "arn:aws:s3:::123456789012-staging-ai-processed-data/offline-store/churn/*"
        ]
    assert statements["HandOverObjects"]["Action"] == ["s3:PutObjectAcl"]
