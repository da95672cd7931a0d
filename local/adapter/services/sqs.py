"""Amazon SQS: queues and their policies.

A queue's settings are texts in one attribute map; their ranges are those of the SetQueueAttributes reference.
"""

from __future__ import annotations

from local.adapter.conversions import as_text, between, json_text, one_of, resource_policy
from local.adapter.table import ID, Autoname, Call, ResourceType, Tagging, To, arn, response, value

_ATTRIBUTES = {
    "contentBasedDeduplication": To("Attributes.ContentBasedDeduplication", as_text),
    "deduplicationScope": To("Attributes.DeduplicationScope", one_of("messageGroup", "queue")),
    "delaySeconds": To("Attributes.DelaySeconds", between(0, 900)),
    "fifoThroughputLimit": To("Attributes.FifoThroughputLimit", one_of("perQueue", "perMessageGroupId")),
    "kmsDataKeyReusePeriodSeconds": To("Attributes.KmsDataKeyReusePeriodSeconds", between(60, 86_400)),
    "kmsMasterKeyId": To("Attributes.KmsMasterKeyId"),
    "maxMessageSize": To("Attributes.MaximumMessageSize", between(1_024, 1_048_576)),
    "messageRetentionSeconds": To("Attributes.MessageRetentionPeriod", between(60, 1_209_600)),
    "policy": To("Attributes.Policy", resource_policy),
    "receiveWaitTimeSeconds": To("Attributes.ReceiveMessageWaitTimeSeconds", between(0, 20)),
    "redriveAllowPolicy": To("Attributes.RedriveAllowPolicy", json_text),
    "redrivePolicy": To("Attributes.RedrivePolicy", json_text),
    "sqsManagedSseEnabled": To("Attributes.SqsManagedSseEnabled", as_text),
    "visibilityTimeoutSeconds": To("Attributes.VisibilityTimeout", between(0, 43_200)),
}
#: What an attribute goes back to when the program does not give it any more.
_INITIAL = {
    "delaySeconds": 0,
    "kmsMasterKeyId": "",
    "messageRetentionSeconds": 345_600,
    "receiveWaitTimeSeconds": 0,
    "visibilityTimeoutSeconds": 30,
}

QUEUE = ResourceType(
    type="aws:sqs/queue:Queue",
    service="sqs",
    autoname=Autoname(
        prefix_key="namePrefix", longest=80, suffix=lambda inputs: ".fifo" if inputs.get("fifoQueue") else ""
    ),
    create=(Call(operation="CreateQueue"),),
    fields={**_ATTRIBUTES, "fifoQueue": To("Attributes.FifoQueue", as_text), "name": "QueueName"},
    defaults={
        "delaySeconds": 0,
        "messageRetentionSeconds": 345_600,
        "receiveWaitTimeSeconds": 0,
        "visibilityTimeoutSeconds": 30,
    },
    provider_only=("namePrefix",),
    update=(Call(operation="SetQueueAttributes", takes=tuple(_ATTRIBUTES), given={"QueueUrl": ID}, unset=_INITIAL),),
    delete=(Call(operation="DeleteQueue", given={"QueueUrl": ID}),),
    replace=("fifoQueue", "name", "namePrefix"),
    id=response("QueueUrl"),
    outputs={"arn": arn("sqs", "{name}"), "url": ID},
    tags=Tagging(create="tags", tag="TagQueue", untag="UntagQueue", given={"QueueUrl": ID}),
)


def _attribute(token: str, key: str, destination: To) -> ResourceType:
    """A single attribute of a queue as a resource of its own; an empty text takes it away."""
    return ResourceType(
        type=token,
        service="sqs",
        create=(Call(operation="SetQueueAttributes"),),
        fields={key: destination},
        update=(Call(operation="SetQueueAttributes"),),
        delete=(Call(operation="SetQueueAttributes", given={"QueueUrl": value("queueUrl"), destination.member: ""}),),
        replace=("queueUrl",),
        id=value("queueUrl"),
    )


QUEUE_POLICY = _attribute("aws:sqs/queuePolicy:QueuePolicy", "policy", _ATTRIBUTES["policy"])
REDRIVE_POLICY = _attribute("aws:sqs/redrivePolicy:RedrivePolicy", "redrivePolicy", _ATTRIBUTES["redrivePolicy"])
REDRIVE_ALLOW_POLICY = _attribute(
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "redriveAllowPolicy", _ATTRIBUTES["redriveAllowPolicy"]
)

TYPES = (QUEUE, QUEUE_POLICY, REDRIVE_POLICY, REDRIVE_ALLOW_POLICY)
