from __future__ import annotations

import pytest

from components.ground.keys import Domain, Keys, KeysArgs
from tests.components.engine import NAMES, deploy, policy

ACCOUNT_STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": ["kms:*"],
    "Resource": ["*"],
}


@pytest.mark.parametrize("protect", [True, False])
def test_one_rotating_key_and_alias_for_each_domain(protect: bool) -> None:
    deployment = deploy(lambda: Keys("keys", KeysArgs(names=NAMES, protect=protect)))
    keys = deployment.all("aws:kms/key:Key")
    assert {key.name for key in keys} == {f"keys-{domain}" for domain in Domain}
    for key in keys:
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["deletionWindowInDays"] == 30
        assert key.protect is protect
    assert {a.inputs["name"]: a.inputs["targetKeyId"] for a in deployment.all("aws:kms/alias:Alias")} == {
        f"alias/churn-staging-{domain}": f"keys-{domain}" for domain in Domain
    }


def test_key_policies_let_in_the_account_and_the_services_that_encrypt() -> None:
    deployment = deploy(lambda: Keys("keys", KeysArgs(names=NAMES, protect=False)))
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
        "ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": "arn:aws:sns:eu-west-1:123456789012:churn-staging-*"}
    }
    assert messages["DeadLettersToQueues"]["Principal"] == {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
    assert messages["DeadLettersToQueues"]["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:sqs:arn": "arn:aws:sqs:eu-west-1:123456789012:churn-staging-*"}
    }
