from __future__ import annotations

from dataclasses import replace

import pytest

from components.ground.keys import Domain, Keys, KeysArgs, key_policy
from settings.keys import Keys as KeySettings
from tests.components.engine import NAMES, deploy, ground, policy

ACCOUNT_STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": ["kms:*"],
    "Resource": ["*"],
}


@pytest.mark.parametrize("protect", [True, False])
def test_one_rotating_key_and_alias_for_each_domain(protect: bool) -> None:
    deployment = deploy(lambda: Keys("keys", KeysArgs(names=NAMES, settings=KeySettings(), protect=protect)))
    keys = deployment.all("aws:kms/key:Key")
    assert {key.name for key in keys} == {f"keys-{domain}" for domain in Domain}
    for key in keys:
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["deletionWindowInDays"] == 30
        assert key.protect is protect
    assert {a.inputs["name"]: a.inputs["targetKeyId"] for a in deployment.all("aws:kms/alias:Alias")} == {
        f"alias/mlplatform-staging-{domain}": f"keys-{domain}" for domain in Domain
    }


def test_key_policies_let_in_the_account_and_the_services_that_encrypt() -> None:
    deployment = deploy(lambda: Keys("keys", KeysArgs(names=NAMES, settings=KeySettings(), protect=False)))
    for domain in (Domain.RAW, Domain.PROCESSED, Domain.FEATURES, Domain.MODELS):
        assert policy(deployment.one(f"keys-{domain}")) == {"AccountDecidesByIam": ACCOUNT_STATEMENT}
    logs = policy(deployment.one("keys-logs"))
    assert logs.pop("AccountDecidesByIam") == ACCOUNT_STATEMENT
    assert logs == {
        "LogGroupsOfThisAccount": {
            "Effect": "Allow",
            "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
            "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": ["*"],
            "Condition": {
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:123456789012:log-group:*"}
            },
        }
    }
    messages = policy(deployment.one("keys-messages"))
    assert messages["PublishersToTopics"]["Principal"] == {
        "Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    }
    assert messages["PublishersToTopics"]["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": "arn:aws:sns:eu-west-1:123456789012:*-staging-*"}
    }
    assert messages["DeadLettersToQueues"]["Principal"] == {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
    assert messages["DeadLettersToQueues"]["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:sqs:arn": "arn:aws:sqs:eu-west-1:123456789012:*-staging-*"}
    }


@pytest.mark.parametrize(
    ("region", "principal"),
    [
        ("cn-north-1", "logs.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "logs.eusc-de-east-1.amazonaws.eu"),
        ("us-gov-west-1", "logs.us-gov-west-1.amazonaws.com"),
    ],
)
def test_cloudwatch_logs_is_called_by_its_host_in_every_partition(region: str, principal: str) -> None:
    names = replace(NAMES, region=region)
    (logs,) = key_policy(Domain.LOGS, names)[1:]
    assert logs.principal == {"Service": principal}
    publishers = key_policy(Domain.MESSAGES, names)[1]
    assert publishers.principal == {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]}


def test_one_key_for_everything_lets_in_whom_any_domain_lets_in() -> None:
    deployment = deploy(lambda: ground(keys={"one": True}))
    (key,) = deployment.all("aws:kms/key:Key")
    assert key.name == "keys-all"
    assert set(policy(key)) == {
        "AccountDecidesByIam",
        "DeadLettersToQueues",
        "LogGroupsOfThisAccount",
        "PublishersToTopics",
    }
    assert [alias.inputs["name"] for alias in deployment.all("aws:kms/alias:Alias")] == ["alias/mlplatform-staging-all"]
    assert deployment.one("network-flow-logs").inputs["kmsKeyId"] == "arn:aws:kms:eu-west-1:123456789012:key/keys-all"


def test_an_existing_key_is_used_and_nothing_is_made() -> None:
    arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    found: list[Keys] = []
    deployment = deploy(lambda: found.append(ground(keys={"existing": arn}).keys))
    assert [each.type for each in deployment.resources if ":kms/" in each.type] == []
    assert deployment.one("network-flow-logs").inputs["kmsKeyId"] == arn
    assert len(found[0].arns) == 1
