from __future__ import annotations

from components.operations.dead_letters import DeadLetters, DeadLettersArgs, watch
from tests.components.engine import CHURN, deploy, ground, policy


def test_dead_letters_are_encrypted_and_kept_for_two_weeks() -> None:
    deployment = deploy(lambda: DeadLetters("letters", DeadLettersArgs(ground=ground(), names=CHURN)))
    queue = deployment.one("letters-queue").inputs
    assert queue["name"] == "churn-staging-dead-letters"
    assert queue["messageRetentionSeconds"] == 1_209_600
    assert queue["kmsMasterKeyId"] == "arn:aws:kms:eu-west-1:123456789012:key/keys-messages"
    statements = policy(deployment.one("letters-policy"))
    assert statements["UndeliveredEvents"]["Condition"] == {
        "ArnLike": {
            "aws:SourceArn": [
                "arn:aws:events:eu-west-1:123456789012:rule/churn-staging-*",
                "arn:aws:sns:eu-west-1:123456789012:churn-staging-*",
            ]
        }
    }


def test_one_letter_is_told() -> None:
    (alarm,) = watch(CHURN).alarms
    assert (alarm.name, alarm.threshold, alarm.dimensions) == (
        "churn-staging-dead-letters",
        0,
        {"QueueName": "churn-staging-dead-letters"},
    )
