"""May one service reach another? The policies of topics, queues, functions and keys, asked before each delivery.

On AWS a missing permission makes an alarm or a rule fall silent, which is noticed only when it matters. Here the
delivery fails and the log says which policy to change. Sources: SNS developer guide, "Example cases for access control"
and "Enable compatibility between event sources and encrypted topics"; EventBridge user guide, "Using resource-based
policies"; Lambda developer guide, "Granting function access to AWS services".
"""

from __future__ import annotations

import json

from moto.awslambda.models import LambdaFunction
from moto.kms.models import kms_backends
from moto.sns.models import Topic
from moto.sqs.models import Queue

from local.emulator.policy_statements import Request, allows

ALARMS, RULES, TOPICS = "cloudwatch.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com"


def to_topic(topic: Topic, service: str, source: str) -> str | None:
    """Why a service may not publish to a topic on behalf of `source` (an ARN); None when it may."""
    facts = _facts(source)
    if service == ALARMS:  # alarms publish as the account that owns them, which the default policy allows
        facts["aws:SourceOwner"] = facts["aws:SourceAccount"]
    request = Request(action="sns:Publish", resource=topic.arn, service=service, facts=facts)
    if not allows(topic.policy, request):
        return _refusal(f"topic {topic.arn}", request, source)
    return _to_key(topic.kms_master_key_id, topic.arn, service, {"aws:sns:topicArn": topic.arn})


def to_queue(queue: Queue, service: str, source: str) -> str | None:
    """Why a service may not send to a queue on behalf of `source`; None when it may."""
    request = Request(action="sqs:SendMessage", resource=queue.queue_arn, service=service, facts=_facts(source))
    policy = queue.policy
    if not allows(policy if isinstance(policy, str) else json.dumps(policy or {}), request):
        return _refusal(f"queue {queue.queue_arn}", request, source)
    key = getattr(queue, "kms_master_key_id", None)
    return _to_key(key, queue.queue_arn, service, {"aws:sqs:arn": queue.queue_arn})


def to_function(function: LambdaFunction, service: str, source: str) -> str | None:
    """Why a service may not invoke a function on behalf of `source`; None when it may."""
    arn = function.function_arn
    request = Request(action="lambda:InvokeFunction", resource=arn, service=service, facts=_facts(source))
    if allows(json.dumps({"Statement": function.policy.statements}), request):
        return None
    return _refusal(f"function {arn}", request, source)


def _to_key(key: str | None, resource: str, service: str, context: dict[str, str]) -> str | None:
    """Why a service may not encrypt for a resource; an AWS managed key can be used by no other service."""
    if not key:
        return None
    region, account = resource.split(":")[3:5]
    if "alias/aws/" in key:
        return (
            f"{resource} is encrypted with the AWS managed key {key}, which {service} cannot use; use a key of its own"
        )
    keys = kms_backends[account][region].keys.values()
    named = key.rpartition(":")[2].removeprefix("key/")  # an id, an alias, or the ARN of either
    found = next((k for k in keys if named == k.id or named in k.aliases), None)
    if found is None:
        return f"{resource} is encrypted with {key}, which does not exist"
    facts = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    facts["aws:SecureTransport"] = "true"
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        request = Request(action=action, resource=found.arn, service=service, facts=facts)
        if not allows(found.policy, request):
            return _refusal(f"key {found.arn}", request, resource)
    return None


def _facts(source: str) -> dict[str, str]:
    return {
        "aws:SourceArn": source,
        "aws:SourceAccount": source.split(":")[4],
        "aws:SecureTransport": "true",
    }


def _refusal(target: str, request: Request, source: str) -> str:
    return f"the policy of {target} does not allow {request.action} to {request.service} for {source}"
