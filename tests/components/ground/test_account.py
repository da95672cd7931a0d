from __future__ import annotations

import json

import pulumi
import pytest

from components.ground import account
from tests.components.engine import Declared, deploy

PROVIDER = "pulumi:providers:aws"
ROLE = {"roleArn": "arn:aws:iam::210987654321:role/deploy", "externalId": "ml"}


def provider(**config: str) -> Declared:
    values = {f"aws:{key}": value for key, value in config.items()}
    return deploy(lambda: account.provider("eu-west-1", {"Project": "ml"}), values=values).all(PROVIDER)[0]


def test_region_and_tags_are_enough() -> None:
    found = provider(region="eu-west-1").inputs
    assert found["region"] == "eu-west-1"
    assert json.loads(found["defaultTags"]) == {"tags": {"Project": "ml"}}
    assert not {"profile", "assumeRoles", "allowedAccountIds"} & set(found)


def test_the_account_that_the_stack_names_is_the_one_deployed_to() -> None:
    found = provider(profile="prod", assumeRoles=json.dumps([ROLE]), allowedAccountIds='["210987654321"]').inputs
    assert found["profile"] == "prod"
    assert json.loads(found["assumeRoles"]) == [ROLE]
    assert json.loads(found["allowedAccountIds"]) == ["210987654321"]


def test_config_that_the_provider_does_not_get_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    provider(region="eu-west-1", endpoints="[]")
    assert warnings == [
        "aws:endpoints: not used; allowed: allowedAccountIds, assumeRoles, profile, region; "
        "remove it or add it to components.ground.account"
    ]


def test_a_region_of_no_partition_stops_before_any_call() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        deploy(lambda: account.provider("europe-west-1", {}))
    assert str(caught.value) == (
        "aws:region: found 'europe-west-1'; allowed: a region of AWS, such as eu-west-1; correct its name"
    )
