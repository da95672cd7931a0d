"""KMS keys: one for each data domain, so that access to one kind of data never opens another.

Key policies leave the decision to IAM in this account and name each AWS service that encrypts on its own, with the
condition that ties it to this account's resources. Rotation is on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.naming import Names
from contracts import partitions


class Domain(StrEnum):
    """A kind of data with a key of its own."""

    RAW = "raw"
    PROCESSED = "processed"
    FEATURES = "features"
    MODELS = "models"
    LOGS = "logs"
    MESSAGES = "messages"


_DESCRIPTIONS: Mapping[Domain, str] = {
    Domain.RAW: "data as it was delivered",
    Domain.PROCESSED: "accepted data and captured traffic",
    Domain.FEATURES: "the feature store",
    Domain.MODELS: "artifacts, models, images and the volumes of jobs and endpoints",
    Domain.LOGS: "log groups",
    Domain.MESSAGES: "topics, queues and the environment of functions",
}


def key_policy(domain: Domain, names: Names) -> list[Statement]:
    """Statements of a domain's key policy. In a key policy the resource `*` means this key."""
    statements = [access.grant("AccountDecidesByIam", ["kms:*"], ["*"], {"AWS": names.root_arn})]
    if domain is Domain.LOGS:
        # Amazon CloudWatch Logs user guide, "Encrypt log data using AWS KMS": the context names the log group. Unlike
        # those below, the service is called by its host's name, which ends differently in some partitions.
        statements.append(
            access.grant(
                "LogGroupsOfThisAccount",
                ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                ["*"],
                {"Service": f"logs.{names.region}.{partitions.of(names.region).dns_suffix}"},
                conditions={
                    "ArnLike": {"kms:EncryptionContext:aws:logs:arn": names.arn("logs", "log-group:*")},
                },
            )
        )
    if domain is Domain.MESSAGES:
        # Alarms and event rules publish with their own identity (Amazon SNS developer guide, "Enable compatibility
        # between event sources from AWS services and encrypted topics"). The context names the topic or queue, which
        # holds for EventBridge too, whose calls carry no aws:SourceAccount.
        for sid, context, arn, services in (
            ("PublishersToTopics", "sns:topicArn", names.arn("sns", names.resource("*")), ("cloudwatch", "events")),
            ("DeadLettersToQueues", "sqs:arn", names.arn("sqs", names.resource("*")), ("events", "sns")),
        ):
            statements.append(
                access.grant(
                    sid,
                    ["kms:Decrypt", "kms:GenerateDataKey*"],
                    ["*"],
                    {"Service": [f"{service}.amazonaws.com" for service in services]},
                    conditions={"ArnLike": {f"kms:EncryptionContext:aws:{context}": arn}},
                )
            )
    return statements


@dataclass(frozen=True, kw_only=True)
class KeysArgs:
    """`protect` refuses deletion: without its key, data is gone."""

    names: Names
    protect: bool


class Keys(pulumi.ComponentResource):
    """One customer managed key and alias for each `Domain`.

    keys = Keys("keys", KeysArgs(names=names, protect=True))
    keys[Domain.RAW].arn
    """

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:keys:Keys", name, None, opts)
        self._keys: dict[Domain, aws.kms.Key] = {}
        for domain in Domain:
            key = aws.kms.Key(
                f"{name}-{domain}",
                description=f"{args.names.prefix}: {_DESCRIPTIONS[domain]}",
                enable_key_rotation=True,
                deletion_window_in_days=30,
                policy=access.document(key_policy(domain, args.names)),
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
            )
            aws.kms.Alias(
                f"{name}-{domain}-alias",
                name=f"alias/{args.names.resource(domain)}",
                target_key_id=key.key_id,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self._keys[domain] = key
        self.register_outputs({domain: key.arn for domain, key in self._keys.items()})

    def __getitem__(self, domain: Domain) -> aws.kms.Key:
        return self._keys[domain]
