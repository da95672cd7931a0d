"""Amazon SNS: topics, their policies and subscriptions.

Their settings are texts in an attribute map, set one by one.
"""

from __future__ import annotations

from collections.abc import Mapping

from local.adapter.conversions import as_text, default_policy, json_text, one_of, resource_policy
from local.adapter.table import (
    ID,
    Autoname,
    Call,
    Request,
    Requests,
    ResourceType,
    Scope,
    Tagging,
    To,
    live,
    response,
    text,
    value,
)

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
                found.append(Request(operation=operation, parameters=parameters))
        return found

    return Requests(takes=tuple(attributes), build=build)


TOPIC = ResourceType(
    type="aws:sns/topic:Topic",
    service="sns",
    autoname=Autoname(
        prefix_key="namePrefix", longest=256, suffix=lambda inputs: ".fifo" if inputs.get("fifoTopic") else ""
    ),
    create=(Call(operation="CreateTopic"),),
    fields={**_TOPIC_ATTRIBUTES, "fifoTopic": To("Attributes.FifoTopic", lambda on: "true" if on else None)},
    provider_only=("namePrefix",),
    refused={"maximumMessageSize": "the emulator does not keep it; leave it out"},
    update=(_set_each("SetTopicAttributes", "TopicArn", _TOPIC_ATTRIBUTES),),
    delete=(Call(operation="DeleteTopic", given={"TopicArn": ID}),),
    replace=("fifoTopic", "name", "namePrefix"),
    id=response("TopicArn"),
    outputs={"arn": ID, "owner": text("{account}")},
    tags=Tagging(tag="TagResource", untag="UntagResource", given={"ResourceArn": ID}),
)

TOPIC_POLICY = ResourceType(
    type="aws:sns/topicPolicy:TopicPolicy",
    service="sns",
    create=(Call(operation="SetTopicAttributes", given={"AttributeName": "Policy"}),),
    fields={"arn": "TopicArn", "policy": To("AttributeValue", resource_policy)},
    update=(Call(operation="SetTopicAttributes", given={"AttributeName": "Policy"}),),
    # A topic always has a policy; without this resource it is the one that a new topic gets.
    delete=(
        Call(
            operation="SetTopicAttributes",
            given={
                "TopicArn": value("arn"),
                "AttributeName": "Policy",
                "AttributeValue": lambda scope: default_policy(
                    "SNS:Publish", scope.id, account=scope.account, partition=scope.partition
                ),
            },
        ),
    ),
    replace=("arn",),
    id=value("arn"),
    outputs={"owner": text("{account}")},
)

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

TOPIC_SUBSCRIPTION = ResourceType(
    type="aws:sns/topicSubscription:TopicSubscription",
    service="sns",
    create=(Call(operation="Subscribe", given={"ReturnSubscriptionArn": True}),),
    fields={**_SUBSCRIPTION_ATTRIBUTES, "protocol": To("Protocol", one_of(*_PROTOCOLS)), "topic": "TopicArn"},
    provider_only=("confirmationTimeoutInMinutes", "endpointAutoConfirms"),
    update=(_set_each("SetSubscriptionAttributes", "SubscriptionArn", _SUBSCRIPTION_ATTRIBUTES),),
    delete=(Call(operation="Unsubscribe", given={"SubscriptionArn": ID}),),
    replace=("endpoint", "protocol", "topic"),
    id=response("SubscriptionArn"),
    read=(Call(operation="GetSubscriptionAttributes", given={"SubscriptionArn": ID}),),
    outputs={
        "arn": ID,
        "ownerId": live("Attributes.Owner"),
        "pendingConfirmation": lambda scope: live("Attributes.PendingConfirmation")(scope) == "true",
    },
)

TYPES = (TOPIC, TOPIC_POLICY, TOPIC_SUBSCRIPTION)
