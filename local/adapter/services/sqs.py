"""Amazon SQS: queues and their policies.

A queue's settings are texts in one attribute map; their ranges are those of the SetQueueAttributes reference.
"""

from __future__ import annotations

from local.adapter.conversions import as_text, between, json_text, one_of, resource_policy
from local.adapter.table import ID, Autoname, Call, ResourceType, To

SERVICE = "sqs"

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
_DEFAULTS = {
    "delaySeconds": 0,
    "messageRetentionSeconds": 345_600,
    "receiveWaitTimeSeconds": 0,
    "visibilityTimeoutSeconds": 30,
}


TYPES = (
    ResourceType(
        "aws:sqs/queue:Queue",
        id="https://sqs.{region}.{suffix}/{account}/{name}",
        arn="{name}",
        autoname=Autoname(longest=80, suffix=lambda inputs: ".fifo" if inputs.get("fifoQueue") else ""),
        fields={**_ATTRIBUTES, "fifoQueue": To("Attributes.FifoQueue", as_text)},
        defaults=_DEFAULTS,
        update=(Call("SetQueueAttributes", takes=tuple(_ATTRIBUTES), unset={**_DEFAULTS, "kmsMasterKeyId": ""}),),
        replace=("fifoQueue", "name", "namePrefix"),
        outputs={"url": ID},
    ),
    ResourceType(
        "aws:sqs/queuePolicy:QueuePolicy",
        create=(Call("SetQueueAttributes"),),
        fields={"policy": _ATTRIBUTES["policy"]},
        delete=(Call("SetQueueAttributes", given={"Attributes.Policy": ""}),),  # an empty text takes it away
    ),
)
