"""KMS keys: one for each data domain, so that access to one kind of data never opens another, or one for all.

Key policies leave the decision to IAM in this account and name each AWS service that encrypts on its own, with the
condition that ties it to this account's resources. Rotation is on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.service import Service
from contracts import partitions
from contracts.names import Names
from settings.keys import Keys as KeySettings

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "kms",
        types="kms/alias kms/key",
        reads="DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags",
        reads_anywhere="ListAliases",
        changes="EnableKeyRotation PutKeyPolicy ScheduleKeyDeletion UntagResource UpdateKeyDescription",
        unnamed="key/*",
    ),
)


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


#: What only some component of a stack needs of the policies of keys.
Granted = Mapping[Domain, Sequence[Statement]]


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
            ("PublishersToTopics", "sns:topicArn", names.arn("sns", names.every), ("cloudwatch", "events")),
            ("DeadLettersToQueues", "sqs:arn", names.arn("sqs", names.every), ("events", "sns")),
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


def key_policy_of(domains: Iterable[Domain], names: Names, granted: Granted) -> list[Statement]:
    """Statements of the policy of a key that serves several domains."""
    statements = [each for domain in domains for each in (*key_policy(domain, names), *granted.get(domain, ()))]
    return list({statement.sid: statement for statement in statements}.values())


@dataclass(frozen=True, kw_only=True)
class Key:
    """The key of a domain, whoever made it."""

    arn: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class KeysArgs:
    """`protect` refuses deletion: without its key, data is gone. `granted` comes with components that are on."""

    names: Names
    settings: KeySettings
    protect: bool
    granted: Granted = field(default_factory=dict[Domain, Sequence[Statement]])


class Keys(pulumi.ComponentResource):
    """A customer managed key and alias for each `Domain`, or one for all of them.

    keys = Keys("keys", KeysArgs(names=names, settings=settings.keys, protect=True))
    keys[Domain.RAW].arn
    """

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:keys:Keys", name, None, opts)
        self._name, self._args = name, args
        if args.settings.existing:
            self._keys = dict.fromkeys(Domain, Key(arn=pulumi.Output.from_input(args.settings.existing)))
        elif args.settings.one:
            self._keys = dict.fromkeys(Domain, self._key("all", list(Domain), "everything that the stack keeps"))
        else:
            self._keys = {domain: self._key(domain, [domain], _DESCRIPTIONS[domain]) for domain in Domain}
        self.register_outputs({domain: key.arn for domain, key in self._keys.items()})

    def __getitem__(self, domain: Domain) -> Key:
        return self._keys[domain]

    @property
    def arns(self) -> list[pulumi.Output[str]]:
        """The ARNs of all keys, each once."""
        return [key.arn for key in {id(key): key for key in self._keys.values()}.values()]

    def _key(self, role: str, domains: Sequence[Domain], description: str) -> Key:
        names, protect = self._args.names, self._args.protect
        key = aws.kms.Key(
            f"{self._name}-{role}",
            description=f"{names.prefix}: {description}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=access.document(key_policy_of(domains, names, self._args.granted)),
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        aws.kms.Alias(
            f"{self._name}-{role}-alias",
            name=f"alias/{names.resource(role)}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return Key(arn=key.arn)
