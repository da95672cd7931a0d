"""Amazon SNS: topics, their policies and subscriptions.

Their settings are texts in an attribute map, set one by one.
"""

from __future__ import annotations

from collections.abc import Mapping

from local.adapter.conversions import as_text, default_policy, json_text, one_of, resource_policy
from local.adapter.table import Autoname, Call, Request, Requests, ResourceType, Scope, To, live, text

SERVICE = "sns"

_DELIVERIES = {"application": "Application", "firehose": "Firehose", "http": "HTTP", "lambda": "Lambda", "sqs": "SQS"}
_TOPIC_ATTRIBUTES = {
    "archivePolicy": To("Attributes.ArchivePolicy", json_text),
    "contentBasedDeduplication": To("Attributes.ContentBasedDeduplication", as_text),
    "deliveryPolicy": To("Attributes.DeliveryPolicy", json_text),
    "displayName": To("Attributes.DisplayName"),
    "fifoThroughputScope": To("Attributes.FifoThroughputScope", one_of("MessageGroup", "Topic")),
    "kmsMasterKeyId": To("Attributes.KmsMasterKeyId"),
    "policy": To("Attributes.Policy", resource_policy),
    "signatureVersion": To("Attributes.SignatureVersion", lambda version: as_text(one_of(1, 2)(version))),
    "tracingConfig": To("Attributes.TracingConfig", one_of("Active", "PassThrough")),
    **{
        f"{key}FailureFeedbackRoleArn": To(f"Attributes.{name}FailureFeedbackRoleArn")
        for key, name in _DELIVERIES.items()
    },
    **{
        f"{key}SuccessFeedbackRoleArn": To(f"Attributes.{name}SuccessFeedbackRoleArn")
        for key, name in _DELIVERIES.items()
    },
    **{
        f"{key}SuccessFeedbackSampleRate": To(f"Attributes.{name}SuccessFeedbackSampleRate", as_text)
        for key, name in _DELIVERIES.items()
    },
}


def _set_each(operation: str, resource: str, attributes: Mapping[str, To]) -> Requests:
    """One call for each attribute that has changed; an attribute that is gone is set to the empty text."""

    def build(scope: Scope) -> list[Request]:
        found: list[Request] = []
        for key, to in attributes.items():
            if key in scope.changed:
                content = scope.inputs.get(key)
                converted = "" if content is None else to.via(content) if to.via is not None else content
                name = to.member.removeprefix("Attributes.")
                parameters = {resource: scope.id, "AttributeName": name, "AttributeValue": converted}
                found.append(Request(operation, parameters))
        return found

    return Requests(takes=tuple(attributes), build=build)


def _initial_policy(scope: Scope) -> str:
    """The policy that a new topic gets."""
    return default_policy("SNS:Publish", scope.id, account=scope.account, partition=scope.partition)


_SUBSCRIPTION_ATTRIBUTES = {
    "deliveryPolicy": To("Attributes.DeliveryPolicy", json_text),
    "filterPolicy": To("Attributes.FilterPolicy", json_text),
    "filterPolicyScope": To("Attributes.FilterPolicyScope", one_of("MessageAttributes", "MessageBody")),
    "rawMessageDelivery": To("Attributes.RawMessageDelivery", as_text),
    "redrivePolicy": To("Attributes.RedrivePolicy", json_text),
    "replayPolicy": To("Attributes.ReplayPolicy", json_text),
    "subscriptionRoleArn": To("Attributes.SubscriptionRoleArn"),
}
_PROTOCOLS = ("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs")
_POLICY = {"AttributeName": "Policy"}

TYPES = (
    ResourceType(
        "aws:sns/topic:Topic",
        id="{arn}",
        arn="{name}",
        autoname=Autoname(longest=256, suffix=lambda inputs: ".fifo" if inputs.get("fifoTopic") else ""),
        fields={**_TOPIC_ATTRIBUTES, "fifoTopic": To("Attributes.FifoTopic", lambda on: "true" if on else None)},
        refused={"maximumMessageSize": "the emulator does not keep it; leave it out"},
        update=(_set_each("SetTopicAttributes", "TopicArn", _TOPIC_ATTRIBUTES),),
        replace=("fifoTopic", "name", "namePrefix"),
        outputs={"owner": text("{account}")},
    ),
    ResourceType(
        "aws:sns/topicPolicy:TopicPolicy",
        create=(Call("SetTopicAttributes", given=_POLICY),),
        fields={"arn": "TopicArn", "policy": To("AttributeValue", resource_policy)},
        # A topic always has a policy; without this resource it is the one that a new topic gets.
        delete=(Call("SetTopicAttributes", given={**_POLICY, "AttributeValue": _initial_policy}),),
        outputs={"owner": text("{account}")},
    ),
    ResourceType(
        "aws:sns/topicSubscription:TopicSubscription",
        id="{topic}:{uuid}",
        arn="{id}",
        create=(Call("Subscribe", given={"ReturnSubscriptionArn": True}),),
        fields={**_SUBSCRIPTION_ATTRIBUTES, "protocol": To("Protocol", one_of(*_PROTOCOLS)), "topic": "TopicArn"},
        provider_only=("confirmationTimeoutInMinutes", "endpointAutoConfirms"),
        update=(_set_each("SetSubscriptionAttributes", "SubscriptionArn", _SUBSCRIPTION_ATTRIBUTES),),
        delete=(Call("Unsubscribe"),),
        replace=("endpoint", "protocol", "topic"),
        read=(Call("GetSubscriptionAttributes"),),
        outputs={
            "ownerId": live("Attributes.Owner"),
            "pendingConfirmation": lambda scope: live("Attributes.PendingConfirmation")(scope) == "true",
        },
    ),
)
